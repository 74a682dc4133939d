"""The last lines of a night: whether a gain is proven, and what would help if not; where everything is; and the three
commands to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from overnight.model import Split, Standing
from overnight.show.advice import would_help
from overnight.show.paint import Cell, Tone, fit, folded
from overnight.show.report import Report
from overnight.show.signoff import accept_command
from overnight.show.silence import unheard
from overnight.show.words import plural

LABEL, WIDEST = 10, 90


@dataclass(frozen=True, slots=True)
class Place:
    """Where a night's results are, and what is to be typed there."""

    root: Path  # of the repository
    enter: Path | None  # the folder to go to first; None: the person is there
    program: str  # how `overnight` is spelt here
    report: Path | None  # None: it could not be written
    picture: Path | None


def ending(report: Report, place: Place, columns: int | None = None) -> Iterator[list[Cell]]:
    yield []
    yield from _unproven(report, min(columns or WIDEST, WIDEST) - LABEL)
    branch = report.summary.branch.removeprefix("refs/heads/")
    yield [fit("Branch", LABEL), f"{branch} in {place.root}"]
    if place.report:
        yield [fit("Report", LABEL), str(place.report)]
    if place.picture:
        yield [fit("Picture", LABEL), str(place.picture)]
    yield []
    yield [("Try next", Tone.STRONG)]
    if place.enter:
        yield [f"  cd {shlex.quote(str(place.enter))}"]
    yield from _typed([(f"{place.program} {words}", why) for words, why in _commands(report)], columns)


def _typed(commands: Sequence[tuple[str, str]], columns: int | None) -> Iterator[list[Cell]]:
    """What each does stands beside it, or, where there is no room for that, above."""
    width = max(len(command) for command, _ in commands)
    beside = columns is None or width + max(len(why) for _, why in commands) + 4 <= columns
    for command, why in commands:
        if beside:
            yield [f"  {fit(command, width)}", (f"  {why}", Tone.QUIET)]
        else:
            yield [(f"  # {why}", Tone.QUIET)]
            yield [f"  {command}"]


def _unproven(report: Report, columns: int) -> Iterator[list[Cell]]:
    """Nothing where a gain is proven, and where the night is not at its end."""
    why = _why_unproven(report) if report.summary.state == "finished" and report.summary.baseline is not None else ""
    told = f"none is proven{why}. What would help: {'; '.join(would_help(report))}."
    for number, line in enumerate(folded(told, columns) if why else ()):
        yield [(fit("" if number else "Gain", LABEL), Tone.WARN), line]


def _why_unproven(report: Report) -> str:
    summary, claim = report.summary, report.summary.claim
    if unheard(report):
        return ": nothing was proposed"
    if not report.keeps:
        return f": of {plural(summary.experiments, 'experiment')} none was kept"
    if claim is None:
        return ": the branch has not been measured against the baseline"
    if claim.low <= 0:
        runs, side = plural(claim.runs, "run"), "better" if claim.gain > 0 else "no better"
        return f": on {runs} a side the branch came out {side}, which chance alone may do"
    return "" if claim.split is Split.SEALED else " beyond the one set that this task has"


def _commands(report: Report) -> Iterator[tuple[str, str]]:
    summary = report.summary
    tag = f"--tag {summary.night}"
    if summary.state != "finished":
        yield f"run {tag}", "goes on where it was left"
        yield "log", "every experiment so far"
        yield "report", "what came of it so far"
        return
    if held := report.steered.steering.held:
        yield (
            f"approve --tag {summary.night}",
            f"says whether {plural(len(held), 'keep')} that the judge likes may land",
        )
    if best := _best(report):
        yield f"show {best}", f"what #{best} changed, its runs, its log"
        yield accept_command(summary), "takes the branch, with your name to it"
    else:
        yield "log", "every experiment"
        yield "report", "this again, and the dead ends"
    yield f"run {tag} {_longer(report)}", "goes on for as long again"


def _best(report: Report) -> int | None:
    """The keep that is believed to bring most; of a judge that believes nothing the newest."""
    worths = [worth for worth in report.summary.worths if worth.standing is not Standing.REMOVED]
    if worths:
        return max(worths, key=lambda worth: worth.gain).experiment
    return report.keeps[-1].number if report.keeps and not report.summary.worths else None


def _longer(report: Report) -> str:
    stop, summary = report.program.stop, report.summary
    if stop.experiments is None and stop.seconds is not None:
        return f"--hours {2 * stop.seconds / 3600:.3g}"
    return f"--experiments {2 * max(summary.experiments, 1)}"

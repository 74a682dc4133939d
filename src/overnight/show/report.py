"""The morning report as text: what was asked, what came of it, what was tried, what it cost, and how to go on.

Drawn from the ledger and the commits. It calls nothing a gain but the claim; what keeps are believed to be worth is
said apart from it, and a keep that rests on one run is said to do so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from overnight.ledger import views
from overnight.ledger.events import Opened, Session
from overnight.ledger.ledger import Reader
from overnight.model import Call, Level
from overnight.night.verify import program_of
from overnight.program.program import Program
from overnight.program.units import box_text
from overnight.repo.repo import Repo
from overnight.show.believed import claim_cells, claim_sentence, legend, stack_cells, worth_table
from overnight.show.line import Line, line_from
from overnight.show.paint import Cell, Screen, Tone, fit, folded, printable, spread
from overnight.show.progress import counted
from overnight.show.table import table
from overnight.show.tried import Tried, tried
from overnight.show.words import change_text, counts_text, ended_text, moment, plural, score_text, span

LABEL, PARAGRAPH = 10, 90
SHOWN_REASONS, SHOWN_NAMES = 6, 8
ONE_RUN = (
    "Keeps rest on one run each, and a mere change of seed moves a score as well:",
    "some of them will be luck. Take the numbers as scores, not as proven gains.",
)
LEVELS_SQL = """
    SELECT min(json_extract(body, '$.trial.level')), min(json_extract(body, '$.trial.sealed')) FROM event
    WHERE kind = 'run_done' AND json_extract(body, '$.trial.status') = 'ok'"""
LEVELS = {
    Level.PRINTED: "nothing around a run: it could read the user's files",
    Level.CONTRACT: "behind no walls (level 1): a run had a folder of its own, and could read the user's files",
    Level.LANDLOCK: "behind walls (level 2): a run could not read what was not its own, nor write outside",
    Level.NAMESPACE: "behind walls (level 3): for a run there were no hidden files and no other runs",
}
SEALED = {
    True: "each number was made apart from the run, from what it left",
    False: "each run printed its own number, and could have printed any",
}


@dataclass(frozen=True, slots=True)
class Report:
    summary: views.Summary
    program: Program
    baseline_commit: str
    calibration: str  # what the judge said of the baseline
    began: float
    ended: float
    level: Level
    sealed: bool  # the numbers were made apart from the runs
    keeps: tuple[Line, ...]
    claims: bool  # its policy makes a claim
    runs_per_keep: int  # the fewest runs that a keep rests on
    failures: tuple[tuple[str, int], ...]
    tried: tuple[Tried, ...]
    busy_seconds: float  # of all slots


def report_of(reader: Reader, repo: Repo, held: bool) -> Report:
    summary = views.summary(reader, held)
    opened, session = reader.find("opened"), reader.last(Session.kind)
    assert opened is not None
    assert isinstance(opened.event, Opened)
    settings = session.event.settings if session and isinstance(session.event, Session) else opened.event.settings
    every = list(views.rows(reader))
    rows = [row for row in every if row.number > 0]
    keeps = [row for row in rows if row.call is Call.KEEP and row.removes is None]
    last = next(reader.query("SELECT at FROM event ORDER BY seq DESC LIMIT 1"))
    level, sealed = next(reader.query(LEVELS_SQL))
    return Report(
        summary=summary,
        program=program_of(settings),
        baseline_commit=opened.event.baseline,
        calibration=next((row.why for row in every if row.number == 0), ""),
        began=opened.at,
        ended=last[0],
        level=Level(level or Level.PRINTED),
        sealed=bool(sealed),
        keeps=tuple(line_from(reader, row) for row in keeps),
        claims=program_of(settings).policy != "greedy",
        runs_per_keep=min((row.runs for row in keeps), default=0),
        failures=tuple(_failures(rows)),
        tried=tuple(tried(repo, every)),
        busy_seconds=sum(row.seconds for row in every),
    )


def report_text(report: Report, screen: Screen) -> Iterator[str]:
    for cells in (*_head(report), *_outcome(report)):
        yield spread(cells, None, screen)
    yield from _kept(report, screen)
    yield from _not_kept(report, screen)
    yield from _most_tried(report, screen)
    yield ""
    for cells in _go_on(report):
        yield spread(cells, None, screen)


def report_json(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = views.to_json(report.summary)
    program = report.program
    asked = {"run": program.run, "edit": program.edit, "agent": program.agent, "policy": program.policy}
    return {
        **found,
        "counts": counted(report.summary),
        "asked": {**asked, "time_box_seconds": program.box.seconds, "cpu_box": program.box.cpu, "slots": program.slots},
        "baseline_commit": report.baseline_commit,
        "began": report.began,
        "ended": report.ended,
        "level": report.level,
        "sealed": report.sealed,
        "calibration": report.calibration,
        "keeps": views.to_json(report.keeps),
        "fewest_runs_per_keep": report.runs_per_keep,
        "failures": [{"why": why, "count": count} for why, count in report.failures],
        "most_tried": views.to_json(report.tried),
        "slot_seconds_used": report.busy_seconds,
        "slot_share_used": _busy_share(report),
    }


def _head(report: Report) -> Iterator[list[Cell]]:
    summary, program = report.summary, report.program
    yield [(f"Night {summary.night}", Tone.STRONG), f"  {printable(ended_text(summary.state, summary.why))}"]
    yield [(f"{moment(report.began)} to {moment(report.ended)}", Tone.QUIET)]
    yield []
    asked = f"{program.goal} {program.metric} of `{program.run}` in {box_text(program.box)} a run"
    yield [fit("Asked", LABEL), f"{asked}, by editing {', '.join(program.edit)}"]
    slots = plural(program.slots, "slot")
    yield [fit("", LABEL), f"proposed by {program.agent}, judged by the policy {program.policy}, on {slots}"]
    network = ", with the network open" if program.network else ""
    yield [fit("Measured", LABEL), LEVELS[report.level] + network]
    yield [fit("", LABEL), (SEALED[report.sealed], Tone.PLAIN if report.sealed else Tone.WARN)]


def _outcome(report: Report) -> Iterator[list[Cell]]:
    summary = report.summary
    yield [fit("Baseline", LABEL), f"{summary.metric} {score_text(summary.baseline) or 'was not measured'}"]
    for part in folded(report.calibration, PARAGRAPH):
        yield [fit("", LABEL), (part, Tone.QUIET)]
    if not report.keeps:
        yield [fit("Branch", LABEL), "nothing was kept: it stands at the baseline"]
        return
    if not summary.worths:
        change = f"({change_text(summary.best, summary.baseline)}, #{summary.best_experiment})"
        yield [fit("Branch", LABEL), f"{summary.metric} {score_text(summary.best)}  {change}"]
    name = summary.branch.removeprefix("refs/heads/")
    taken_back = f", {summary.removed} of them taken back" if summary.removed else ""
    label = "Branch" if summary.worths else ""
    yield [fit(label, LABEL), f"{name} at {summary.tip[:7]}, {plural(len(report.keeps), 'keep')}{taken_back}"]
    yield from labelled("Gain", claim_cells(summary))
    if report.claims and (why := claim_sentence(summary.claim, summary.worths)):
        yield [fit("Gain", LABEL), why]
    yield from labelled("Believed", stack_cells(summary))
    if report.runs_per_keep == 1 and not summary.worths:
        for sentence in ONE_RUN:
            yield [fit("", LABEL), (sentence, Tone.WARN)]


def labelled(label: str, rows: Iterable[list[Cell]]) -> Iterator[list[Cell]]:
    for cells in rows:
        yield [fit(label, LABEL), *cells]
        label = ""


def _kept(report: Report, screen: Screen) -> Iterator[str]:
    if report.summary.worths:
        yield from ("", screen.paint("Kept", Tone.STRONG))
        said = {keep.number: keep.hypothesis for keep in report.keeps}
        yield from worth_table(report.summary, said, screen)
        yield from (f"  {line}" for line in legend(report.summary.worths))
    elif report.keeps:
        yield from ("", screen.paint("Kept", Tone.STRONG))
        rows: list[list[Cell]] = [
            [f"#{k.number}", score_text(k.score), change_text(k.score, k.against), (printable(k.hypothesis), Tone.SAID)]
            for k in report.keeps
        ]
        yield from table(rows, screen, right=(0, 1, 2), indent=2)


def _not_kept(report: Report, screen: Screen) -> Iterator[str]:
    yield from ("", screen.paint("Tried", Tone.STRONG) + f"  {counts_text(counted(report.summary))}")
    rows: list[list[Cell]] = [
        [f"{count} x", (printable(why), Tone.BAD)] for why, count in report.failures[:SHOWN_REASONS]
    ]
    yield from table(rows, screen, right=(0,), indent=2)


def _most_tried(report: Report, screen: Screen) -> Iterator[str]:
    rows: list[list[Cell]] = [
        [printable(t.name), plural(t.times, "time"), (f"{t.kept} kept", Tone.GOOD if t.kept else Tone.QUIET)]
        for t in report.tried[:SHOWN_NAMES]
    ]
    if rows:
        yield from ("", screen.paint("Turned most", Tone.STRONG))
        yield from table(rows, screen, right=(1, 2), indent=2)


def _go_on(report: Report) -> Iterator[list[Cell]]:
    summary = report.summary
    busy = f"slots were busy {_busy_share(report):.0%} of it"
    yield [fit("Time", LABEL), f"{span(summary.elapsed)} for {plural(summary.runs, 'run')}; {busy}"]
    if summary.tokens or summary.usd:
        yield [fit("Cost", LABEL), f"{plural(summary.tokens or 0, 'token')}, ${summary.usd or 0:.2f}"]
    if report.keeps:
        name = summary.branch.removeprefix("refs/heads/")
        yield [fit("Look", LABEL), f"git log -p {report.baseline_commit[:7]}..{name}"]
        yield [fit("", LABEL), f"overnight show {report.keeps[-1].number}"]
        yield [fit("Take it", LABEL), f"git merge {name}"]


def _busy_share(report: Report) -> float:
    room = report.summary.elapsed * report.program.slots
    return min(1.0, report.busy_seconds / room) if room else 0.0


def _failures(rows: Iterable[views.Row]) -> list[tuple[str, int]]:
    """By reason; what differs only after the second colon (a value, a line) is the same reason."""
    failed = (Call.CRASH, Call.TIMEOUT, Call.INVALID, Call.REFUSED)
    return Counter(": ".join(row.why.split(": ")[:2]) for row in rows if row.call in failed).most_common()

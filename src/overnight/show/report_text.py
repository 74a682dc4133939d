"""The morning report as text: what was asked, what came of it, what was tried, what it cost, and how to go on.

It calls nothing a gain but the claim; what keeps are believed to be worth is said apart from it, and a keep that rests
on one run is said to do so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from overnight.program.units import box_text
from overnight.show.believed import claim_cells, claim_sentence, legend, stack_cells, worth_table
from overnight.show.learned import status_cells
from overnight.show.paint import Cell, Screen, Tone, fit, folded, labelled, printable, spread
from overnight.show.progress import counted
from overnight.show.report import LEVELS, ONE_RUN, Report, busy_share
from overnight.show.signoff import accept_command, acceptance_cells
from overnight.show.silence import reasons, remedies
from overnight.show.spending import cost_cells
from overnight.show.steering import idea_cells, waiting_cells
from overnight.show.table import table
from overnight.show.words import change_text, counts_text, ended_text, moment, plural, score_text, span

LABEL, PARAGRAPH = 10, 90
SHOWN_REASONS, SHOWN_NAMES = 6, 8


def report_text(report: Report, screen: Screen) -> Iterator[str]:
    columns = min(PARAGRAPH, (screen.width or LABEL + PARAGRAPH) - LABEL)
    for cells in (*_head(report, columns), *_outcome(report, columns)):
        yield spread(cells, None, screen)
    yield from _kept(report, screen)
    yield from _not_kept(report, screen)
    yield from _most_tried(report, screen)
    yield from _knobs(report, screen)
    yield from _ideas(report, columns, screen)
    yield ""
    for cells in _cost(report):
        yield spread(cells, None, screen)


def taking_text(report: Report, screen: Screen) -> Iterator[str]:
    """How to look at the branch and take it; who has."""
    for cells in _take(report):
        yield spread(cells, None, screen)


def _head(report: Report, columns: int) -> Iterator[list[Cell]]:
    summary, program = report.summary, report.program
    yield [(f"Night {summary.night}", Tone.STRONG), f"  {printable(ended_text(summary.state, summary.why))}"]
    yield [(f"{moment(report.began)} to {moment(report.ended)}", Tone.QUIET)]
    yield []
    yield from labelled("For you", waiting_cells(report.steered), LABEL)
    if quiet := list(reasons(report)):
        yield from _paragraphs("Silent", quiet, columns, Tone.WARN)
        yield from _paragraphs("Try", list(remedies(report)), columns)
    asked = f"{program.goal} {program.metric} of `{program.run}` in {box_text(program.box)} a run"
    yield from _lines("Asked", f"{asked}, by editing {', '.join(program.edit)}", columns)
    slots = plural(program.slots, "slot")
    yield from _lines(
        "", f"proposed by {', '.join(report.proposers)}, judged by the policy {program.policy}, on {slots}", columns
    )
    network = ", with the network open" if program.network else ""
    yield from _lines("Measured", LEVELS[report.level] + network, columns)
    if report.made:
        yield from _lines("", report.made, columns, Tone.PLAIN if report.sealed else Tone.WARN)


def _outcome(report: Report, columns: int) -> Iterator[list[Cell]]:
    summary = report.summary
    yield [fit("Baseline", LABEL), f"{summary.metric} {score_text(summary.baseline) or 'was not measured'}"]
    yield from _lines("", report.calibration, columns, Tone.QUIET)
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
    yield from labelled("Gain", claim_cells(summary), LABEL)
    if report.claims and (why := claim_sentence(summary.claim, summary.worths)):
        yield [fit("Claim", LABEL), why]
    yield from labelled("Believed", stack_cells(summary), LABEL)
    if report.runs_per_keep == 1 and not summary.worths:
        yield from _lines("", ONE_RUN, columns, Tone.WARN)


def _lines(label: str, text: str, columns: int, tone: Tone = Tone.PLAIN) -> Iterator[list[Cell]]:
    return labelled(label, ([(line, tone)] for line in folded(text, columns)), LABEL)


def _paragraphs(label: str, texts: Sequence[str], columns: int, tone: Tone = Tone.PLAIN) -> Iterator[list[Cell]]:
    lines = [line for text in texts for line in folded(printable(text), columns)]
    return labelled(label, ([(line, tone)] for line in lines), LABEL)


def _kept(report: Report, screen: Screen) -> Iterator[str]:
    if report.summary.worths:
        yield from ("", screen.paint("Kept", Tone.STRONG))
        said = {keep.number: keep.line.hypothesis for keep in report.keeps}
        yield from worth_table(report.summary, said, screen)
        yield from (f"  {line}" for line in legend(report.summary.worths))
    elif report.keeps:
        yield from ("", screen.paint("Kept", Tone.STRONG))
        rows: list[list[Cell]] = [
            [f"#{k.number}", score_text(k.score), change_text(k.score, k.against), (printable(k.hypothesis), Tone.SAID)]
            for k in (keep.line for keep in report.keeps)
        ]
        yield from table(rows, screen, right=(0, 1, 2), indent=2)


def _not_kept(report: Report, screen: Screen) -> Iterator[str]:
    yield from ("", screen.paint("Tried", Tone.STRONG) + f"  {counts_text(counted(report.summary))}")
    rows: list[list[Cell]] = [
        [f"{each.count} x", (printable(each.why), Tone.BAD)] for each in report.failures[:SHOWN_REASONS]
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


def _ideas(report: Report, columns: int, screen: Screen) -> Iterator[str]:
    if report.steered.steering.wishes:
        yield from ("", screen.paint("Ideas from people", Tone.STRONG))
        yield from (spread(cells, None, screen) for cells in idea_cells(report.steered, columns))


def _knobs(report: Report, screen: Screen) -> Iterator[str]:
    """What they did is a section of the files; here as in the status."""
    found = report.learned
    lines = list(labelled("Knobs", status_cells(found, report.summary.baseline), LABEL)) if found else []
    yield from ("", *(spread(cells, None, screen) for cells in lines)) if lines else ()


def _cost(report: Report) -> Iterator[list[Cell]]:
    summary = report.summary
    busy = f"slots were busy {busy_share(report):.0%} of it"
    yield [fit("Time", LABEL), f"{span(summary.elapsed)} for {plural(summary.runs, 'run')}; {busy}"]
    yield from labelled("Cost", cost_cells(summary), LABEL)


def _take(report: Report) -> Iterator[list[Cell]]:
    summary = report.summary
    if report.keeps:
        name = summary.branch.removeprefix("refs/heads/")
        yield [fit("Look", LABEL), f"git log -p {report.baseline_commit[:7]}..{name}"]
        yield [fit("", LABEL), f"overnight show {report.keeps[-1].number}"]
        yield [fit("Take it", LABEL), f"overnight {accept_command(summary, summary.night)}   or: git merge {name}"]
    yield from labelled("Accepted", acceptance_cells(summary), LABEL)

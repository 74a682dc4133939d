"""A night at a glance, from its ledger: also while it runs, in another terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overnight.clock import Now
from overnight.errors import LedgerError
from overnight.ledger import views
from overnight.ledger.events import Session
from overnight.ledger.idling import Idled
from overnight.ledger.ledger import Reader
from overnight.ledger.lock import Holder, holder
from overnight.model import Goal
from overnight.night.stop import Gauge, Progress
from overnight.program.program import Box
from overnight.program.units import box_text
from overnight.propose.lessons import Learned
from overnight.repo.repo import Repo
from overnight.show.believed import claim_cells, stack_cells
from overnight.show.learned import AT_A_GLANCE, learned_json, lessons, status_cells
from overnight.show.line import Line, line_from, shown
from overnight.show.paint import Cell, Screen, Tone, bar, fit, labelled, printable, spread
from overnight.show.progress import BAR, LABEL, Hours, best_row, branch_row, counted, rule_rows, rules
from overnight.show.signoff import acceptance_cells
from overnight.show.spending import cost_cells, cost_json
from overnight.show.steering import Steered, program_now, steered, steered_json, steered_rows
from overnight.show.words import counts_text, ended_text, plural, span

LAST = 5


@dataclass(frozen=True, slots=True)
class Status:
    summary: views.Summary
    held_by: Holder | None
    stop_rules: tuple[Gauge, ...]
    last: tuple[Line, ...]
    hypotheses: tuple[str, ...]  # of what is in flight
    box: Box
    now: float
    steered: Steered
    learned: Learned | None = None  # of the knobs
    idled: Idled | None = None  # the newest turn that came to nothing


def status_of(folder: Path, reader: Reader, now: Now, repo: Repo | None = None) -> Status:
    """With the repository, also what was learnt of the knobs."""
    held_by = holder(folder)
    summary = views.summary(reader, held_by is not None)
    session, program = reader.last(Session.kind), program_now(reader)
    if session is None:
        raise LedgerError(f"{reader.path}: the night was killed before it began; give the same command again")
    progress = Progress(summary.experiments, summary.elapsed, summary.spent, summary.since_keep, summary.best)
    idled = reader.last(Idled.kind)
    hours = Hours(Now(session.at, 0.0, now.offset_seconds), now.utc)
    flying = (views.row(reader, flight.run.experiment) for flight in summary.in_flight)
    return Status(
        summary=summary,
        held_by=held_by,
        stop_rules=tuple(rules(program.stop, Goal(summary.goal), progress, hours)),
        last=tuple(line_from(reader, row) for row in views.rows(reader, last=LAST)),
        hypotheses=tuple(row.hypothesis if row else "" for row in flying),
        box=program.box,
        now=now.utc,
        steered=steered(reader),
        idled=idled.event if idled and isinstance(idled.event, Idled) else None,
        learned=lessons(reader, repo, program, summary, AT_A_GLANCE) if repo else None,
    )


def status_text(status: Status, screen: Screen) -> Iterator[str]:
    for row in _rows(status):
        yield spread(row, screen.width, screen)
    yield ""
    for line in status.last:
        yield shown(line, screen)


def status_json(status: Status) -> dict[str, Any]:
    found = views.to_json(replace(status, learned=None))
    summary, _, _ = found.pop("summary"), found.pop("steered"), found.pop("learned")
    told = {"cost": cost_json(status.summary), "knobs": learned_json(status.learned), **steered_json(status.steered)}
    return {**summary, "counts": counted(status.summary), **found, **told}


def _rows(status: Status) -> Iterator[list[Cell]]:
    summary = status.summary
    tone = {"running": Tone.GOOD, "interrupted": Tone.WARN}.get(summary.state, Tone.PLAIN)
    words = printable(ended_text(summary.state, summary.why))
    yield [
        (fit(summary.night, LABEL), Tone.STRONG),
        "  ",
        (words, tone),
        f", {status.held_by}" if status.held_by else "",
    ]
    if summary.worths:
        yield branch_row(summary.metric, summary.tip_score, summary.baseline)
    else:
        yield best_row(summary.metric, summary.best, summary.best_experiment, summary.baseline)
    yield from labelled("stack", stack_cells(summary), LABEL + 2)
    yield from labelled("gain", claim_cells(summary), LABEL + 2)
    yield from labelled("taken", acceptance_cells(summary), LABEL + 2)
    done = f"{counts_text(counted(summary))} · {plural(summary.runs, 'run')} in {span(summary.elapsed)}"
    yield [fit("done", LABEL), f"  {done}"]
    yield from labelled("cost", cost_cells(summary), LABEL + 2)
    yield from labelled("silent", _silent_cells(status), LABEL + 2)
    yield from labelled("knobs", status_cells(status.learned, summary.baseline), LABEL + 2)
    yield from steered_rows(status.steered, LABEL)
    yield from _flights(status)
    yield from rule_rows(status.stop_rules)
    for note in summary.notes:
        yield [(f"{fit('note', LABEL)}  {printable(note)}", Tone.WARN)]


def _silent_cells(status: Status) -> Iterator[list[Cell]]:
    """Where most turns come to nothing, what the last one came to."""
    spent, last = status.summary.spent, status.idled
    if last is not None and last.trouble and spent.idle > spent.proposals:
        yield [(f"{spent.idle} of {plural(spent.turns, 'turn')} came to nothing; {printable(last.origin)}:", Tone.WARN)]
        yield [(printable(last.why), Tone.WARN)]


def _flights(status: Status) -> Iterator[list[Cell]]:
    for flight, hypothesis in zip(status.summary.in_flight, status.hypotheses, strict=True):
        ran = max(0.0, status.now - flight.started_at)
        took = f"  {span(ran)} of {box_text(status.box)}  "
        share = bar(ran / flight.run.box_seconds, BAR)
        label = fit(f"#{flight.run.experiment}", LABEL)
        yield [label, "  ", *share, took, (printable(hypothesis), Tone.SAID)]

"""What a night has to teach beside its keeps: what did not last, what came close, what did harm, and what failed.

Each list is short and the same whenever it is made from the same ledger. Comparisons are with the reference that the
judge used, in the direction of the metric.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from overnight.ledger.views import Row
from overnight.model import Call, Goal, Purpose
from overnight.show.line import Line
from overnight.show.ran import Ran

SHOWN = 5
EXCEPTION = re.compile(r"[\w.]*(Error|Exception|Interrupt|Exit|Warning)")
FAILED = (Call.CRASH, Call.TIMEOUT, Call.INVALID, Call.REFUSED)


@dataclass(frozen=True, slots=True)
class Record:
    """An experiment as the report has it."""

    row: Row
    line: Line
    first: float | None = None  # score of its first run

    @property
    def number(self) -> int:
        return self.row.number


@dataclass(frozen=True, slots=True)
class Failure:
    """A cause, how often it ended an experiment, and the newest that it ended."""

    why: str
    count: int
    last_experiment: int
    last_line: str  # what was seen of that one


def first_scores(runs: Iterable[Ran]) -> Mapping[int, float]:
    return {run.experiment: run.score for run in runs if run.purpose is Purpose.SCREEN and run.score is not None}


def ahead(score: float | None, against: float | None, goal: Goal) -> float:
    """By how much it is better, in units of the metric."""
    if score is None or against is None:
        return 0.0
    return against - score if goal is Goal.MINIMIZE else score - against


def fell(records: Iterable[Record], goal: Goal, sigma: float) -> tuple[Record, ...]:
    """Its first run was better by more than the noise, it was run again and not kept. The farthest fall first."""
    found = [
        record
        for record in _discarded(records)
        if sigma and record.line.runs > 1 and ahead(record.first, record.line.against, goal) > sigma
    ]
    return _ordered(found, lambda record: -ahead(record.first, record.line.score, goal))


def near(records: Iterable[Record], goal: Goal, besides: Sequence[Record]) -> tuple[Record, ...]:
    """Better than its reference as it was measured, and not kept. The least doubt first."""
    taken = {record.number for record in besides}
    found = [
        record
        for record in _discarded(records)
        if record.number not in taken and ahead(record.line.score, record.line.against, goal) > 0
    ]
    certain = _ordered(found, lambda record: -ahead(record.line.score, record.line.against, goal))
    return _ordered(certain, lambda record: 1.0 if record.line.doubt is None else record.line.doubt)[:SHOWN]


def worst(records: Iterable[Record], goal: Goal, sigma: float) -> tuple[Record, ...]:
    """Did harm by more than the noise. The most harm first."""
    harm = [r for r in _discarded(records) if ahead(r.line.score, r.line.against, goal) < -2 * sigma]
    return _ordered(harm, lambda record: ahead(record.line.score, record.line.against, goal))[:SHOWN]


def taken_back(records: Sequence[Record]) -> tuple[tuple[Record, Record], ...]:
    """(the keep, the experiment that took it back)."""
    known = {record.number: record for record in records}
    return tuple(
        (known[record.row.removes], record)
        for record in records
        if record.row.removes is not None and record.row.call is Call.KEEP
    )


def failures(records: Sequence[Record]) -> tuple[Failure, ...]:
    """By cause: up to the name of an exception; else, what differs only after the second colon is the same cause."""
    failed = {_cause(r.row.why): r for r in records if r.row.call in FAILED}
    counts = Counter(_cause(r.row.why) for r in records if r.row.call in FAILED)
    return tuple(Failure(why, count, failed[why].number, failed[why].row.why) for why, count in counts.most_common())


def _discarded(records: Iterable[Record]) -> list[Record]:
    return [r for r in records if r.row.call is Call.DISCARD and r.row.removes is None]


def _ordered(records: Iterable[Record], key: Callable[[Record], float]) -> tuple[Record, ...]:
    return tuple(sorted(records, key=key))


def _cause(why: str) -> str:
    parts = why.split(": ")
    named = next((place for place, part in enumerate(parts, 1) if EXCEPTION.fullmatch(part)), 2)
    return ": ".join(parts[:named])

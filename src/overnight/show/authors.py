"""Who proposed, and what came of it: what was tried and kept of each, what that is believed to be worth, what it cost,
and how the turns ended that brought no change.

A row for each origin, which is how the record names a proposer: those of one name share it. The judge's removals are
nobody's. What the keeps of one author bring together is the sum of what is believed of each, and its interval takes
their errors as independent.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from overnight.ledger.ledger import Reader
from overnight.ledger.spending import Spending
from overnight.ledger.views import Row, Summary, to_json
from overnight.model import Call, Purpose, Standing, Worth
from overnight.show.ran import Ran

IDLE = "SELECT origin, at, until, trouble, why FROM turn WHERE NOT proposed ORDER BY seq"
OWN = (Purpose.SCREEN, Purpose.REPEAT)  # runs of a change; the others are the judge's


@dataclass(frozen=True, slots=True)
class Idle:
    """Turns of one author that ended in the same way."""

    trouble: str  # in one word; "": it had nothing to say
    times: int
    why: str  # the newest


@dataclass(frozen=True, slots=True)
class Author:
    name: str
    spent: Spending
    experiments: int = 0  # proposals
    ran: int = 0  # of them, in one run at least
    kept: int = 0
    standing: int = 0  # of what was kept
    proven: int = 0
    gain: float | None = None  # that is believed of what stands, in units of the metric. None: the judge says nothing
    low: float | None = None
    high: float | None = None
    runs: int = 0
    run_seconds: float = 0.0
    idle: tuple[Idle, ...] = field(default=())  # the commonest first
    waited_seconds: float = 0.0  # that it wanted to be left alone

    @property
    def usd(self) -> float | None:
        return None if self.spent.unpriced else self.spent.usd

    @property
    def tokens(self) -> int | None:
        return None if self.spent.uncounted else self.spent.tokens

    def brought(self) -> Mapping[str, float]:
        """Believed gain for what it cost, by the unit of what is known and was spent."""
        millions = self.tokens / 1e6 if self.tokens is not None else None
        spent = {"dollar": self.usd, "million tokens": millions, "hour of runs": self.run_seconds / 3600}
        return {unit: self.gain / amount for unit, amount in spent.items() if amount and self.gain}


def authors(reader: Reader, summary: Summary, rows: Iterable[Row], runs: Sequence[Ran], ended: float) -> list[Author]:
    """Who proposed most comes first."""
    by: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.number > 0 and row.removes is None:
            by[row.origin].append(row)
    idle, waited = _idle(reader, ended)
    found = [
        replace(
            _tried(Author(spent.origin, spent), by[spent.origin], summary.worths, runs),
            idle=tuple(idle[spent.origin]),
            waited_seconds=waited[spent.origin],
        )
        for spent in summary.spendings
    ]
    return sorted(found, key=lambda author: -author.experiments)


def author_json(author: Author) -> dict[str, Any]:
    """An amount of which a part is unknown is null."""
    per = {f"gain_per_{unit.replace(' ', '_')}": gain for unit, gain in author.brought().items()}
    return {**to_json(author), "usd": author.usd, "tokens": author.tokens, **per}


def _tried(author: Author, rows: Sequence[Row], worths: Sequence[Worth], runs: Sequence[Ran]) -> Author:
    numbers = {row.number for row in rows}
    own = [run.seconds for run in runs if run.experiment in numbers and run.purpose in OWN]
    stands = [w for w in worths if w.experiment in numbers and w.standing is not Standing.REMOVED]
    bounds = [(w.high - w.low) / 2 for w in stands if w.low is not None and w.high is not None]
    gain, half = sum(worth.gain for worth in stands), math.hypot(*bounds)
    bounded = bool(stands) and len(bounds) == len(stands)
    return replace(
        author,
        experiments=len(rows),
        ran=sum(row.runs > 0 for row in rows),
        kept=sum(row.call is Call.KEEP for row in rows),
        standing=len(stands),
        proven=sum(worth.standing in (Standing.PROVEN, Standing.REPEATABLE) for worth in stands),
        gain=gain if worths else None,
        low=gain - half if bounded else None,
        high=gain + half if bounded else None,
        runs=len(own),
        run_seconds=sum(own),
    )


def _idle(reader: Reader, ended: float) -> tuple[Mapping[str, list[Idle]], Mapping[str, float]]:
    """Of each author how its turns without a change ended, and how long it wanted to be left alone."""
    found: dict[str, dict[str, Idle]] = defaultdict(dict)
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for origin, at, until, trouble, why in reader.query(IDLE):
        before = found[origin].get(trouble, Idle(trouble, 0, ""))
        found[origin][trouble] = Idle(trouble, before.times + 1, why)
        spans[origin].append((at, min(until, ended)))
    ordered = {origin: sorted(each.values(), key=lambda idle: -idle.times) for origin, each in found.items()}
    waited = {origin: sum(_lengths(each)) for origin, each in spans.items()}
    return defaultdict(list, ordered), defaultdict(float, waited)


def _lengths(spans: Iterable[tuple[float, float]]) -> Iterator[float]:
    """Of what they cover, in their order: several who share a name may wait at the same time."""
    reached = -math.inf
    for start, end in spans:
        if end > max(start, reached):
            yield end - max(start, reached)
            reached = end

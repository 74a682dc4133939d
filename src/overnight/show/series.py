"""The numbers behind the pictures of a night, as its ledger has them: what was tried, what was kept, what that claimed
while the night ran, and what is believed of it now.

Scores are the metric's own, on the visible split, as verdicts state them. What was never run has no mark here: what was
turned away, duplicates, and the judge's own removals; neither has what was dropped without a score, as a change that
cannot be put on top of a newer keep. Not covered: what a picture of them looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from overnight.ledger import views
from overnight.ledger.ledger import Reader
from overnight.model import Call, Claim, Goal, Standing
from overnight.show.ran import noise_of, runs_of

Step: TypeAlias = tuple[int, float]
"""From this experiment on, this score."""

RESTS_ON = "SELECT experiment, json_extract(body, '$.verdict.runs') FROM event WHERE kind = 'judged'"


@dataclass(frozen=True, slots=True)
class Mark:
    """One experiment. Number 0 is the untouched baseline."""

    number: int
    call: Call
    score: float | None  # the mean of its runs; None: it crashed, or was cut short
    runs: int  # that the score is the mean of
    said: str  # its hypothesis
    standing: Standing | None = None  # what may be said of it now, where it is a keep of which the judge says something

    @property
    def kept(self) -> bool:
        return self.call is Call.KEEP and self.score is not None


@dataclass(frozen=True, slots=True)
class Series:
    night: str
    metric: str
    goal: Goal
    experiments: int
    marks: tuple[Mark, ...]  # in order
    claimed: tuple[Step, ...]  # the running best: what the branch seemed to reach while the night ran
    confirmed: tuple[Step, ...]  # the baseline and what is believed of each keep; empty where nothing is
    noise: float | None  # standard deviation of one run; None: nothing was run twice
    claim: Claim | None  # of the branch as it stands

    @property
    def baseline(self) -> float | None:
        return self.claimed[0][1] if self.claimed else None

    @property
    def keeps(self) -> tuple[Mark, ...]:
        return tuple(mark for mark in self.marks if mark.kept and mark.number > 0)

    @property
    def proven(self) -> bool:
        return self.claim is not None and self.claim.low > 0

    def toward(self, gain: float) -> float:
        """A gain as the metric moves."""
        return -gain if self.goal is Goal.MINIMIZE else gain


def series_of(reader: Reader) -> Series:
    found = views.summary(reader, held=False)
    goal = Goal(found.goal)
    standings = {worth.experiment: worth.standing for worth in found.worths}
    marks = tuple(_marks(views.rows(reader), dict(reader.query(RESTS_ON)), standings))
    claimed = tuple(_running_best(marks, goal))
    gains = {worth.experiment: worth.gain for worth in found.worths if worth.standing is not Standing.REMOVED}
    noise = noise_of(list(runs_of(reader, found.metric)))
    sign = -1.0 if goal is Goal.MINIMIZE else 1.0
    return Series(
        night=found.night,
        metric=found.metric,
        goal=goal,
        experiments=found.experiments,
        marks=marks,
        claimed=claimed,
        confirmed=tuple(_added(claimed[0], {n: sign * gain for n, gain in gains.items()})) if gains and claimed else (),
        noise=noise.sigma if noise.df else None,
        claim=found.claim if found.claimed == found.tip else None,
    )


def _marks(rows: Iterable[views.Row], runs: dict[int, int], standings: dict[int, Standing]) -> Iterator[Mark]:
    for row in rows:
        number = row.number
        dropped = row.call is Call.DISCARD and row.score is None
        if row.call is not None and row.runs and row.removes is None and not dropped:
            yield Mark(number, row.call, row.score, runs[number], row.hypothesis, standings.get(number))


def _running_best(marks: Sequence[Mark], goal: Goal) -> Iterator[Step]:
    best: float | None = None
    for mark in marks:
        if mark.kept and mark.score is not None and (best is None or goal.better(mark.score, best)):
            best = mark.score
            yield mark.number, best


def _added(first: Step, changes: dict[int, float]) -> Iterator[Step]:
    yield first
    level = first[1]
    for number, change in sorted(changes.items()):
        level += change
        yield number, level

"""What others do, each as a small policy. For comparison only: nothing here ships, and no ledger is replayed with it,
so a rule keeps its numbers in place.

The published rules are written from their documentation, as a careful user would follow it:

- labloop 1.0 (github.com/plicara/labloop, README "Check your metric holds still"): the untouched program is run six
  times for `labloop noise`; `--min-delta` is the spread that it shows and advises, with `--confirm`: a change must win
  twice, and the number to beat becomes the weaker of the two.
- pi-autoresearch (github.com/davebcn87/pi-autoresearch, README "Confidence scoring" and the skill's loop rules): what
  is better is kept; below a confidence of one (best improvement over the median absolute deviation of all results)
  the agent is advised to run again before it keeps. That it always takes this advice is our assumption.
- autojudge 1.0.1 (pypi.org/project/autojudge and its `compute_verdict`): noise is the standard deviation of the steps
  between the last five keeps; better by half of it is kept; by less, the change is run again, and kept when the second
  run is better by half. With fewer than three keeps a tenth of a percent takes the place of half the noise.

Ladder is Blum and Hardt's (arXiv:1502.04585), with the noise measured at the start as its step.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from overnight.judge.policy import Outlook, Removal, Want
from overnight.ledger.events import Admitted, Event, Judged, Proposed, Rebased, RunDone
from overnight.model import Call, Phase, Purpose, Verdict
from overnight.program.program import Program


class Rule(Protocol):
    """Decides on one change at a time from its scores; higher is better."""

    baseline_runs: int
    best: float  # the number to beat

    def begin(self, scores: Sequence[float]) -> None:
        """Takes in the scores of the untouched baseline."""

    def weigh(self, scores: Sequence[float]) -> bool | None:
        """True: keep, and `best` is raised. None: run it once more."""


@dataclass(slots=True)
class BestPlus:
    """Better than the best by k standard deviations of four runs of the baseline."""

    k: float
    baseline_runs: int = 4
    best: float = 0.0
    margin: float = 0.0

    def begin(self, scores: Sequence[float]) -> None:
        self.best, self.margin = statistics.mean(scores), self.k * statistics.stdev(scores)

    def weigh(self, scores: Sequence[float]) -> bool | None:
        if scores[0] <= self.best + self.margin:
            return False
        self.best = scores[0]
        return True


@dataclass(slots=True)
class MeanOf:
    """The mean of so many runs, against the mean of as many."""

    runs: int
    baseline_runs: int = 3
    best: float = 0.0

    def begin(self, scores: Sequence[float]) -> None:
        self.best = statistics.mean(scores)

    def weigh(self, scores: Sequence[float]) -> bool | None:
        if len(scores) < self.runs:
            return None
        if statistics.mean(scores) <= self.best:
            return False
        self.best = statistics.mean(scores)
        return True


@dataclass(slots=True)
class Ladder:
    baseline_runs: int = 4
    best: float = 0.0
    step: float = 0.0

    def begin(self, scores: Sequence[float]) -> None:
        self.step = statistics.stdev(scores)
        self.best = self._rounded(statistics.mean(scores))

    def weigh(self, scores: Sequence[float]) -> bool | None:
        if scores[0] <= self.best + self.step:
            return False
        self.best = self._rounded(scores[0])
        return True

    def _rounded(self, score: float) -> float:
        return round(score / self.step) * self.step


@dataclass(slots=True)
class Labloop:
    baseline_runs: int = 7
    best: float = 0.0
    min_delta: float = 0.0

    def begin(self, scores: Sequence[float]) -> None:
        *noise, self.best = scores
        self.min_delta = max(noise) - min(noise)

    def weigh(self, scores: Sequence[float]) -> bool | None:
        if scores[-1] <= self.best + self.min_delta:
            return False
        if len(scores) == 1:
            return None
        self.best = min(scores)
        return True


@dataclass(slots=True)
class PiAutoresearch:
    baseline_runs: int = 1
    best: float = 0.0
    first: float = 0.0
    results: list[float] = field(default_factory=list)

    def begin(self, scores: Sequence[float]) -> None:
        self.results = list(scores)
        self.first = self.best = scores[0]

    def weigh(self, scores: Sequence[float]) -> bool | None:
        self.results.append(scores[-1])
        if scores[-1] <= self.best:
            return False
        if len(scores) == 1 and self._confidence(scores[0]) < 1:
            return None
        self.best = scores[-1]
        return True

    def _confidence(self, best: float) -> float:
        if len(self.results) < 3:
            return 1.0  # none is shown yet
        middle = statistics.median(self.results)
        spread = statistics.median(abs(score - middle) for score in self.results)
        return abs(best - self.first) / spread if spread else 1.0


@dataclass(slots=True)
class Autojudge:
    baseline_runs: int = 1
    best: float = 0.0
    kept: list[float] = field(default_factory=list)

    def begin(self, scores: Sequence[float]) -> None:
        self.best = scores[0]
        self.kept = list(scores)

    def weigh(self, scores: Sequence[float]) -> bool | None:
        better = scores[-1] - self.best
        if better < 0:
            return False
        if better < self._least():
            return None if len(scores) == 1 else False
        self.best = scores[-1]
        self.kept.append(self.best)
        return True

    def _least(self) -> float:
        if len(self.kept) < 3:
            return abs(self.best) / 1000
        recent = self.kept[-5:]
        return 0.5 * statistics.stdev(b - a for a, b in pairwise(recent))


@dataclass(slots=True)
class Scored:
    """An open experiment's scores on what it stands on now."""

    scores: list[float] = field(default_factory=list)
    ready: bool = False


@dataclass(slots=True)
class Belief:
    rule: Rule
    metric: str
    open: dict[int, Scored] = field(default_factory=dict)


@dataclass(slots=True)
class Rival:
    """Implements `Policy` around a rule, as a loop without a claim does it. The metric is to be minimized."""

    rule: type[BestPlus | MeanOf | Ladder | Labloop | PiAutoresearch | Autojudge]
    arguments: tuple[float, ...] = ()
    phases: tuple[Phase, ...] = ()

    def start(self, program: Program) -> Belief:
        return Belief(self.rule(*self.arguments), program.metric)  # type: ignore[arg-type]

    def step(self, state: Belief, event: Event) -> tuple[Belief, list[Verdict]]:
        match event:
            case Proposed():
                state.open[event.experiment] = Scored()
            case Admitted():
                state.open[event.experiment].ready = True
            case Rebased():
                state.open[event.experiment] = Scored(ready=True)
            case Judged():
                state.open.pop(event.experiment, None)
            case RunDone() if event.experiment in state.open:
                scored = state.open[event.experiment]
                scored.scores.append(-event.trial.scores[state.metric].value)
                return state, _verdicts(state.rule, event.experiment, scored.scores)
        return state, []

    def wants(self, state: Belief, free: int) -> list[Want | Removal]:  # noqa: ARG002 - a rule has one candidate in mind
        return [_want(number, len(each.scores)) for number, each in state.open.items() if each.ready]

    def outlook(self, state: Belief, total: int | None) -> Outlook:  # noqa: ARG002 - nothing is said of the night
        return Outlook()


def _want(number: int, index: int) -> Want:
    if number == 0:
        return Want(0, Purpose.BASELINE, index)
    return Want(number, Purpose.REPEAT, index - 1) if index else Want(number, Purpose.SCREEN)


def _verdicts(rule: Rule, number: int, scores: Sequence[float]) -> list[Verdict]:
    if number == 0:
        if len(scores) < rule.baseline_runs:
            return []
        rule.begin(scores)
        return [Verdict(0, Call.KEEP, "the baseline", -rule.best)]
    kept = rule.weigh(scores)
    if kept is None:
        return []
    return [Verdict(number, Call.KEEP if kept else Call.DISCARD, "", -rule.best if kept else None)]


RIVALS: Mapping[str, Rival] = {
    "best + 1σ": Rival(BestPlus, (1.0,)),
    "best + 2σ": Rival(BestPlus, (2.0,)),
    "mean of 3": Rival(MeanOf, (3,)),
    "Ladder": Rival(Ladder),
    "labloop": Rival(Labloop),
    "pi-autoresearch": Rival(PiAutoresearch),
    "autojudge": Rival(Autojudge),
}

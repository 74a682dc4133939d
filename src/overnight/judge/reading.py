"""From a trial to two numbers, visible and hidden, larger is better.

Where the task has no hidden set but scores come with folds, the even folds are the visible set and the odd ones the
hidden. Where it has neither, both numbers are the same, and nothing that is kept can be called proven.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from overnight.model import Score, Trial


class Sets(StrEnum):
    ONE = "one"
    TWO = "two"
    FOLDS = "folds"


class Reading(NamedTuple):
    visible: float
    hidden: float


@dataclass(frozen=True, slots=True)
class Yardstick:
    """How a task's scores are read, and what the two sets weigh against each other."""

    metric: str
    sign: int  # 1: larger is better; -1: smaller
    sets: Sets = Sets.ONE
    hidden_share: float = 0.5  # of the mean score
    visible_part: float = 0.5  # of the disagreement between the sets: the smaller set has more of it
    se: float = 0.0  # of the visible score, as a measure of its examples; 0: the task does not say

    def read(self, trial: Trial) -> Reading:
        score = trial.scores[self.metric]
        if self.sets is Sets.TWO:
            return Reading(self.sign * score.value, self.sign * trial.hidden[self.metric].value)
        if self.sets is Sets.FOLDS:
            return Reading(self.sign * _mean(score.folds[::2]), self.sign * _mean(score.folds[1::2]))
        return Reading(self.sign * score.value, self.sign * score.value)

    def readable(self, trial: Trial) -> bool:
        """A trial without a number where the baseline had one cannot be compared."""
        score = trial.scores.get(self.metric)
        if score is None or (self.sets is Sets.TWO and self.metric not in trial.hidden):
            return False
        return self.sets is not Sets.FOLDS or len(score.folds) > 1

    def mean(self, reading: Reading) -> float:
        return self.mean_of(*reading)

    def mean_of(self, visible: float, hidden: float) -> float:
        return visible + self.hidden_share * (hidden - visible)

    @property
    def mean_part(self) -> float:
        """What of the disagreement's variance is in the mean of both sets."""
        shown = 1 - self.hidden_share
        return shown**2 * self.visible_part + self.hidden_share**2 * self.hidden_part

    @property
    def hidden_part(self) -> float:
        return 1 - self.visible_part

    def told(self, reading: float) -> float:
        """A reading as people know the metric."""
        return self.sign * reading


def yardstick(metric: str, sign: int, trial: Trial) -> Yardstick:
    """As the first trial of the baseline shows what there is to read."""
    visible, hidden = trial.scores[metric], trial.hidden.get(metric)
    se = visible.se or 0.0
    if hidden is not None:
        return Yardstick(metric, sign, Sets.TWO, *_shares(visible, hidden), se)
    return Yardstick(metric, sign, Sets.FOLDS if len(visible.folds) > 1 else Sets.ONE, se=se)


def _shares(visible: Score, hidden: Score) -> tuple[float, float]:
    """By the numbers of examples; the hidden set, which nothing was fitted to, never counts less than half."""
    if not visible.n or not hidden.n:
        return 0.5, 0.5
    hidden_share = hidden.n / (visible.n + hidden.n)
    return max(0.5, hidden_share), hidden_share


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)

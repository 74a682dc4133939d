"""Other numbers that must hold, from the same runs: one-sided, and with their own noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from overnight.judge.noise import Noise
from overnight.model import Score
from overnight.program.program import Guard

SURE = 0.84  # standard errors: four chances in five that it holds
MOST_RUNS = 8  # spent on it


@dataclass(frozen=True, slots=True)
class Measured:
    """A guard's number over the runs of one candidate."""

    mean: float
    noise: Noise = Noise()
    runs: int = 1

    def another(self, value: float) -> Measured:
        noise = self.noise.repeated(self.mean, self.runs, value)
        return Measured(self.mean + (value - self.mean) / (self.runs + 1), noise, self.runs + 1)


class Holds(IntEnum):
    NO = 0
    OPEN = 1
    YES = 2


def measure(guards: Sequence[Guard], known: Mapping[str, Measured], scores: Mapping[str, Score]) -> dict[str, Measured]:
    """With what one more run has shown; a number that it did not report is not a number."""
    missing = Score(math.nan)
    values = {str(guard): scores.get(guard.metric, missing).value for guard in guards}
    return {name: known[name].another(v) if name in known else Measured(v) for name, v in values.items()}


def check(guard: Guard, measured: Measured) -> Holds:
    """Does it hold, by what its runs show? One run is taken at its word: its number may not be noisy at all."""
    if math.isnan(measured.mean):
        return Holds.NO
    margin = SURE * measured.noise.sigma / math.sqrt(measured.runs) if measured.noise.df else 0.0
    low, high = guard.holds(measured.mean - margin), guard.holds(measured.mean + margin)
    if guard.holds(measured.mean) and low and high:
        return Holds.YES
    if not (low or high) or measured.runs >= MOST_RUNS:
        return Holds.NO
    return Holds.OPEN


def worst(guards: Sequence[Guard], measured: Mapping[str, Measured]) -> tuple[Holds, str]:
    """The guard that holds least, and the sentence that says so. One that was added under way is open at first."""
    found, why = Holds.YES, ""
    for guard in guards:
        seen = measured.get(str(guard))
        holds = check(guard, seen) if seen else Holds.OPEN
        if holds < found:
            found, why = holds, _sentence(guard, seen)
    return found, why


def _sentence(guard: Guard, measured: Measured | None) -> str:
    if measured is None:
        return f"guard {guard}: none of its runs was asked for it"
    if math.isnan(measured.mean):
        return f"guard {guard}: the run did not report {guard.metric}"
    if measured.runs == 1:
        return f"guard {guard}: it was {measured.mean:g}"
    return f"guard {guard}: it was {measured.mean:g} in the mean of {measured.runs} runs, too near or beyond"

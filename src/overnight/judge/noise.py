"""How far two runs of the same thing differ, pooled over all that was run more than once; and how far two sets of
examples disagree about a change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CAP = 3.0  # a disagreement counts up to this many times the usual one: a diverged run must not blind the night
CAP_FROM = 8  # disagreements it takes to know what is usual
KNOWN_FROM = 3
CAUTION = 1.25  # few proposals say what the usual disagreement is


@dataclass(frozen=True, slots=True)
class Noise:
    """Squared deviations from their means, and the degrees of freedom that they have."""

    squares: float = 0.0
    df: float = 0.0

    @property
    def sigma(self) -> float:
        """The standard deviation of one run, a little larger while it rests on little."""
        return math.sqrt(self.squares / self.df) * (1 + 0.5 / self.df) if self.df else 0.0

    @property
    def variance(self) -> float:
        return self.squares / self.df if self.df else 0.0

    def repeated(self, mean: float, runs: float, another: float) -> Noise:
        """With one run more of what was run `runs` times with this mean, or is known as well as if it had been."""
        return Noise(self.squares + (another - mean) ** 2 * runs / (runs + 1), self.df + 1)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Visible minus hidden difference, squared, over the night's proposals."""

    total: float = 0.0
    count: int = 0
    first: tuple[float, ...] = ()  # the first few as they are: which of them is unusual is seen only later

    def another(self, difference: float, noise: float) -> Disagreement:
        """`noise`: the variance that the runs themselves bring into the difference."""
        square = difference * difference
        if self.count < CAP_FROM - 1:
            return Disagreement(self.total + square - noise, self.count + 1, (*self.first, square))
        first = self.first
        if first:  # from now on they are capped among themselves
            usual = sorted(first)[len(first) // 2]
            total = self.total - sum(max(0.0, x - 20 * usual) for x in first)
            return Disagreement(total, self.count).another(difference, noise)
        cap = CAP**2 * max(self.total, 0.0) / self.count + noise
        return Disagreement(self.total + min(square, cap) - noise, self.count + 1)

    @property
    def variance(self) -> float:
        """Of the difference between what a change does to the one set and to the other."""
        return max(self.total, 0.0) / self.count if self.count >= KNOWN_FROM else 0.0

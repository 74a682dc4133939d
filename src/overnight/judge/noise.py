"""How far two runs of the same thing differ, pooled over all that was run more than once; and how far two sets of
examples disagree about a change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CAP = 3.0  # a disagreement counts up to this many times the usual one: a diverged run must not blind the night
MEDIAN_CAP = 20.0  # the same for squares, in terms of their median
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
        off = another - mean
        return Noise(self.squares + off * off * runs / (runs + 1), self.df + 1)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Visible minus hidden difference, squared, over the night's proposals."""

    squares: float = 0.0
    count: int = 0
    noise: float = 0.0  # variance in them that is the runs' own
    first: tuple[float, ...] = ()  # the first few as they are: which of them is unusual is seen only later

    def another(self, difference: float, noise: float) -> Disagreement:
        """`noise`: the variance that the runs themselves bring into the difference."""
        square, count, total = difference * difference, self.count + 1, self.noise + noise
        if count < CAP_FROM:
            return Disagreement(0.0, count, total, (*self.first, square))
        known = _capped(self.first) if self.first else self.squares
        cap = CAP**2 * known / self.count
        return Disagreement(known + min(square, cap), count, total)

    @property
    def variance(self) -> float:
        """Of the difference between what a change does to the one set and to the other."""
        if self.count < KNOWN_FROM:
            return 0.0
        squares = _capped(self.first) if self.first else self.squares
        return max(0.0, squares - self.noise) / self.count


def _capped(squares: tuple[float, ...]) -> float:
    """Their sum, each up to what is usual among themselves."""
    most = MEDIAN_CAP * sorted(squares)[len(squares) // 2]
    return sum(min(square, most) for square in squares)

"""A straight line through noisy points, and the chance that a new one reaches a bar. Pure arithmetic, no numpy.

Points far out (Tukey's fences) are taken to lie at the fence: of runs that diverged it matters only that they were bad.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

NORMAL = NormalDist()
FENCE = 1.5  # interquartile ranges beyond the quartiles


@dataclass(frozen=True, slots=True)
class Line:
    """y on x, with all that its uncertainty needs."""

    n: int
    x: float  # means
    y: float
    slope: float
    variance: float  # of what is left of y
    spread: float  # sum of squares of x about its mean

    def chance(self, x: float, bar: float) -> float:
        """That a new point at x reaches the bar: Student's, with the uncertainty of the line itself."""
        error = math.sqrt(self.variance * (1 + 1 / self.n + (x - self.x) ** 2 / self.spread))
        ahead = bar - self.y - self.slope * (x - self.x)
        return 1 - NORMAL.cdf(_as_normal(ahead / error, self.n - 2)) if error else float(ahead <= 0)

    def limit(self, bar: float, chance: float) -> float | None:
        """The x at which the chance is this small. None: the line is too uncertain to name one."""
        ahead = bar - self.y
        scatter = self.variance * _as_student(NORMAL.inv_cdf(1 - chance), self.n - 2) ** 2
        # (ahead - slope u)² = scatter (1 + 1/n + u²/spread): the border is a root u of this quadratic
        a = self.slope**2 - scatter / self.spread
        if a <= 0:
            return None
        b, c = self.slope * ahead, ahead**2 - scatter * (1 + 1 / self.n)
        return self.x + (b - math.copysign(math.sqrt(max(0.0, b * b - a * c)), self.slope)) / a


def through(xs: Sequence[float], ys: Sequence[float], bar: float) -> Line | None:
    """None: the points have no width. How far a y is above the bar says nothing about who reaches it."""
    if len(xs) < 4:
        return None
    xs, ys = _fenced(xs, -math.inf), _fenced(ys, bar)
    n, x, y = len(xs), fmean(xs), fmean(ys)
    spread = math.fsum((a - x) ** 2 for a in xs)
    if spread <= 0:
        return None
    slope = math.fsum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / spread
    left = math.fsum((b - y - slope * (a - x)) ** 2 for a, b in zip(xs, ys, strict=True))
    return Line(n, x, y, slope, left / (n - 2), spread)


def _fenced(values: Sequence[float], at_least: float) -> list[float]:
    """`at_least`: the upper fence does not stand lower."""
    ordered = sorted(values)
    low, high = ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
    reach = FENCE * (high - low)
    low, high = low - reach, max(high + reach, at_least)
    return [min(max(value, low), high) for value in values]


def _as_normal(t: float, dof: int) -> float:
    """The normal deviate with the same probability as Student's t, to 1 % from 18 degrees of freedom on (Wallace)."""
    return t * (1 - 1 / (4 * dof)) / math.sqrt(1 + t * t / (2 * dof))


def _as_student(z: float, dof: int) -> float:
    """The other way round."""
    return z / math.sqrt((1 - 1 / (4 * dof)) ** 2 - z * z / (2 * dof))

"""How large changes are here: learnt from the first few proposals, and then left alone.

A scale that goes on learning from what was picked for being large would feed on luck.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from overnight.judge.posterior import Prior

LEARN_FROM = 7  # proposals
USUAL = 4.0  # times the median: more than that is a change that broke something
FLOOR = 0.5  # of what noise alone would show


@dataclass(frozen=True, slots=True)
class Scale:
    seen: tuple[float, ...] = ()  # sizes of the first measured differences
    frozen: float | None = None

    def another(self, difference: float, spread: float) -> Scale:
        """`spread`: the standard deviation of one difference, all noise."""
        if self.frozen is not None:
            return self
        seen = (*self.seen, abs(difference))
        learnt = Scale(seen)
        return Scale((), learnt.size(spread)) if len(seen) == LEARN_FROM else learnt

    def size(self, spread: float) -> float:
        if self.frozen is not None:
            return self.frozen
        return max(self._mean(), FLOOR * spread)

    def prior(self, spread: float) -> Prior:
        size = self.size(spread)
        return Prior(size, size)

    def _mean(self) -> float:
        if not self.seen:
            return 0.0
        most = USUAL * sorted(self.seen)[len(self.seen) // 2]
        return math.fsum(min(size, most) for size in self.seen) / len(self.seen)

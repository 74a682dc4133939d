"""Does the machine drift? Then a bank of runs ages, and is refreshed.

Two witnesses, each asked how much better a drifting machine explains it than a steady one (log-likelihood). Runs of the
incumbent lie the further off their bank the older it is. And candidates, most of which change little, wander together:
what a single one says is little, but there are many.

Once a rate is taken, it stays for the night: a machine that drifted once is not to be trusted. Timing metrics start
there. Not told apart from a drift: a proposer whose ideas slowly get better or worse by more than the noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

RATES = (0.01, 0.04)  # of a run's variance, per run: a drift by 1 and by 2 sigma in a hundred runs
CLEARLY = 4.0  # in log-likelihood
TAILS = 5.0  # degrees of freedom of the noise, for a start: a single hiccup is not a drift
USUAL = 3.0  # a candidate's difference counts up to this many standard deviations of one that changes nothing
KNOWN_FROM = 8  # differences it takes to know how far they scatter


@dataclass(frozen=True, slots=True)
class Level:
    """Where the differences lie, if the machine drifts at one rate: mean, variance, and how well that explains them."""

    mean: float = 0.0
    variance: float = 0.0
    likely: float = 0.0

    def another(self, x: float, noise2: float, growth: float) -> Level:
        spread = self.variance + growth + noise2
        share = (self.variance + growth) / spread
        off = x - self.mean
        likely = self.likely + _log_likelihood(off * off, spread)
        return Level(self.mean + share * off, (self.variance + growth) * (1 - share), likely)


@dataclass(frozen=True, slots=True)
class Wander:
    """Differences of candidates in a row."""

    levels: tuple[Level, ...] = ()  # steady, and then one for each rate
    last: float | None = None
    at: int = 0  # runs of the night at the last one
    squares: float = 0.0  # of the steps from one to the next
    count: int = 0

    def another(self, difference: float, spread: float, noise2: float, runs: int) -> Wander:
        """`spread`: the standard deviation of one that changes nothing."""
        x = max(-USUAL * spread, min(USUAL * spread, difference))
        if self.last is None:
            return Wander(tuple(Level(x, spread * spread) for _ in (0.0, *RATES)), x, runs)
        squares, count, levels = self.squares + (x - self.last) ** 2, self.count + 1, self.levels
        if count >= KNOWN_FROM:
            scatter, age = max(squares / (2 * count), noise2), runs - self.at
            levels = tuple(
                level.another(x, scatter, rate * noise2 * age)
                for level, rate in zip(levels, (0.0, *RATES), strict=True)
            )
        return Wander(levels, x, runs, squares, count)

    def loosened(self, variance: float) -> Wander:
        """From another reference on, they are all off by something."""
        return replace(self, levels=tuple(replace(each, variance=each.variance + variance) for each in self.levels))

    def odds(self, rate: int) -> float:
        return self.levels[rate + 1].likely - self.levels[0].likely if self.levels else 0.0


@dataclass(frozen=True, slots=True)
class Drift:
    timing: bool = False
    banks: tuple[float, ...] = (0.0,) * len(RATES)  # what the incumbent's runs say, for each rate
    wander: Wander = Wander()
    taken: float = 0.0

    @property
    def ageing(self) -> float:
        """What a bank's `a` grows by in each run of the night."""
        return max(self.taken, RATES[0]) if self.timing else self.taken

    def incumbent(self, deviation: float, noise2: float, a: float, age: float) -> Drift:
        """A run of the incumbent lay so far off a bank that is as good as 1/a runs, `age` runs old."""
        if noise2 <= 0 or age <= 0:
            return self
        square = deviation * deviation / noise2
        banks = tuple(
            total + _log_likelihood(square, 1 + a + rate * age) - _log_likelihood(square, 1 + a)
            for total, rate in zip(self.banks, RATES, strict=True)
        )
        return replace(self, banks=banks)._taken()

    def candidate(self, difference: float, spread: float, noise2: float, runs: int) -> Drift:
        """A candidate has its verdict."""
        if noise2 <= 0 or self.taken == RATES[-1]:
            return self
        return replace(self, wander=self.wander.another(difference, spread, noise2, runs))._taken()

    def loosened(self, variance: float) -> Drift:
        return replace(self, wander=self.wander.loosened(variance))

    def _taken(self) -> Drift:
        odds = [said + self.wander.odds(rate) for rate, said in enumerate(self.banks)]
        best = max(range(len(RATES)), key=odds.__getitem__)
        return replace(self, taken=max(self.taken, RATES[best])) if odds[best] > CLEARLY else self


def _log_likelihood(square: float, variance: float) -> float:
    """Of Student's t, but for a constant."""
    return -0.5 * (math.log(variance) + (TAILS + 1) * math.log1p(square / (TAILS * variance)))

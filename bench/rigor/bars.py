"""What must hold of the default policy, with a hidden set and nothing told: each bar with its figure and its error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bench.rigor.cells import Cell, Figure, Nights, excess, false_proven, mean, share
from bench.rigor.worlds import world

NO_OPS = 0.3  # proven in a night of 700 no-ops
DRIFTING_NO_OPS = 0.5  # … on a machine that drifts by two sigma per 100 runs
FALSE = {700: {0.1: 0.05, 0.3: 0.08, 1.0: 0.20}, 100: {0.1: 0.05, 0.3: 0.12, 1.0: 0.30}}  # share of the proven
GAIN = {700: {0.1: 0.92, 0.3: 0.92, 1.0: 2.5}, 100: {0.1: 0.80, 0.3: 0.80}}  # of the branch, in shares of greedy's

JUDGE, PLAIN = "proof", "greedy"


@dataclass(frozen=True, slots=True)
class Bar:
    what: str
    figure: Figure
    limit: float
    least: bool = False  # the limit is the least it must be; else the most

    @property
    def holds(self) -> bool:
        return self.figure.value >= self.limit if self.least else self.figure.value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.least else "≤"
        word = "pass" if self.holds else "FAIL"
        return f"{word}  {self.what:58} {self.figure.value:7.3f} ± {self.figure.error:.3f}  {sign} {self.limit:g}"


def cells() -> list[Cell]:
    wanted = [("A/A", sigma, 700, JUDGE) for sigma in (0.1, 0.3, 1.0)]
    wanted += [("A/A drift 2", sigma, 700, JUDGE) for sigma in (0.1, 0.3, 1.0)]
    wanted += [("plain", sigma, runs, JUDGE) for runs in (700, 100) for sigma in (0.1, 0.3, 1.0)]
    wanted += [("plain", sigma, runs, PLAIN) for runs, shares in GAIN.items() for sigma in shares]
    wanted += [("K", 0.035, runs, name) for runs in (700, 100) for name in (JUDGE, PLAIN)]
    wanted += [("one set", 0.3, 100, JUDGE), ("A/A one set", 0.3, 100, JUDGE)]
    return [Cell(*cell) for cell in wanted]


def bars(nights: Nights) -> Iterator[Bar]:
    for mix, limit in (("A/A", NO_OPS), ("A/A drift 2", DRIFTING_NO_OPS)):
        for sigma in (0.1, 0.3, 1.0):
            some = nights[Cell(mix, sigma, 700, JUDGE)]
            yield Bar(f"{mix}, σ {sigma:g}: no-ops proven a night", mean(some, lambda night: night.proven), limit)
    for runs, shares in FALSE.items():
        for sigma, limit in shares.items():
            figure = false_proven(nights[Cell("plain", sigma, runs, JUDGE)])
            yield Bar(f"plain, σ {sigma:g}, {runs} runs: false share of the proven", figure, limit)
    yield from _gains(nights)
    yield from _labels(nights)
    yield from _claims(nights)


def _gains(nights: Nights) -> Iterator[Bar]:
    wanted = [("plain", sigma, runs, limit) for runs, shares in GAIN.items() for sigma, limit in shares.items()]
    wanted += [("K", 0.035, 700, 0.92), ("K", 0.035, 100, 0.80)]
    for mix, sigma, runs, limit in wanted:
        ours, theirs = (nights[Cell(mix, sigma, runs, name)] for name in (JUDGE, PLAIN))
        figure = share([night.worth for night in ours], [night.worth for night in theirs])
        yield Bar(f"{mix}, σ {sigma:g}, {runs} runs: gain of the branch over greedy's", figure, limit, least=True)


def _labels(nights: Nights) -> Iterator[Bar]:
    for mix in ("one set", "A/A one set"):
        some = nights[Cell(mix, 0.3, 100, JUDGE)]
        yield Bar(f"{mix}: called proven without a hidden set", mean(some, lambda night: night.overstated), 0.0)


def _claims(nights: Nights) -> Iterator[Bar]:
    """How far the claims are off, in standard errors: 2 in all cells together, 3 in any one of them. Not on one set:
    there, what is claimed was also picked on the same examples, and is too high, as the table shows."""
    offs: list[float] = []
    for mix, sigma, runs in {(c.mix, c.sigma, c.runs): 0 for c in nights if c.policy == JUDGE}:
        if not world(mix, sigma).hidden:
            continue
        figure = excess([night for night in nights[Cell(mix, sigma, runs, JUDGE)] if night.claim])
        if figure.error:
            offs.append(figure.value / figure.error)
            yield Bar(f"{mix}, σ {sigma:g}, {runs} runs: claim off by standard errors", Figure(abs(offs[-1]), 1.0), 3.0)
    together = sum(offs) / math.sqrt(len(offs)) if offs else math.inf
    yield Bar("all claims together: off by standard errors", Figure(abs(together), 1.0), 2.0)

"""What is early kill worth? Nights of the shipped judge with and without it, in worlds whose runs print a curve.

    python -m bench.early_kill [nights] [runs] [jobs]

A curve is a loss whose value at 20, 40 and 60 % of the box has a given rank correlation (Spearman) with the final score
among the proposals of its world: a Gaussian copula, forgetting towards the start. Half of what it does not know of the
final score is the run's noise, half the change's own (a slow start, say) and stays with it. A run that is
cut has cost its share of the box and the start-up, 8.7 % of a box. A night is a fixed number of boxes. Shown per night,
as mean ± standard error: experiments, true gain, keeps that are worth nothing.
"""

from __future__ import annotations

import math
import random
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, partial
from statistics import NormalDist
from typing import Any, NamedTuple

from bench.rigor.cells import false_kept, false_proven, mean
from bench.rigor.driver import SimulatedNight
from bench.rigor.truth import START, Outcome, Truth
from bench.rigor.worlds import Nature, World, world
from overnight.judge.kill import SHARES
from overnight.judge.policy import Removal, Want
from overnight.judge.proof import ProofPolicy
from overnight.ledger.events import Event, Session
from overnight.measure.rungs import failed
from overnight.model import Purpose, Run, Status, Trial, Usage, Verdict
from overnight.program.program import Program

SPEARMAN = {"good": (0.6, 0.8, 0.9), "poor": (0.4, 0.6, 0.8)}
SIGMAS = (0.1, 0.3, 1.0)
START_UP = 0.087
OWN = 0.5  # so much of what a curve does not know of the final score is the change's own, and the rest the run's
UNITS, LEVEL = -0.37, 5.0  # a curve is another number than the metric, and less is better
NORMAL = NormalDist()
Curve = tuple[float, ...]
NO_CURVE: Curve = (0.0,) * len(SHARES)


class Printing(ProofPolicy):
    """The shipped judge, of a program that has a `curve:` or has none."""

    def __init__(self, curve: str | None) -> None:
        self.curve = curve

    def start(self, program: Program) -> Any:
        return super().start(replace(program, curve=self.curve))

    def step(self, state: Any, event: Event) -> Any:
        if isinstance(event, Session):
            event = replace(event, settings={**event.settings, "curve": self.curve})
        return super().step(state, event)


class Curves:
    """What the runs of a world print on the way, in standard deviations: one number for each of SHARES."""

    def __init__(self, world: World, spearman: Sequence[float], seed: str) -> None:
        self._rhos = [*(2 * math.sin(math.pi * rank / 6) for rank in spearman), 1.0]
        self._finals = _finals(world)
        self._rng = random.Random(f"{seed}/curves")

    def known(self, difference: float) -> Curve:
        """What a curve says of the final score, as a difference to the incumbent's."""
        rank = (bisect_left(self._finals, difference) + 0.5) / (len(self._finals) + 1)
        return tuple(rho * NORMAL.inv_cdf(rank) for rho in self._rhos[:-1])

    def own(self) -> Curve:
        """What a change does to the curve beside that."""
        return tuple(self._rng.gauss(0, math.sqrt(OWN)) for _ in SHARES)

    def blurred(self, own: Curve, run: bool = True) -> Curve:
        """What is not known of the final score: each value is the next one, and something of its own."""
        curve: list[float] = []
        for index in reversed(range(len(SHARES))):
            tie = self._rhos[index] / self._rhos[index + 1]
            fresh = own[index] + (self._rng.gauss(0, math.sqrt(1 - OWN)) if run else 0.0)
            curve.append(tie * (curve[-1] if curve else 0.0) + math.sqrt(1 - tie * tie) * fresh)
        return tuple(reversed(curve))


@cache
def _finals(place: World) -> list[float]:
    """Sorted scores of many proposals, less the incumbent's."""
    nature = Nature(place, "population")
    return sorted(nature.idea().visible + nature.noise() for _ in range(20_000))


@dataclass
class CurvedTruth(Truth):
    """Every run prints its curve, and ends at the rung that it fails."""

    curves: Curves | None = None
    own: dict[int, Curve] = field(default_factory=dict)  # of every change
    parents: dict[str, str] = field(default_factory=dict)  # of every commit of a candidate
    settled: dict[str, Curve] = field(default_factory=lambda: {"c0": NO_CURVE})  # of every incumbent, but for noise
    boxes: float = 0.0  # spent

    def propose(self, number: int, removes: int | None) -> None:
        super().propose(number, removes)
        back = tuple(-part for part in self.own[removes]) if removes is not None else self._curves.own()
        self.own[number] = back if number else NO_CURVE

    def commit(self, number: int, base: str, name: str) -> None:
        super().commit(number, base, name)
        self.parents[name] = base

    def run(self, run: Run) -> Trial:
        trial = super().run(run)
        base = self.parents.get(run.commit, run.commit)
        own = self.own[run.experiment] if run.commit in self.parents else NO_CURVE
        difference = START - trial.scores["loss"].value - self.trees[base].visible
        values = _sum(self.settled.get(base, NO_CURVE), self._curves.known(difference), self._curves.blurred(own))
        curve = tuple((share, LEVEL + UNITS * value) for share, value in zip(SHARES, values, strict=True))
        why, share = next(((why, r.share) for r in run.rungs if (why := failed(r, curve, 1.0))), ("", 1.0))
        self.boxes += (share + START_UP) / (1 + START_UP)
        if not why:
            return replace(trial, curve=curve)
        seen = tuple(point for point in curve if point[0] <= share)
        return Trial(run.id, 1, Status.PRUNED, {}, Usage(wall_seconds=share), None, "SIGKILL", why, "", curve=seen)

    def record(self, verdict: Verdict, removes: int | None, commit: str) -> str | None:
        kept = super().record(verdict, removes, commit)
        if kept is not None:
            base = self.parents[commit]
            gained = _sum(self._curves.known(self.trees[commit].visible - self.trees[base].visible))
            none = tuple(-part for part in self._curves.known(0.0))
            own = self._curves.blurred(self.own[verdict.experiment], run=False)
            self.settled[kept] = _sum(self.settled.get(base, NO_CURVE), gained, none, own)
        return kept

    @property
    def _curves(self) -> Curves:
        assert self.curves is not None
        return self.curves


def _sum(*curves: Curve) -> Curve:
    return tuple(map(math.fsum, zip(*curves, strict=True)))


@dataclass
class CurvedNight(SimulatedNight):
    """Counts boxes where a plain night counts runs."""

    def _measure(self, want: Want | Removal) -> Iterator[Event]:
        yield from super()._measure(want)
        assert isinstance(self.truth, CurvedTruth)
        self.left = int(self.runs - self.truth.boxes)


class Cell(NamedTuple):
    sigma: float
    runs: int
    curve: str | None  # of SPEARMAN; None: nothing is printed


def night(cell: Cell, seed: int) -> Outcome:
    place = world("plain", cell.sigma)
    curves = Curves(place, SPEARMAN[cell.curve or "good"], str(seed))
    truth = CurvedTruth(Nature(place, str(seed)), curves=curves)
    judge: Any = Printing(cell.curve)
    return CurvedNight(judge, truth, cell.runs).work()


def table(nights: int, runs: int, jobs: int) -> None:
    print(f"{nights} nights of {runs} boxes; {'':22}experiments        true gain    % false   % proven false")
    with ProcessPoolExecutor(jobs) as pool:
        for sigma in SIGMAS:
            for curve in (None, *SPEARMAN):
                row = list(pool.map(partial(night, Cell(sigma, runs, curve)), range(nights), chunksize=2))
                print(_line(sigma, curve, row), flush=True)


def _line(sigma: float, curve: str | None, nights: Sequence[Outcome]) -> str:
    experiments = mean(nights, lambda night: night.spent[Purpose.SCREEN])
    gain = mean(nights, lambda night: night.worth)
    false, proven = false_kept(nights), false_proven(nights)
    kind = f"{curve} curve" if curve else "no curve"
    return (
        f"σ {sigma:<4g} {kind:12} {experiments.value:9.0f} ± {experiments.error:<5.0f}"
        f"{gain.value:9.2f} ± {gain.error:.2f}{false.value:9.1%} {proven.value:9.1%} ± {proven.error:.1%}"
    )


if __name__ == "__main__":
    table(*(int(word) for word in [*sys.argv[1:], *("100", "700", "2")[len(sys.argv) - 1 :]]))

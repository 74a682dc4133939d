"""Many nights of one policy in one world, and what they come to: means with their standard errors."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from bench.rigor.driver import SimulatedNight
from bench.rigor.parallel import ParallelNight
from bench.rigor.rivals import RIVALS
from bench.rigor.truth import Outcome, Truth
from bench.rigor.worlds import Nature, world
from overnight.judge.policy import AnyPolicy
from overnight.model import Purpose
from overnight.named import named
from overnight.wiring import POLICIES

CHUNK = 20
"""So many nights are given to a process at once."""


@dataclass(frozen=True, slots=True)
class Cell:
    mix: str
    sigma: float
    runs: int  # of a night, on each slot
    policy: str
    slots: int = 1


class Figure(NamedTuple):
    """A number and its standard error."""

    value: float
    error: float


Nights = Mapping[Cell, Sequence[Outcome]]


def policy(name: str) -> AnyPolicy:
    made: AnyPolicy = RIVALS[name] if name in RIVALS else named(name, POLICIES, "policy")()
    return made


def simulate(cells: Iterable[Cell], replicates: int, jobs: int, seed: str) -> Iterator[tuple[Cell, list[Outcome]]]:
    """Cell by cell, as they are done. Replicate k of a world offers the same ideas to every policy."""
    with ProcessPoolExecutor(jobs) as pool:
        asked = {
            cell: [
                pool.submit(_some, cell, range(first, min(first + CHUNK, replicates)), seed)
                for first in range(0, replicates, CHUNK)
            ]
            for cell in cells
        }
        for cell, parts in asked.items():
            yield cell, [night for part in parts for night in part.result()]


def _some(cell: Cell, replicates: range, seed: str) -> list[Outcome]:
    return [_night(cell, f"{seed}/{replicate}") for replicate in replicates]


def _night(cell: Cell, seed: str) -> Outcome:
    judge, truth = policy(cell.policy), Truth(Nature(world(cell.mix, cell.sigma), seed))
    if cell.slots == 1:
        return SimulatedNight(judge, truth, cell.runs).work()
    return ParallelNight(judge, truth, cell.runs * cell.slots, cell.slots).work()


def mean(nights: Sequence[Outcome], what: Callable[[Outcome], float]) -> Figure:
    values = [what(night) for night in nights]
    return Figure(statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values)))


def share(parts: Sequence[float], wholes: Sequence[float]) -> Figure:
    """Of two sums over the nights: by the delta method. Nights are independent, what happens within one is not."""
    n, whole = len(parts), math.fsum(wholes)
    if not whole:
        return Figure(0.0, 0.0)
    ratio = math.fsum(parts) / whole
    spread = math.fsum((part - ratio * of) ** 2 for part, of in zip(parts, wholes, strict=True)) / max(n - 1, 1)
    return Figure(ratio, math.sqrt(n * spread) / abs(whole))


def false_kept(nights: Sequence[Outcome]) -> Figure:
    return share([night.false for night in nights], [night.kept for night in nights])


def false_proven(nights: Sequence[Outcome]) -> Figure:
    return share([night.proven_false for night in nights], [night.proven for night in nights])


def held(nights: Sequence[Outcome]) -> Figure:
    """Share of the keeps whose own interval holds the truth."""
    return share([night.held for night in nights], [night.bounded for night in nights])


def proven_held(nights: Sequence[Outcome]) -> Figure:
    return share([night.proven_held for night in nights], [night.proven for night in nights])


def excess(nights: Sequence[Outcome]) -> Figure:
    """What nights say of themselves, above the truth: their claims, where they make any."""
    claims = [night for night in nights if night.claim]
    said = claims or nights
    return mean(said, lambda night: night.claimed - night.worth) if len(said) > 1 else Figure(0.0, 0.0)


def covered(nights: Sequence[Outcome]) -> Figure | None:
    """Share of the claims whose interval holds the truth."""
    claims = [(night.claim, night.worth) for night in nights if night.claim]
    inside = [float(claim.low <= worth <= claim.high) for claim, worth in claims]
    return share(inside, [1.0] * len(inside)) if inside else None


def spent(nights: Sequence[Outcome], purpose: Purpose) -> float:
    return statistics.fmean(night.spent.get(purpose, 0) for night in nights)

"""The table: what each reached on each family of tasks, their ranks, and how soon ours is where TPE is at 300.

Compared are the same seeds: a peer that played fewer has ours of its seeds below it, and ranks are told twice, among
those that played all seeds, and of the seeds that everybody played. The last lines are the bar (`bar`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from bench.search.bar import AT, OURS, Played, Reached, lines, places, whole
from bench.search.cache import MARKS, at, load
from bench.search.ours import Night, night
from bench.search.tasks import Task

SHOWN = (25, 50, 100, 200)
ALL, SHARED = "of those that played all seeds", "of the seeds that everybody played"

Makers = Mapping[str, Callable[[int], Task]]


def show(families: Makers, seeds: int, runs: int, jobs: int) -> None:
    cached = load()
    played: list[Played] = []
    ranks: dict[str, dict[str, dict[int, dict[str, float]]]] = {ALL: {}, SHARED: {}}
    with ProcessPoolExecutor(jobs) as pool:
        for family, make in families.items():
            nights = list(pool.map(partial(_night, make, runs), range(seeds)))
            reached = {OURS: {seed: _marked(each.gains) for seed, each in enumerate(nights)}}
            for peer, by_seed in cached.get(family, {}).items():
                reached[peer] = {int(seed): gains for seed, gains in by_seed.items() if int(seed) < seeds}
            _print(family, reached, nights)
            for which, those in ((ALL, whole(reached)), (SHARED, _shared(reached))):
                ranks[which][family] = {mark: _ranks(those, mark) for mark in SHOWN}
            played.append(Played(family, {seed: each.gains for seed, each in enumerate(nights)}, reached))
    for which, by_family in ranks.items():
        _print_ranks(which, by_family)
    print(*lines(played), sep="\n")


def _night(make: Callable[[int], Task], runs: int, seed: int) -> Night:
    return night(make(seed), seed, runs)


def _marked(gains: Sequence[float]) -> list[float]:
    return [gains[mark - 1] for mark in MARKS if mark <= len(gains)]


def _print(family: str, reached: Reached, nights: Sequence[Night]) -> None:
    print(f"\n{family:16}", *(f"{mark:>15}" for mark in SHOWN), "   seeds")
    for who, by_seed in reached.items():
        _print_line(who, by_seed)
        if 0 < len(by_seed) < len(reached[OURS]):
            _print_line("… ours there", {seed: reached[OURS][seed] for seed in by_seed})
    slowest = 1000 * max(each.slowest_seconds for each in nights)
    print(
        f"  ours: {np.mean([n.crashes / len(n.gains) for n in nights]):.0%} crash, slowest ask {slowest:.0f} ms;",
        end="",
    )
    print(f" TPE's mean at 300 after {_soon(reached, nights)} runs", flush=True)


def _print_line(who: str, by_seed: Mapping[int, Sequence[float]]) -> None:
    if by_seed:
        print(f"  {who:14}", *(_mean([at(g, mark) for g in by_seed.values()]) for mark in SHOWN), f"{len(by_seed):8}")


def _mean(values: Sequence[float]) -> str:
    some = np.array([v for v in values if not np.isnan(v)])
    if len(some) < 2:
        return f"{'-':>15}"
    return f"{some.mean():8.2f} ± {1.96 * some.std(ddof=1) / len(some) ** 0.5:4.2f}"


def _soon(reached: Reached, nights: Sequence[Night]) -> str:
    """From how many runs on the mean of ours is at least TPE's at 300, over the seeds that TPE has."""
    goal = {seed: at(g, 300) for seed, g in reached.get("tpe", {}).items()}
    pairs = [(nights[seed].gains, end) for seed, end in goal.items() if seed < len(nights) and not np.isnan(end)]
    if not pairs:
        return "?"
    curve = np.mean([gains for gains, _ in pairs], axis=0)
    there = curve >= np.mean([end for _, end in pairs])
    return str(int(np.argmax(there)) + 1) if there.any() else f"more than {len(curve)}"


def _shared(reached: Reached) -> Reached:
    """The seeds that everybody played."""
    played = [set(by_seed) for by_seed in reached.values() if by_seed]
    seeds = sorted(set.intersection(*played))
    return {who: {seed: by_seed[seed] for seed in seeds} for who, by_seed in reached.items() if by_seed}


def _ranks(reached: Reached, mark: int) -> dict[str, float]:
    return {who: float(np.mean(each)) for who, each in places(reached, mark).items()}


def _print_ranks(which: str, ranks: Mapping[str, Mapping[int, Mapping[str, float]]]) -> None:
    names = list(dict.fromkeys(who for marks in ranks.values() for by in marks.values() for who in by))
    print(f"\nrank {which}, 0 best to 1 worst, mean over families")
    families = (f"{family:>{_width(family)}}" for family in ranks)
    print(f"{'':16}", *(f"{mark:>8}" for mark in SHOWN), "   at 100:", *families)
    for who in names:
        means = [np.mean([by[mark][who] for by in ranks.values() if who in by[mark]] or [np.nan]) for mark in SHOWN]
        each = (f"{by[AT].get(who, np.nan):{_width(family)}.2f}" for family, by in ranks.items())
        print(f"  {who:14}", *(f"{mean:8.2f}" for mean in means), " " * 11, *each)


def _width(family: str) -> int:
    return max(len(family) + 1, 9)

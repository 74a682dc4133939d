"""The table: what each reached on each family of tasks, their ranks, and how soon ours is where TPE is at 300.

Compared are the same seeds: a peer that played fewer has ours of its seeds below it, and ranks are told twice, among
those that played all seeds, and of the seeds that everybody played.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from bench.search.cache import MARKS, at, load
from bench.search.ours import Night, night
from bench.search.tasks import Task

SHOWN = (25, 50, 100, 200)
AT = 100
OURS = "overnight"
ALL, SHARED = "of those that played all seeds", "of the seeds that everybody played"

Makers = Mapping[str, Callable[[int], Task]]
Reached = Mapping[str, Mapping[int, Sequence[float]]]
"""By who and seed: the gains at the marks."""


def show(families: Makers, seeds: int, runs: int, jobs: int) -> None:
    cached, ahead = load(), []
    ranks: dict[str, dict[str, dict[int, dict[str, float]]]] = {ALL: {}, SHARED: {}}
    with ProcessPoolExecutor(jobs) as pool:
        for family, make in families.items():
            nights = list(pool.map(partial(_night, make, runs), range(seeds)))
            reached = {OURS: {seed: _marked(each.gains) for seed, each in enumerate(nights)}}
            for peer, by_seed in cached.get(family, {}).items():
                reached[peer] = {int(seed): gains for seed, gains in by_seed.items() if int(seed) < seeds}
            _print(family, reached, nights)
            for which, those in ((ALL, _whole(reached)), (SHARED, _shared(reached))):
                ranks[which][family] = {mark: _ranks(those, mark) for mark in SHOWN}
            ahead.append(_ahead(reached))
    for which, by_family in ranks.items():
        _print_ranks(which, by_family)
    _print_ahead(ahead)


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


def _whole(reached: Reached) -> Reached:
    """Who played all seeds."""
    return {who: by_seed for who, by_seed in reached.items() if len(by_seed) == len(reached[OURS])}


def _shared(reached: Reached) -> Reached:
    """The seeds that everybody played."""
    played = [set(by_seed) for by_seed in reached.values() if by_seed]
    seeds = sorted(set.intersection(*played))
    return {who: {seed: by_seed[seed] for seed in seeds} for who, by_seed in reached.items() if by_seed}


def _ranks(reached: Reached, mark: int) -> dict[str, float]:
    """The mean over seeds of each one's place among those that ran this seed so long; 1 is best."""
    places: dict[str, list[float]] = {}
    for seed in next(iter(reached.values())):
        there = {w: at(g[seed], mark) for w, g in reached.items() if seed in g and not np.isnan(at(g[seed], mark))}
        for who, gain in there.items():
            above = sum(other > gain for other in there.values())
            ties = sum(other == gain for other in there.values())
            share = (above + (ties - 1) / 2) / max(len(there) - 1, 1)
            places.setdefault(who, []).append(share)
    return {who: float(np.mean(each)) for who, each in places.items()}


def _ahead(reached: Reached) -> dict[str, list[float]]:
    """By how much ours is ahead of each peer at AT, seed by seed."""
    ours = reached[OURS]
    return {
        peer: [at(ours[seed], AT) - at(gains, AT) for seed, gains in by_seed.items() if not np.isnan(at(gains, AT))]
        for peer, by_seed in reached.items()
        if peer != OURS
    }


def _print_ahead(families: Sequence[Mapping[str, Sequence[float]]]) -> None:
    print(f"\nnights of which ours is ahead at {AT}, behind, of all")
    for peer in dict.fromkeys(peer for family in families for peer in family):
        apart = [gain for family in families for gain in family.get(peer, ())]
        print(f"  {peer:14} {sum(a > 0 for a in apart):5} {sum(a < 0 for a in apart):5} {len(apart):5}")


def _print_ranks(which: str, ranks: Mapping[str, Mapping[int, Mapping[str, float]]]) -> None:
    names = list(dict.fromkeys(who for marks in ranks.values() for by in marks.values() for who in by))
    print(f"\nrank {which}, 0 best to 1 worst, mean over families")
    print(f"{'':16}", *(f"{mark:>8}" for mark in SHOWN), "   at 100:", *(f"{family:>9}" for family in ranks))
    for who in names:
        means = [np.mean([by[mark][who] for by in ranks.values() if who in by[mark]] or [np.nan]) for mark in SHOWN]
        each = (by[100].get(who, np.nan) for by in ranks.values())
        print(f"  {who:14}", *(f"{mean:8.2f}" for mean in means), " " * 11, *(f"{one:9.2f}" for one in each))

"""What is asked of the search, in a few lines: its average rank, each peer by itself, and how soon it is where TPE is.

Intervals are of 95 %, over the seeds of each family: families are what they are. A peer that played fewer nights than
ours is compared on the nights that both played. How soon ours is where TPE is at 300 is told in two ways: from how many
runs on the mean over a family's seeds is there, and night by night, where a night that does not get there counts as
all of its runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.search.cache import at

OURS = "overnight"
AT, THEN = 100, 300
AGAIN = 1000  # times that seeds are drawn again, for an interval

Reached = Mapping[str, Mapping[int, Sequence[float]]]
"""By who and seed: the gains at the marks."""

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Played:
    family: str
    curves: Mapping[int, Sequence[float]]  # ours by seed: the gain after each run
    reached: Reached


def places(reached: Reached, mark: int) -> dict[str, list[float]]:
    """Each one's place on each seed, among those that ran it so long: 0 is best, 1 is worst."""
    found: dict[str, list[float]] = {}
    for seed in next(iter(reached.values())):
        there = {w: at(g[seed], mark) for w, g in reached.items() if seed in g and not np.isnan(at(g[seed], mark))}
        for who, gain in there.items():
            above = sum(other > gain for other in there.values())
            ties = sum(other == gain for other in there.values())
            found.setdefault(who, []).append((above + (ties - 1) / 2) / max(len(there) - 1, 1))
    return found


def whole(reached: Reached) -> Reached:
    """Who played all seeds."""
    return {who: by_seed for who, by_seed in reached.items() if len(by_seed) == len(reached[OURS])}


def lines(played: Sequence[Played]) -> Iterator[str]:
    nights = sum(len(each.curves) for each in played)
    yield f"\nthe bar, over {nights} nights of {len(played)} families"
    yield f"  rank at {AT}, 0 best to 1 worst, of those that played all: " + ", ".join(_ranked(played))
    yield from _by_peer(played)
    yield from _soon(played)


def _ranked(played: Sequence[Played]) -> Iterator[str]:
    by_family = [places(whole(each.reached), AT) for each in played]
    for who in by_family[0] if by_family else ():
        if all(who in each for each in by_family):
            yield f"{who} {_over([each[who] for each in by_family])}"


def _by_peer(played: Sequence[Played]) -> Iterator[str]:
    for peer in dict.fromkeys(who for each in played for who in each.reached if who != OURS):
        both = [_both(each.reached, peer) for each in played]
        apart = [ours - theirs for family in both for ours, theirs in family]
        ahead, behind = sum(a > 0 for a in apart), sum(a < 0 for a in apart)
        low, high = _wilson(ahead, ahead + behind)
        share = f"{low:.0%} to {high:.0%}"
        yield f"  beside {peer:8} {len(apart):4} nights: ahead in {ahead}, behind in {behind} (ahead in {share})"


def _wilson(successes: int, count: int) -> tuple[float, float]:
    share, z = successes / max(count, 1), 1.96**2 / max(count, 1)
    off = np.sqrt(z * share * (1 - share) + z * z / 4)
    return float((share + z / 2 - off) / (1 + z)), float((share + z / 2 + off) / (1 + z))


def _both(reached: Reached, peer: str) -> list[tuple[float, float]]:
    theirs = {seed: at(gains, AT) for seed, gains in reached.get(peer, {}).items()}
    return [(at(reached[OURS][seed], AT), gain) for seed, gain in theirs.items() if not np.isnan(gain)]


def _over(families: Sequence[Sequence[float]]) -> str:
    """The mean over families of the means over seeds."""
    mean = np.mean([np.mean(each) for each in families])
    spread = [np.var(each, ddof=1) / len(each) for each in families if len(each) > 1]
    error = 1.96 * np.sqrt(np.mean(spread) / len(families)) if spread else np.nan
    return f"{mean:.2f} ± {error:.2f}"


def _soon(played: Sequence[Played]) -> Iterator[str]:
    known = [(each.family, *_against_tpe(each)) for each in played]
    known = [(family, curves, goals) for family, curves, goals in known if len(goals)]
    if not known:
        return
    pairs = [(curves, goals) for _, curves, goals in known]
    names = [f"{family} {_told([(curves, goals)], _of_means)}" for family, curves, goals in known]
    late = np.mean(np.concatenate([_runs(*pair) for pair in pairs]) >= pairs[0][0].shape[1])
    means, median, mean = _told(pairs, _of_means), _told(pairs, _median), _told(pairs, _mean)
    yield f"  runs to TPE at {THEN}: {means} in the mean of the families, {median} in the median night, {mean} in the"
    yield f"    mean night; {late:.0%} of the nights are not there at the end"
    yield f"    by family: {', '.join(names)}"


def _against_tpe(each: Played) -> tuple[Array, Array]:
    goals = {seed: at(gains, THEN) for seed, gains in each.reached.get("tpe", {}).items() if seed in each.curves}
    seeds = [seed for seed, goal in goals.items() if not np.isnan(goal)]
    return np.array([each.curves[seed] for seed in seeds]), np.array([goals[seed] for seed in seeds])


Pairs = Sequence[tuple[Array, Array]]
"""By family: our gains, a row a seed, and what TPE has on it."""


def _told(pairs: Pairs, what: Callable[[Pairs], float]) -> str:
    rng = np.random.default_rng(0)
    drawn = [what([_drawn(*pair, rng) for pair in pairs]) for _ in range(AGAIN)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{what(pairs):.0f} ({low:.0f} to {high:.0f})"


def _drawn(curves: Array, goals: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    rows = rng.integers(0, len(goals), len(goals))
    return curves[rows], goals[rows]


def _of_means(pairs: Pairs) -> float:
    return float(np.mean([_runs(curves.mean(0)[None, :], goals.mean()) for curves, goals in pairs]))


def _median(pairs: Pairs) -> float:
    return float(np.median(np.concatenate([_runs(*pair) for pair in pairs])))


def _mean(pairs: Pairs) -> float:
    return float(np.mean(np.concatenate([_runs(*pair) for pair in pairs])))


def _runs(curves: Array, goals: Array) -> Array:
    """Until each row is there for the first time; all of them where it never is."""
    there = curves >= np.reshape(goals, (-1, 1))
    return np.asarray(np.where(there.any(1), there.argmax(1) + 1, curves.shape[1]))

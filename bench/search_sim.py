"""How good is the search? Simulated nights under the plain rule, against searches that learn nothing.

    python bench/search_sim.py [seeds] [experiments]

Each seed is another task of tests/propose/landscape.py: 13 knobs, noise of 0.3 %, about 30 % of wide changes crash.
Shown is the true gain of the incumbent in % of the start's loss (mean ± standard error over the tasks), and the
difference to the search, task by task.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from overnight.propose.search import Search
from tests.propose.landscape import NightOf, Told, around, night, task, wide

RIVALS: dict[str, Callable[[], Told]] = {"search": Search, "random around the best": around, "random, wide": wide}


def table(seeds: int, experiments: int) -> None:
    marks = [n for n in (15, 30, 60, 100, 150, 300) if n <= experiments]
    print(f"{seeds} tasks; true gain in % after so many experiments\n{'':24}", *(f"{n:>14}" for n in marks), "  crashes")
    nights: dict[str, Sequence[NightOf]] = {}
    with ProcessPoolExecutor() as pool:
        for name, make in RIVALS.items():
            nights[name] = list(pool.map(partial(_one, make, experiments), range(seeds)))
            gains = [[night.gain(n) for night in nights[name]] for n in marks]
            crashes = statistics.mean(night.crashes for night in nights[name]) / experiments
            print(f"{name:24}", *(f"{_mean(values):>14}" for values in gains), f"{crashes:8.0%}")
    for name in list(RIVALS)[1:]:
        pairs = list(zip(nights["search"], nights[name], strict=True))
        print(f"{'  search is ahead by':24}", *(f"{_mean([a.gain(n) - b.gain(n) for a, b in pairs]):>14}" for n in marks), name)


def _one(make: Callable[[], Told], experiments: int, seed: int) -> NightOf:
    return night(task(seed), make(), experiments)


def _mean(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values) / len(values) ** 0.5:.2f}"


if __name__ == "__main__":
    table(*(int(word) for word in (*sys.argv[1:], "100", "150")[:2]))

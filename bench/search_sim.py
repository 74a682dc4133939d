"""How good is the search? Simulated nights under the plain rule, against searches that learn nothing.

    python -m bench.search_sim [seeds] [experiments]

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

from overnight.propose.proposer import Proposer
from overnight.propose.search import Search
from tests.propose.landscape import task
from tests.propose.simulated import Blind, SimulatedNight, near, night, wide

SEARCHES: dict[str, Callable[[], Proposer]] = {
    "search": Search,
    "random, near": lambda: Blind(near),
    "random, wide": lambda: Blind(wide),
}


def table(seeds: int, experiments: int) -> None:
    marks = [n for n in (15, 30, 60, 100, 150, 300) if n <= experiments]
    print(f"{seeds} tasks; true gain in % after so many experiments")
    print(f"{'':16}", *(f"{n:>13}" for n in marks), "  crashes")
    with ProcessPoolExecutor() as pool:
        nights = {name: list(pool.map(partial(_one, name, experiments), range(seeds))) for name in SEARCHES}
    for name, simulated in nights.items():
        crashes = statistics.mean(each.crashes for each in simulated) / experiments
        print(f"{name:16}", *(_mean([each.gain(n) for each in simulated]) for n in marks), f"{crashes:8.0%}")
    for name in list(SEARCHES)[1:]:
        pairs = list(zip(nights["search"], nights[name], strict=True))
        print(
            f"{'… is ahead by':16}", *(_mean([a.gain(n) - b.gain(n) for a, b in pairs]) for n in marks), f"  of {name}"
        )


def _one(name: str, experiments: int, seed: int) -> SimulatedNight:
    return night(task(seed), SEARCHES[name](), experiments)


def _mean(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):6.2f} ± {statistics.stdev(values) / len(values) ** 0.5:.2f}"


if __name__ == "__main__":
    table(*(int(word) for word in (sys.argv[1:] + ["100", "150"][len(sys.argv) - 1 :])))

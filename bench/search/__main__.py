"""See `bench.search`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed

from bench.search.cache import FILE, MARKS, keep, load
from bench.search.cost import cost_line
from bench.search.held_out import HELD_OUT
from bench.search.landscapes import TUNING
from bench.search.peers import PEERS, VARIANTS, reached
from bench.search.rough import ROUGH
from bench.search.table import show
from bench.search.tasks import Task

TUNED_ON = {**TUNING, **ROUGH}


def main() -> None:
    options = _options()
    families: Mapping[str, Callable[[int], Task]] = TUNED_ON if options.tuning else HELD_OUT
    if options.tasks:
        families = {name: make for name, make in {**TUNED_ON, **HELD_OUT}.items() if name in options.tasks}
    if options.peers is not None:
        _play_peers(families, options)
    else:
        began = time.monotonic()
        show(families, options.seeds, options.runs, options.jobs)
        print(cost_line())
        print(f"{options.seeds} seeds, {(time.monotonic() - began) / 60:.0f} minutes; peers from {FILE.name}")


def _play_peers(families: Mapping[str, Callable[[int], Task]], options: argparse.Namespace) -> None:
    marks, cached = sum(mark <= options.runs for mark in MARKS), load()
    wanted = [
        (families[family], family, peer, seed, options.runs)
        for seed in range(options.seeds)
        for family in families
        for peer in options.peers or PEERS
        if len(cached.get(family, {}).get(peer, {}).get(str(seed), [])) < marks
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        for each in as_completed([pool.submit(_play, *one) for one in wanted]):
            each.result()


def _play(make: Callable[[int], Task], family: str, peer: str, seed: int, runs: int) -> None:
    keep(family, peer, seed, reached(peer, make(seed), seed, runs))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description="The search against its peers.")
    add = parser.add_argument
    add("--tuning", action="store_true", help="the tasks that the search was tuned on, in place of the held-out ones")
    add("--tasks", nargs="*", metavar="NAME", help=f"of {', '.join([*TUNED_ON, *HELD_OUT])}")
    add(
        "--peers",
        nargs="*",
        metavar="NAME",
        help=f"play these, and keep what they reach: {', '.join([*PEERS, *VARIANTS])}",
    )
    add("--seeds", type=int, default=20, metavar="N")
    add("--runs", type=int, default=200, metavar="N")
    add("--jobs", type=int, default=2, metavar="N", help="processes")
    return parser.parse_args()


if __name__ == "__main__":
    main()

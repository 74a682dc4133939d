"""See `bench.rigor`."""

from __future__ import annotations

import argparse
import time
from itertools import product

from bench.rigor.bars import bars, cells
from bench.rigor.cells import Cell, simulate
from bench.rigor.rivals import RIVALS
from bench.rigor.table import NOTE, header, line
from bench.rigor.worlds import MIXES
from overnight.wiring import POLICIES

CORE = ("K:.035", "plain:.1", "plain:.3", "plain:1")
LENGTHS = (30, 100, 300, 700)


def main() -> None:
    options = _options()
    replicates = options.replicates or (1000 if options.bars else 200)
    began = time.monotonic()
    print(header())
    nights = {}
    for cell, some in simulate(cells() if options.bars else _cells(options), replicates, options.jobs, options.seed):
        nights[cell] = some
        print(line(cell, some), flush=True)
    print(NOTE)
    if options.bars:
        print(*bars(nights), sep="\n")
    took = (time.monotonic() - began) / 60
    print(f"{replicates} nights a line, seed {options.seed}; {took:.0f} minutes, jobs {options.jobs}")


def _cells(options: argparse.Namespace) -> list[Cell]:
    """What is asked for; else the plain worlds with everybody at every length, and the odd ones with the shipped."""
    policies = options.policies or [*POLICIES, *RIVALS]
    asked = list(product(options.worlds or CORE, options.runs or LENGTHS, policies, options.slots))
    if not options.worlds:
        odd = [f"{mix}:.3" for mix in MIXES if mix not in ("plain", "K")]
        asked += product(odd, options.runs or (100, 700), options.policies or POLICIES, options.slots)
    return [Cell(*_place(world), runs, name, slots) for world, runs, name, slots in asked]


def _place(text: str) -> tuple[str, float]:
    mix, _, sigma = text.partition(":")
    return mix, float(sigma)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.rigor", description="The shipped judge in simulated worlds.")
    add = parser.add_argument
    add("--bars", action="store_true", help="check what must hold, with 1,000 nights each")
    add("--worlds", nargs="*", metavar="MIX:SIGMA", help=f"mixes: {', '.join(MIXES)}")
    add("--policies", nargs="*", metavar="NAME", help=f"of {', '.join([*POLICIES, *RIVALS])}")
    add("--runs", nargs="*", type=int, metavar="N", help="in a night")
    add("--slots", nargs="*", type=int, default=[1], metavar="N", help="each with so many runs, in the real loop")
    add("--replicates", type=int, metavar="N")
    add("--jobs", type=int, default=2, metavar="N", help="processes")
    add("--seed", default="1")
    return parser.parse_args()


if __name__ == "__main__":
    main()

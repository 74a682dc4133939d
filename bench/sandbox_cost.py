"""What isolation costs each run: `true` behind the walls of a run, against `true` as a bare subprocess.

Side by side, in turns, in one process: `python -m bench.sandbox_cost`. From the request to the ending, with limits and
control groups as a night has them; folders and checkouts are `loop.py`'s.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from overnight.measure.process import Spec, Warden
from overnight.measure.sandbox.choose import BUILDERS, examine
from overnight.measure.sandbox.walls import Walls, run_walls
from overnight.model import Slot
from overnight.testing import a_program

ROUNDS = 100
PAUSE_SECONDS = 0.02  # less than a night needs between two runs: the warden readies the next supervisor in it
LIMITS: dict[str, Any] = {"memory_mb": 4000, "processes": 512, "writes_mb": 10_000}


def bare() -> None:
    subprocess.run(["/bin/true"], env={}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def confined(warden: Warden, spec: Spec) -> None:
    ended = warden.start(spec).wait(lambda *_: None)
    assert ended.code == 0, (ended, Path(spec.log).read_text())


def milliseconds(do: Callable[[], None]) -> float:
    time.sleep(PAUSE_SECONDS)
    start = time.perf_counter()
    do()
    return (time.perf_counter() - start) * 1000


def walls_of(folder: Path) -> Walls:
    run = folder / "run"
    for name in ("tree", "home", "tmp", "bin"):
        (run / name).mkdir(parents=True)
    python = Path(sys.executable)
    return run_walls(
        a_program(), folder / "root", run / "tree", run / "home", run / "tmp", python, Slot("s"), os.environ
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name, closing(Warden()) as warden:
        ways: dict[str, Callable[[], None]] = {"bare": bare}
        for level in (level for level in BUILDERS if examine(level).holds):
            folder = Path(name).resolve() / level
            walls, env = walls_of(folder), {"TMPDIR": str(folder / "run/tmp")}
            plain = Spec(("/bin/true",), env, str(folder / "run/tree"), str(folder / "log"), 60, **LIMITS)
            spec = BUILDERS[level](folder / "walls").confine(plain, walls)
            ways[f"level {level}"] = partial(confined, warden, spec)
        taken = {way: [milliseconds(do)] for way, do in ways.items()}
        for _ in range(ROUNDS):
            for way, do in ways.items():
                taken[way].append(milliseconds(do))
    usual = statistics.median(taken["bare"])
    for way, all_times in taken.items():
        times = sorted(all_times[1:])  # the first starts the warden
        median, quick = statistics.median(times), times[len(times) // 10]
        print(f"{way}: median {median:.1f} ms, {median - usual:+.1f}; a tenth is below {quick:.1f} ms")
    print(f"{ROUNDS} rounds, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()

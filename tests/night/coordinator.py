"""A coordinator for the kill tests: `python -m tests.night.coordinator ROOT [STEP N]` runs the toy's night (of the
noisy toy it also asks what each keep is worth), and ends itself with SIGKILL when STEP comes for the N-th time. Every
step's name goes to ROOT/../steps."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from overnight import wiring
from overnight.model import Phase
from overnight.night import asking
from overnight.night.watcher import Nobody
from overnight.testing import Scripted
from tests.nights import replacing

LINES = (
    replacing("WIDTH = 4 ", "WIDTH = 8 "),
    replacing("RATE = 0.1 ", "RATE = 0.9 "),
    replacing("WIDTH = 8 ", "WIDTH = 60 "),
    replacing("SEED = 1337", "SEED = 42"),
    replacing("RATE = 0.1 ", "RATE = 0.3 "),
)


DOUBTFUL = (
    replacing("RATE = 0.1 ", "RATE = 0.3 "),
    replacing("WIDTH = 4 ", "WIDTH = 16 "),
    replacing("rng = ", "rng  = "),
)


class Doubtful(Scripted):
    def __init__(self) -> None:
        super().__init__(DOUBTFUL)


class Script(Scripted):
    def __init__(self) -> None:
        super().__init__(LINES)


def main(root: Path, fatal: str, count: int) -> None:
    seen = 0
    log = (root.parent / "steps").open("a")

    def step(name: str) -> None:
        nonlocal seen
        log.write(f"{name}\n")
        log.flush()
        seen += name == fatal
        if name == fatal and seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

    believed = (root / "score.py").exists()
    if believed:
        asking.TURNAROUND = 0.0  # nobody is asked ahead: who is made anew by that is a matter of milliseconds
    agent = f"tests.night.coordinator:{'Doubtful' if believed else 'Script'}"
    task = wiring.load(root / "program.md", {"agent": agent, "seed": "7"})
    closed = wiring.work(task, "t", Nobody(), step=step)
    if believed:
        closed = wiring.work(task, "t", Nobody(), step=step, errand=Phase.DAWN)
    print(closed.why)


if __name__ == "__main__":
    fatal, count = (sys.argv[2], int(sys.argv[3])) if len(sys.argv) > 2 else ("", 0)
    main(Path(sys.argv[1]), fatal, count)

"""A tell for the kill tests: `python -m tests.doors.by_hand ROOT [STEP N]` asks for a workspace where there is none,
widens the toy's network in it, and tells; it ends itself with SIGKILL when STEP comes for the N-th time."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from overnight import wiring
from overnight.doors.open import OpenNight


def widen(workspace: Path, width: int = 8) -> None:
    train = workspace / "train.py"
    train.write_text(train.read_text().replace("WIDTH = 4 ", f"WIDTH = {width} "))


def main(root: Path, fatal: str, count: int) -> None:
    seen = 0

    def step(name: str) -> None:
        nonlocal seen
        seen += name == fatal
        if name == fatal and seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

    task = wiring.load(root / "program.md", {"seed": "7"})
    with OpenNight(task, "t", step=step) as night:
        open_ = [(answer.ask, Path(folder)) for answer, folder in night.answers()]
        if not open_:
            asked = night.ask()
            open_ = [(asked.number, asked.workspace)]
        (number, workspace) = open_[0]
        if not workspace.exists():  # killed before it was made: nobody has heard of it
            number, workspace = (asked := night.ask()).number, asked.workspace
        widen(workspace)
        answer = night.tell(number)
    print(json.dumps([answer.call, answer.score]))


if __name__ == "__main__":
    fatal, count = (sys.argv[2], int(sys.argv[3])) if len(sys.argv) > 2 else ("", 0)
    main(Path(sys.argv[1]), fatal, count)

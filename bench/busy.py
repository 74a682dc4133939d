"""Are the slots busy? Two nights of real runs that sleep: 20 slots and a proposer that answers at once; and one slot
with a proposer that thinks for 30 % of a run's time. Prints what the slots were busy of the time that there was; beside
the first, what as many bare shell loops side by side make of this machine (worktree, commit, run, remove; no walls).

    python -m bench.busy [--runs 1000] [--slots 20] [--seconds 1] [--in FOLDER]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench.loop import SHELL, Silent, at_home, repository
from overnight import wiring
from overnight.ledger.events import RunDone, RunStarted
from overnight.ledger.ledger import Reader
from overnight.model import Proposal, Purpose, Wait
from overnight.night.watcher import Nobody
from overnight.propose.proposer import View

THINKING_SHARE = 0.3


class Thinks(Silent):
    """As a model: it takes its time, and is asked ahead."""

    thinks = True

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        time.sleep(THINKING_SHARE * view.program.box.seconds)
        yield from super().ask(view, n)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--in", dest="folder", help="where to make the repositories, e.g. a tmpfs; the home otherwise")
    given = parser.parse_args()
    busy = night(given.slots, given.runs, given.seconds, "bench.loop:Silent", given.folder)
    print(f"{given.slots} slots, {given.runs} runs of {given.seconds:g} s: busy {busy:.1%} of the time", flush=True)
    busy = shells(given.slots, given.runs, given.seconds, given.folder)
    print(f"{given.slots} shell loops side by side: busy {busy:.1%} of the time", flush=True)
    busy = night(1, max(20, given.runs // 25), given.seconds, "bench.busy:Thinks", given.folder)
    print(f"one slot, a proposer that thinks {THINKING_SHARE:.0%} of a run's time: busy {busy:.1%} of the time")


def shells(slots: int, runs: int, seconds: float, folder: str | None) -> float:
    each, command = runs // slots, f"sleep {seconds:g}; echo loss: 1"
    with at_home(folder) as place:
        roots = [repository(Path(place) / str(slot), command=command) for slot in range(slots)]
        script, began = SHELL.format(n=each, command=command), time.monotonic()
        loops = [subprocess.Popen(["bash", "-c", script], cwd=root, stdout=subprocess.DEVNULL) for root in roots]
        for loop in loops:
            loop.wait()
        return each * seconds / (time.monotonic() - began)


def night(slots: int, runs: int, seconds: float, agent: str, folder: str | None = None) -> float:
    """Seconds that runs slept, over those that the slots had from the first screen to the last."""
    with at_home(folder) as place:
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        root = repository(Path(place), command=f"sleep {seconds:g}; echo loss: 1")
        flags = {"agent": agent, "experiments": str(runs), "slots": str(slots), "time_box": f"{seconds:g}s"}
        wiring.work(wiring.load(root / "program.md", flags), "bench", Nobody())
        with Reader.open(root / ".git/overnight/bench") as reader:
            entries = [entry for entry in reader.since() if isinstance(entry.event, RunStarted | RunDone)]
    screens = [entry for entry in entries if entry.event.run.purpose is not Purpose.BASELINE]  # type: ignore[union-attr]
    done = [entry.elapsed for entry in screens if isinstance(entry.event, RunDone)]
    return len(done) * seconds / (slots * (done[-1] - screens[0].elapsed))


if __name__ == "__main__":
    main()

"""What the coordinator holds of a long night: one of 100,000 experiments is taken up again and works a little further.

The ledger is a real one whose experiments were written by this program, each with its own knobs and score, so all that
is made from it is real: the judge's beliefs, what is known to be a duplicate, what the search has learnt. Prints
megabytes of the process, now and at its peak, as the kernel counts them.

    python -m bench.memory [--experiments 100000] [--policy proof] [--agent search]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.flat import AtOnce
from bench.loop import repository
from overnight import wiring
from overnight.clock import Now
from overnight.ledger.events import Admitted, Event, Judged, Proposed, Recorded, RunDone, RunStarted
from overnight.ledger.ledger import Ledger, Reader
from overnight.model import Call, Edit, Purpose, Run, Score, Split, Status, Trial, Usage, Verdict
from overnight.night.watcher import Nobody

TRAIN = "RATE = 0.1  # 0.001..1, log\nWIDTH = 4  # 1..64\nprint('loss: 1')\n"
FURTHER = 5  # experiments after the night was taken up again


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=100_000)
    parser.add_argument("--policy", default="proof")
    parser.add_argument("--agent", default="search")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        root = repository(Path(place))
        (root / "train.py").write_text(TRAIN)
        subprocess.run(["git", "commit", "-qam", "knobs"], cwd=root, check=True)
        flags = {"agent": given.agent, "policy": given.policy}
        work(root, {**flags, "experiments": "1"})
        say("after the first experiment")
        lengthen(root, given.experiments)
        say("after writing the ledger")
        start = time.perf_counter()
        work(root, {**flags, "experiments": str(given.experiments + FURTHER)})
        say(f"after {given.experiments:,} and {FURTHER} more, {time.perf_counter() - start:.0f} s")


def work(root: Path, flags: dict[str, str]) -> None:
    wiring.work(wiring.load(root / "program.md", flags), "bench", Nobody(), among=AtOnce())


def say(when: str) -> None:
    now, peak = psutil.Process().memory_info().rss / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{when}: {now:.0f} MB, at most {peak:.0f}", flush=True)


def lengthen(root: Path, experiments: int) -> None:
    folder, rng = root / ".git/overnight/bench", random.Random(0)
    with Reader.open(folder) as reader:
        recorded = [entry.event for entry in reader.since() if isinstance(entry.event, Recorded)]
    tip, base = recorded[-1].entry, [event.kept for event in recorded if event.kept][-1]
    with Ledger.create_or_open(folder, holder="bench") as ledger:
        for first in range(2, experiments + 1, 500):
            numbers = range(first, min(first + 500, experiments + 1))
            events = [event for n in numbers for event in experiment(n, base, tip, rng)]
            ledger.append(Now(1_700_000_000.0 + first, 0.0), float(first), *events)


def experiment(n: int, base: str, tip: str, rng: random.Random) -> Iterator[Event]:
    rate, width = 10 ** rng.uniform(-3, 0), rng.randint(1, 64)
    loss = 3 + rng.random()
    run = Run(f"{n}-screen-0", n, f"{n:040x}", Purpose.SCREEN, Split.VISIBLE, n, 5.0, 10.0)
    edits = (Edit("train.py", 0, 2, f"RATE = {rate:.4g}  # 0.001..1, log\nWIDTH = {width}  # 1..64\n"),)
    trial = Trial(run.id, 1, Status.OK, {"loss": Score(loss)}, Usage(5.0, 4.9, 90.0), 0, None, "", "line\n" * 40)
    hypothesis, commit = f"RATE 0.1 → {rate:.4g}, WIDTH 4 → {width}", f"{n:040x}"
    yield Proposed(experiment=n, parent=base, edits=edits, origin="search", hypothesis=hypothesis)
    yield Admitted(experiment=n, commit=commit, fingerprint=f"{n:064x}", size=3, parent_size=3)
    yield RunStarted(run=run, attempt=1, slot="slot-1")
    yield RunDone(run=run, trial=trial)
    verdict = Verdict(n, Call.DISCARD, "not better", loss, 1.0)
    yield Judged(verdict=verdict, commit=commit, log_tip=tip, branch_tip=base)
    yield Recorded(experiment=n, entry=tip, kept=None)


if __name__ == "__main__":
    main()

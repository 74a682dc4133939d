"""Does an experiment cost more as the night grows? A real night, with its ledger, git, judge and log, whose runs end at
once: milliseconds an experiment around the 10th, 100th, 1,000th and 10,000th, and what the process holds in memory.

    python -m bench.flat [--experiments 10050] [--policy greedy] [--agent bench.loop:Silent]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.loop import repository
from overnight import wiring
from overnight.clock import Now
from overnight.compute.executor import Executor
from overnight.compute.local import Execute
from overnight.ledger.events import Entry
from overnight.model import Heartbeat, Run, Score, Slot, Status, Trial, Usage
from overnight.night.night import Night
from overnight.night.open import Open
from overnight.night.shift import Shift

MARKS = {15: 10, 150: 100, 1_050: 1_000, 10_050: 10_000}  # after which experiment which is told of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=10_050)
    parser.add_argument("--policy", default="greedy")
    parser.add_argument("--agent", default="bench.loop:Silent")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        root = repository(Path(place))
        flags = {"agent": given.agent, "experiments": str(given.experiments), "policy": given.policy}
        wiring.work(wiring.load(root / "program.md", flags), "bench", Marks(), among=AtOnce())


@dataclass
class Marks:
    """The Watcher that counts."""

    last: float = field(default_factory=time.perf_counter)
    seconds: list[float] = field(default_factory=list)

    def saw(self, entry: Entry, night: Night) -> None: ...

    def tick(self, night: Night, now: Now, beats: dict[str, Heartbeat]) -> None: ...

    def finished(self, experiment: Open, night: Night) -> None:  # noqa: ARG002
        now = time.perf_counter()
        self.seconds.append(now - self.last)
        self.last = now
        if mark := MARKS.get(experiment.number):
            self._say(mark, min(100, mark))

    def _say(self, number: int, window: int) -> None:
        ms = 1e3 * statistics.median(self.seconds[-window:])
        mb = psutil.Process().memory_info().rss / 1e6
        print(f"around {number:>6,}: {ms:6.1f} ms an experiment, {mb:.0f} MB", flush=True)


class AtOnce:
    """One slot, whose runs end when they begin."""

    slots, group = 1, "bench"

    @contextmanager
    def joined(self, shift: Shift, execute: Execute) -> Iterator[Executor]:  # noqa: ARG002 - the shape of an Among
        yield Instant(shift)


class Instant:
    def __init__(self, shift: Shift) -> None:
        self.shift, self.rng = shift, random.Random(0)

    def free(self) -> Sequence[Slot]:
        return [] if self.shift.night.state.under_way else [Slot("slot-1")]

    def submit(self, run: Run, attempt: int, slot: Slot) -> None:  # noqa: ARG002
        loss, folder = Score(1 + self.rng.random()), self.shift.attic.folder / run.id
        folder.mkdir(parents=True)
        (folder / "run.log").write_text("loss: 1\n")
        self.shift.queue.put(
            Trial(run.id, attempt, Status.OK, {"loss": loss}, Usage(0.01, 0.01), 0, None, "", "loss: 1\n" * 20)
        )

    def expect(self, run: Run) -> None: ...

    def cancel(self, run_id: str) -> None: ...

    def close(self) -> None: ...


if __name__ == "__main__":
    main()

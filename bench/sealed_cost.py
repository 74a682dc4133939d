"""What sealed scoring costs beside the run: `python -m bench.sealed_cost [repeats]`.

First the n-gram lab at each level that holds here: seconds of the clock and of the processor beside the run itself,
with both splits scored, and the same of a program that prints its number. Then the channel alone: 65,536 tokens of 256
classes and 1,024 of 50,000, from a model that costs nothing, with the share of what the scorer makes of it.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from overnight.measure.execute import Place, execute
from overnight.measure.process import Running, Warden
from overnight.measure.sandbox.choose import BUILDERS, examine
from overnight.model import Level, Purpose, Run, Slot, Split, Status
from overnight.program.facts import facts_of
from overnight.program.program import Program
from overnight.program.read import read
from overnight.sealed import Candidate, answer_text, text_bits

LAB = Path(__file__).parents[1] / "labs" / "ngram"
RUN = Run("1-screen-0", 1, "c", Purpose.SCREEN, Split.VISIBLE, 7, box_seconds=0.2, kill_after_seconds=60)


class Follower:
    def started(self, running: Running) -> None: ...
    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None: ...


def main(repeats: int) -> None:
    sealed = program()
    plain = replace(sealed, score=None, answer=None, artefact=(), hidden=(), metric="steps")
    for level in Level:
        if level is Level.PRINTED or not examine(level).holds:
            continue
        for name, asked in (("prints its number", plain), ("scored on two splits", sealed)):
            wall, cpu = lab(level, asked, repeats)
            print(f"level {level}, {name}: {wall:.2f} s beside the run, {cpu:.2f} CPU seconds")
    for classes, rows in ((256, 256), (50_000, 4)):
        channel(classes, rows)


def program() -> Program:
    files = [path.relative_to(LAB).as_posix() for path in LAB.rglob("*") if path.is_file()]
    facts = facts_of(LAB, files, lambda name: (LAB / name).read_bytes(), lambda _: False, LAB, os.defpath)
    return read(LAB / "program.md", (LAB / "program.md").read_text(), "", facts)


def lab(level: Level, asked: Program, repeats: int) -> tuple[float, float]:
    def checkout(_: str, into: Path) -> None:
        shutil.copytree(LAB, into, ignore=shutil.ignore_patterns("__pycache__"))

    before, trials, walls = cpu_seconds(), [], []
    with tempfile.TemporaryDirectory() as name, closing(Warden()) as warden:
        folder = Path(name)
        sandbox = BUILDERS[level](folder / "walls")
        places = (LAB, folder / "scratch", folder / "runs", "n-bench", checkout)
        place = Place(*places, {"PATH": os.environ["PATH"]}, "", sandbox)
        for _ in range(repeats):
            began = time.monotonic()
            trials.append(execute(RUN, 1, Slot("slot-1"), Follower(), asked, place, warden))
            assert trials[-1].status is Status.OK, trials[-1]
            walls.append(time.monotonic() - began - trials[-1].usage.wall_seconds)
    cpu = cpu_seconds() - before - sum(trial.usage.cpu_seconds for trial in trials)
    return statistics.median(walls), cpu / repeats


def cpu_seconds() -> float:
    """Of us and of all that has ended."""
    own = os.times()
    return own.user + own.system + own.children_user + own.children_system


def channel(classes: int, rows: int) -> None:
    logits = np.zeros((16, 256, classes), np.float32)

    def model(tokens: np.ndarray) -> np.ndarray:
        return logits[: len(tokens), : tokens.shape[1]]

    def start() -> Candidate:
        return Timed(model)

    tokens = np.random.default_rng(1).integers(0, min(classes, 256), (rows, 256))
    began = time.monotonic()
    text_bits(tokens, classes, batch=4, start=start)
    took, asked, Timed.seconds = time.monotonic() - began, Timed.seconds, 0.0
    count = rows * 256
    print(f"{count} tokens of {classes} classes: {took:.2f} s, {took - asked:.2f} s of it in the scorer")


class Timed(Candidate):
    """A candidate in a thread, whose answering is timed."""

    seconds = 0.0

    def __init__(self, model: Callable[[np.ndarray], np.ndarray]) -> None:
        ours, theirs = socket.socketpair()
        threading.Thread(target=answer_text, args=(model, theirs), daemon=True).start()
        super().__init__(600, ours)

    def ask(self, *question: np.ndarray, **wanted: object) -> np.ndarray:
        began = time.monotonic()
        try:
            return super().ask(*question, **wanted)  # type: ignore[arg-type]
        finally:
            Timed.seconds += time.monotonic() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 7)

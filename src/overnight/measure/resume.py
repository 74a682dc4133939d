"""A run that goes on where an earlier execution of it was when it was lost, with what is left of its box.

Nobody gets more training than others by it: what had been used when the checkpoint was seen whole is taken from the box
and counted in the Trial; what came after it is lost, and not counted. A run that went on and did not end well is
executed once more, from the start, before that is believed: it may have been its checkpoint.

Not covered: what a run does within the box that it is told is its own affair, here as always.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from overnight.measure.checkpoint import Keeper, Saved, copy, lay, look
from overnight.measure.early import expect
from overnight.measure.execute import execute, tree_of
from overnight.measure.files import remove
from overnight.measure.place import Place, Watch
from overnight.measure.process import Running, Warden
from overnight.model import Run, Score, Slot, Status, Trial
from overnight.program.program import Program

USED = "OVERNIGHT_USED"
LITTLE = 0.001  # seconds of a box that are always left: a run may divide by what it is told
REST = 10.0  # times as long as a copy took, nothing is copied after it


@dataclass(frozen=True, slots=True)
class Resuming:
    """`execute`, with checkpoints where the program has some."""

    program: Program
    place: Place
    warden: Warden
    keeper: Keeper

    def expect(self, run: Run, slot: Slot | None) -> None:
        """It may be made ready, but where it might go on from a checkpoint."""
        if not self.program.resume:
            expect(run, slot, self.program, self.place, self.warden)

    def __call__(self, run: Run, attempt: int, slot: Slot, watch: Watch) -> Trial:
        if not self.program.resume:
            return execute(run, attempt, slot, watch, self.program, self.place, self.warden)
        saved = self.keeper.find(run)
        trial = self._executed(run, attempt, slot, watch, saved)
        if saved and trial.status not in (Status.OK, Status.STOPPED):
            self.keeper.forget(run)
            trial = self._executed(run, attempt, slot, watch, None)
        if trial.status is not Status.STOPPED:
            self.keeper.forget(run)
        return trial

    def _executed(self, run: Run, attempt: int, slot: Slot, watch: Watch, saved: Saved | None) -> Trial:
        program, place, tree = self.program, self.place, tree_of(run, self.place)
        name = os.path.join(program.folder, program.resume)

        def checkout(commit: str, into: Path) -> None:
            self.place.checkout(commit, into)
            if saved and into == tree:  # not for what scores it
                lay(saved, into, name)

        if saved:
            used = {USED: f"{_by_the_box(saved, program):.15g}"}
            program = replace(program, pass_env=(*program.pass_env, USED))
            place = replace(place, checkout=checkout, environ={**place.environ, **used})
        copies = place.scratch / f"{tree.parent.parent.name}.saved"
        with Saving(run, watch, self.keeper, Lying(tree, name, copies), saved) as saving:
            trial = execute(_left(run, saved, program), attempt, slot, saving, program, place, self.warden)
        return _whole(trial, saved, program) if saved else trial


@dataclass(frozen=True, slots=True)
class Lying:
    """Where a run's checkpoint is, and where copies are made."""

    tree: Path
    name: str
    copies: Path


@dataclass
class Saving:
    """A Watch around another, which copies what the run saves. A copy is of the time of the next heartbeat after it:
    what is in it was not made later."""

    run: Run
    watch: Watch
    keeper: Keeper
    lying: Lying
    saved: Saved | None
    changed: threading.Condition = field(default_factory=threading.Condition)
    beats: int = 0
    starts: int = 0
    last: tuple[float, float] = (0.0, 0.0)
    over: bool = False

    def __enter__(self) -> Saving:
        self._thread = threading.Thread(target=self._work, name=f"checkpoints of {self.run.id}", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self.changed:
            self.over = True
            self.changed.notify_all()
        self._thread.join()
        remove(self.lying.copies)

    def started(self, running: Running) -> None:
        with self.changed:
            self.starts += 1
        self.watch.started(running)

    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None:
        if self.saved:
            wall_seconds, cpu_seconds = wall_seconds + self.saved.wall_seconds, cpu_seconds + self.saved.cpu_seconds
        self.watch.beat(wall_seconds, cpu_seconds, curve)
        with self.changed:
            self.beats, self.last = self.beats + 1, (wall_seconds, cpu_seconds)
            self.changed.notify_all()

    def _work(self) -> None:
        rests_until, told = 0.0, look(self.lying.tree, self.lying.name) if self.saved and self._beaten() else {}
        while self._beaten():
            began, started = time.monotonic(), self.starts
            if began < rests_until or look(self.lying.tree, self.lying.name) in ({}, told):
                continue
            remove(self.lying.copies)
            copied = copy(self.lying.tree, self.lying.name, self.lying.copies, lambda: not self.over)
            rests_until = began + (REST + 1) * (time.monotonic() - began)
            if not copied or not self._beaten() or self.starts > started:
                continue
            with suppress(OSError):  # as on a full disk: then it will not go on from there
                if self.keeper.keep(self.run, Saved(self.lying.copies, *self.last)):
                    told = copied

    def _beaten(self) -> bool:
        """Waits for the next heartbeat. False: no more comes."""
        with self.changed:
            before = self.beats
            self.changed.wait_for(lambda: self.over or self.beats > before)
            return not self.over


def _by_the_box(saved: Saved, program: Program) -> float:
    return saved.cpu_seconds if program.box.cpu else saved.wall_seconds


def _left(run: Run, saved: Saved | None, program: Program) -> Run:
    """It may take as long beside its box as any other. Rungs are of whole boxes, so it is not ended by one."""
    if saved is None:
        return run
    used = min(_by_the_box(saved, program), run.box_seconds - LITTLE)
    box, limit = run.box_seconds - used, run.kill_after_seconds - used
    return replace(run, box_seconds=box, kill_after_seconds=limit, rungs=())


def _whole(trial: Trial, saved: Saved, program: Program) -> Trial:
    """With what was used before, as if it had not been interrupted."""
    before = {"wall_seconds": saved.wall_seconds, "cpu_seconds": saved.cpu_seconds}
    usage = replace(trial.usage, **{name: getattr(trial.usage, name) + more for name, more in before.items()})
    scores = {
        name: Score(score.value + before[name]) if name in before else score for name, score in trial.scores.items()
    }
    begins = _by_the_box(saved, program)
    curve = tuple((round(begins + seconds, 3), value) for seconds, value in trial.curve)
    why = f"{trial.why}; it went on from its checkpoint after {begins:.1f} s"
    return replace(trial, usage=usage, scores=scores, curve=curve, why=why)

"""One run on this machine, from the commit to the Trial: the checkout, what is linked in, the seed, the process, the
result. Afterwards the run's folder is gone; its log and what `save:` names are in the night's folder.

Level 0: the command prints its own metric. It cannot see `.git` or the coordinator's environment, but it is not kept
from the user's files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from overnight.errors import OvernightError
from overnight.measure.editable import python_path
from overnight.measure.environment import Room, environment, furnish, interpreter
from overnight.measure.files import inside, keep, link_shares, remove
from overnight.measure.gpu import GpuMemory
from overnight.measure.process import Ended, Running, Spec, Warden, Why
from overnight.measure.trial import trial
from overnight.model import Run, Slot, Status, Trial
from overnight.program.program import Program
from overnight.program.seeds import set_seeds

CPU_TO_WALL = 4.0
"""A run in a CPU box may take so many times its CPU limit by the wall clock: it may also wait for ever."""


@dataclass(frozen=True, slots=True)
class Place:
    """What runs share: where they come from and where they happen."""

    root: Path  # the user's working tree: shared paths are links into it
    scratch: Path  # this session's, for checkouts; a short path, since sockets live below it
    runs: Path  # the night's: <run id>/run.log and <run id>/saved/
    night: str  # marks its processes; no other night on this machine has the same
    checkout: Callable[[str, Path], None]  # makes a folder with the files of a commit; called from several threads
    environ: Mapping[str, str]  # the coordinator's
    hardware: str


class Watch(Protocol):
    """Who follows a run."""

    def started(self, running: Running) -> None: ...
    def beat(self, wall_seconds: float, cpu_seconds: float) -> None: ...


class NotMeasured(OvernightError):
    """We could not measure: no Trial, and no word about the candidate."""


def execute(run: Run, attempt: int, slot: Slot, watch: Watch, program: Program, place: Place, warden: Warden) -> Trial:
    folder, results = place.scratch / run.id, place.runs / run.id
    results.mkdir(parents=True, exist_ok=True)
    try:
        for _ in range(2):  # who watches it may be killed, and twice in a row that is the run's own doing
            remove(folder)  # of an attempt that was killed
            folder.mkdir(parents=True)
            spec = _prepare(run, slot, program, place, Room.below(folder), results / "run.log")
            identity = _identity(spec.cwd)
            ended = _run(spec, slot, watch, warden)
            if ended.why is not Why.LOST:
                break
        if ended.why is Why.FAILED:
            raise NotMeasured(f"run {run.id} could not be measured: {ended.note}")
        result = trial(run, attempt, ended, results / "run.log", program, place.hardware)
        if result.status is Status.OK and _identity(spec.cwd) == identity:
            keep(Path(spec.cwd), program.save, results / "saved", program.disk_mb * 1e6)
        return result
    finally:
        remove(folder)


def _identity(folder: str) -> tuple[int, int] | None:
    """A run may put another folder, or a link to one, in the place of its own: nothing of that is the run's."""
    try:
        seen = os.lstat(folder)
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


def _prepare(run: Run, slot: Slot, program: Program, place: Place, room: Room, log: Path) -> Spec:
    python = interpreter(program, place.root, place.environ)
    place.checkout(run.commit, room.tree)
    furnish(room, python)
    link_shares(program.share, place.root, room.tree, Path(place.environ.get("HOME", "/")), room.home)
    if program.seed_literals:
        _set_seeds(room.tree, program, run.seed)
    cpu = program.box.cpu
    return Spec(
        argv=("/bin/sh", "-c", program.run),
        env={
            **python_path(python, place.root, room.tree),
            **environment(program, run, slot, room, python, place.night, place.environ),
        },
        cwd=str(room.tree / program.folder),
        log=str(log),
        kill_after_seconds=run.kill_after_seconds * (CPU_TO_WALL if cpu else 1),
        cpu_seconds=run.kill_after_seconds if cpu else None,
        output_bytes=int(program.output_mb * 1e6),
        cores=slot.cores,
    )


def _set_seeds(tree: Path, program: Program, seed: int) -> None:
    for path in (tree / name for name in program.edit if name.endswith(".py")):
        if path.is_file() and inside(tree, path):
            path.write_bytes(set_seeds(path.read_bytes().decode(), seed).encode())


def _run(spec: Spec, slot: Slot, watch: Watch, warden: Warden) -> Ended:
    memory = GpuMemory(slot.gpu)
    running = warden.start(spec)
    watch.started(running)

    def beat(wall_seconds: float, cpu_seconds: float) -> None:
        memory.look(wall_seconds)
        watch.beat(wall_seconds, cpu_seconds)

    ended = running.wait(beat)
    return replace(ended, usage=replace(ended.usage, gpu_mb=memory.peak_mb))

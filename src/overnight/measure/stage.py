"""The commands of a run, made ready: the files, what is linked in, the environment, the walls, the limits.

The candidate's are `run:` and `answer:`, in the files of its commit. The scorer's is `score:`, in the same files
without those that a candidate may change. Each has a folder of its own. What `hidden:` names is in the scorer's, of its
own split; nowhere else.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from overnight.measure import caches
from overnight.measure.editable import python_path
from overnight.measure.environment import Room, environment, furnish, interpreter
from overnight.measure.files import inside, link_shares
from overnight.measure.place import Place
from overnight.measure.process import Spec
from overnight.measure.sandbox.walls import Walls, hidden, run_walls
from overnight.model import Run, Slot, Split
from overnight.program.program import Program
from overnight.program.seeds import set_seeds

CPU_TO_WALL = 4.0
"""A run in a CPU box may take so many times `kill_after` by the wall clock: it may also wait for ever."""

SEALED = Path(__file__).parents[1] / "sealed"

LONGEST_SCORING = 60.0
"""Seconds that scoring may always take; more only where `kill_after` is more."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the commands of one run happen, one after the other or side by side."""

    run: Run
    slot: Slot
    program: Program
    place: Place

    def training(self, room: Room, log: Path) -> Spec:
        spec, limit = self._candidate(self.program.run, room, log), self.run.kill_after_seconds
        if not self.program.box.cpu:
            return replace(spec, kill_after_seconds=limit)
        return replace(spec, cpu_seconds=limit, kill_after_seconds=CPU_TO_WALL * self.program.kill_after_seconds)

    def furnish(self, room: Room) -> None:
        """What of a candidate's room is the same whatever its slot."""
        self._fill(room, without=hidden(self.program, Split))
        if self.program.seed_literals:
            _set_seeds(room.tree, self.program, self.run.seed)

    def answering(self, room: Room, artefact: Path, log: Path) -> Spec:
        """What the run left lies where it left it."""
        assert self.program.answer is not None
        self.furnish(room)
        return self._candidate(self.program.answer, room, log, artefact)

    def scoring(self, split: Split, room: Room, artefact: Path, log: Path) -> Spec:
        assert self.program.score is not None
        own = hidden(self.program, [split])
        others = [path for path in hidden(self.program, Split) if path not in own]
        self._fill(room, without=[*self.program.edit, *others])
        _link(own, self.place, room, without=())
        python = self._python()
        spec = self._spec(self.program.score, room, python, log)
        env = {
            "OVERNIGHT_SPLIT": str(split),
            "OVERNIGHT_ARTEFACT": str(artefact),
            "OVERNIGHT_SECRET": self.place.secret_for(self.run.id, split),
        }
        walls = self._walls(room, python, others, read=[artefact, *_outside(own, self.place)])
        return self.place.sandbox.confine(replace(spec, env={**spec.env, **env}), walls)

    def _candidate(self, command: str, room: Room, log: Path, artefact: Path | None = None) -> Spec:
        caches.lend(self.place.caches, room.home)
        python = self._python()
        spec = self._spec(command, room, python, log)
        env = {"OVERNIGHT_SPLIT": str(Split.VISIBLE)} if self.program.score else {}  # which one is not its business
        if artefact:
            _link_artefact(artefact, room.tree / self.program.folder)
            env["OVERNIGHT_ARTEFACT"] = str(artefact)
        walls = self._walls(room, python, hidden(self.program, Split), read=[artefact] if artefact else [])
        walls = replace(walls, mute=artefact is not None)
        return self.place.sandbox.confine(replace(spec, env={**spec.env, **env}), walls)

    def _fill(self, room: Room, without: list[str]) -> None:
        """With the files of the commit, but for some, and what stands around them."""
        self.place.checkout(self.run.commit, room.tree)
        _drop(room.tree, without)
        furnish(room, self._python())
        _link(self.program.share, self.place, room, without)

    def _python(self) -> Path | None:
        return interpreter(self.program, self.place.root, self.place.environ)

    def _spec(self, command: str, room: Room, python: Path | None, log: Path) -> Spec:
        program, place = self.program, self.place
        own = environment(program, self.run, self.slot, room, python, place.night, place.environ)
        return Spec(
            argv=("/bin/sh", "-c", command),
            env=_with_library(program, room, {**python_path(python, place.root, room.tree), **own}),
            cwd=str(room.tree / program.folder),
            log=str(log),
            kill_after_seconds=max(LONGEST_SCORING, program.kill_after_seconds),
            output_bytes=int(program.output_mb * 1e6),
            cores=self.slot.cores,
            memory_mb=program.memory_mb,
            processes=program.processes,
            writes_mb=program.writes_mb,
        )

    def _walls(self, room: Room, python: Path | None, hide: Iterable[str], read: Iterable[Path]) -> Walls:
        """In the room itself nothing has to be hidden: what should be is not in it."""
        place = self.place
        walls = run_walls(self.program, place.root, room.tree, room.home, room.tmp, python, self.slot, place.environ)
        outside = map(str, _outside(hide, place))
        return replace(walls, read=(*walls.read, *map(str, read)), hide=tuple(outside))


def _with_library(program: Program, room: Room, env: dict[str, str]) -> dict[str, str]:
    """`overnight.sealed`, and nothing else of ours, for whatever Python the command uses."""
    if not program.score:
        return env
    package = room.lib / "overnight"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copytree(SEALED, package / "sealed", ignore=shutil.ignore_patterns("__pycache__"))
    return {**env, "PYTHONPATH": os.pathsep.join(filter(None, [env.get("PYTHONPATH"), str(room.lib)]))}


def _drop(tree: Path, paths: Iterable[str]) -> None:
    """From a checkout in which nothing has run yet."""
    for path in (tree / path for path in paths if not path.startswith(("/", "~"))):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _link(paths: Iterable[str], place: Place, room: Room, without: Iterable[str]) -> None:
    spared = frozenset(_outside(without, place))
    link_shares(paths, place.root, room.tree, _user_home(place), room.home, spared)


def _outside(paths: Iterable[str], place: Place) -> list[Path]:
    """Where paths of program.md lie for the user."""
    home = _user_home(place)
    return [home / path[2:] if path.startswith("~/") else place.root / path for path in paths]


def _user_home(place: Place) -> Path:
    return Path(place.environ.get("HOME", "/"))


def _link_artefact(artefact: Path, folder: Path) -> None:
    for file in (path for path in artefact.rglob("*") if path.is_file()):
        link = folder / file.relative_to(artefact)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(file)


def _set_seeds(tree: Path, program: Program, seed: int) -> None:
    for path in (tree / name for name in program.edit if name.endswith(".py")):
        if path.is_file() and inside(tree, path):
            path.write_bytes(set_seeds(path.read_bytes().decode(), seed).encode())

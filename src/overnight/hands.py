"""Who executes the runs of a night: slots of its own on this machine, its share of slots that several nights have in
common, or a cluster. What cannot be is refused before anything is begun.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from overnight.compute.cluster import Cluster
from overnight.compute.executor import Executor
from overnight.compute.hardware import slots_of
from overnight.compute.here import measuring
from overnight.compute.local import Execute, LocalSlots
from overnight.compute.slots import hardware
from overnight.measure.sandbox.choose import holding
from overnight.night.ears import hearing
from overnight.night.shift import Shift
from overnight.program.program import Program
from overnight.repo.repo import Repo


class Hands(Protocol):
    @property
    def slots(self) -> int: ...

    @property
    def about(self) -> Mapping[str, str]:
        """What the ledger says of them."""
        ...

    def at_work(self, shift: Shift, repo: Repo, scratch: Path, folder: Path) -> AbstractContextManager[Executor]:
        """For the night in `folder`. Whoever is at this terminal is heard meanwhile."""
        ...


class Among(Protocol):
    """The other nights of this process, and the slots that all of them share, for one of them."""

    @property
    def slots(self) -> int:
        """How many they are."""
        ...

    @property
    def group(self) -> str:
        """By which nights that began together are known."""
        ...

    def joined(self, shift: Shift, execute: Execute) -> AbstractContextManager[Executor]: ...


def hands(program: Program, among: Among | None = None, here: bool = False) -> Hands:
    """`here`: on this machine, whatever the program says."""
    if program.on and not here:
        return Far(program)
    holding(program.sandbox)
    return Sharing(program, among) if among else Own(program)


class Own:
    def __init__(self, program: Program) -> None:
        self._program, self._slots = program, slots_of(program, os.environ)
        self.slots, self.about = len(self._slots), {"hardware": hardware()}

    @contextmanager
    def at_work(self, shift: Shift, repo: Repo, scratch: Path, folder: Path) -> Iterator[Executor]:
        measured = measuring(self._program, repo, scratch, folder / "runs", os.environ)
        with measured as execute, hearing(shift.queue.put):
            yield LocalSlots(self._slots, execute, shift.queue.put, execute.expect)


class Sharing:
    def __init__(self, program: Program, among: Among) -> None:
        self._program, self._among = program, among
        self.slots, self.about = among.slots, {"hardware": hardware(), "group": among.group}

    @contextmanager
    def at_work(self, shift: Shift, repo: Repo, scratch: Path, folder: Path) -> Iterator[Executor]:
        measured = measuring(self._program, repo, scratch, folder / "runs", os.environ)
        with measured as execute, self._among.joined(shift, execute) as executor:
            yield executor


class Far:
    def __init__(self, program: Program) -> None:
        self._cluster = Cluster(program)
        self.slots, self.about = self._cluster.slots, {"hardware": self._cluster.engine.about}

    @contextmanager
    def at_work(self, shift: Shift, repo: Repo, scratch: Path, folder: Path) -> Iterator[Executor]:  # noqa: ARG002
        executor = self._cluster.executor(repo, folder, shift.queue.put)
        with hearing(shift.queue.put):
            yield executor

"""Control groups, version 2 or 1, where this user may make some: limits that the kernel holds for all processes of a
run together, whatever they do between two looks of ours. Standard library only: the warden imports this.

Each supervisor lives in a group of its own, with its run. What no group holds the supervisor counts by itself, so
nothing here is needed: it is only sharper.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from overnight.measure.tree import read, write

MOUNT = "/sys/fs/cgroup"


@dataclass(frozen=True, slots=True)
class Row:
    """One limit in one version: the files that set it, and where it says that it was broken."""

    limit: str
    version: int
    controller: str
    files: tuple[str, ...]  # the second, where there is one, keeps memory from going to swap instead
    events: str
    event: str


ROWS = (
    Row("memory", 2, "memory", ("memory.max", "memory.swap.max"), "memory.events", "oom_kill"),
    Row("processes", 2, "pids", ("pids.max",), "pids.events", "max"),
    Row("memory", 1, "memory", ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"), "memory.oom_control",
        "oom_kill"),
    Row("processes", 1, "pids", ("pids.max",), "pids.events", "max"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Of one run: what holds, and the folder of each."""

    rows: tuple[tuple[Row, str], ...] = ()

    def limit(self, limits: dict[str, int]) -> None:
        for row, folder in self.rows:
            if row.limit in limits:
                swap = 0 if row.version == 2 else limits[row.limit]
                for name, value in zip(row.files, (limits[row.limit], swap), strict=False):
                    with contextlib.suppress(OSError):
                        write(f"{folder}/{name}", value)

    def broken(self) -> str:
        """The limit that was broken, or nothing."""
        for row, folder in self.rows:
            with contextlib.suppress(OSError):
                events = dict(line.split() for line in read(f"{folder}/{row.events}").splitlines())
                if int(events.get(row.event, 0)):
                    return row.limit
        return ""


@dataclass(frozen=True, slots=True)
class Groups:
    """Where a warden makes groups: a folder of its own for each hierarchy."""

    rows: tuple[tuple[Row, str], ...] = ()

    @classmethod
    def found(cls) -> Groups:
        """Makes the folders, and removes those of wardens that were killed."""
        found = {}
        for row in ROWS:
            for place in _places(row) if row.limit not in found else ():
                _remove_empty(place)
                if (folder := _made(row, place)) and row.limit not in found:
                    found[row.limit] = (row, folder)
        return cls(tuple(found.values()))

    def enter(self, name: str) -> Group:
        """This process moves into a group of that name, with all it starts from now on."""
        held = []
        for row, parent in self.rows:
            with contextlib.suppress(OSError):
                os.makedirs(folder := f"{parent}/{name}", exist_ok=True)
                write(f"{folder}/cgroup.procs", os.getpid())
                held.append((row, f"/proc/self/fd/{os.open(folder, os.O_RDONLY)}"))  # wherever it is mounted by then
        return Group(tuple(held))

    def sweep(self) -> None:
        """Removes the groups of runs that have ended."""
        for _, folder in self.rows:
            _remove_below(folder)

    def remove(self) -> None:
        self.sweep()
        for _, folder in self.rows:
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _places(row: Row) -> Iterator[str]:
    """Where a folder for groups may be: below our own group, else beside it, as the rule of version 2 against
    processes in inner groups wants it."""
    with contextlib.suppress(OSError), open("/proc/self/cgroup") as file:
        for line in file:
            number, controllers, path = line.rstrip("\n").split(":", 2)
            if row.version == 1 and row.controller in controllers.split(","):
                yield f"{MOUNT}/{row.controller}{path.rstrip('/')}"
            if row.version == 2 and number == "0" and os.path.exists(f"{MOUNT}/cgroup.controllers"):
                yield from (f"{MOUNT}{above.rstrip('/')}" for above in (path, os.path.dirname(path), "/"))


def _made(row: Row, place: str) -> str:
    """The folder, if this user can have it and the controller is at work in it. Else nothing."""
    folder = f"{place}/overnight-{os.getpid()}-{os.urandom(4).hex()}"  # another pid namespace may have the same number
    with contextlib.suppress(OSError):
        os.makedirs(folder, exist_ok=True)
        if row.version == 2:
            write(f"{folder}/cgroup.subtree_control", f"+{row.controller}")
        os.makedirs(trial := f"{folder}/0", exist_ok=True)
        usable = os.access(f"{trial}/{row.files[0]}", os.W_OK)
        os.rmdir(trial)
        if usable:
            return folder
        os.rmdir(folder)
    return ""


def _remove_empty(place: str) -> None:
    with contextlib.suppress(OSError):
        for name in os.listdir(place):
            if name.startswith("overnight-") and not os.path.exists(f"/proc/{name.split('-')[1]}"):
                _remove_below(f"{place}/{name}")
                os.rmdir(f"{place}/{name}")


def _remove_below(folder: str) -> None:
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if entry.is_dir():
                with contextlib.suppress(OSError):  # somebody is still in it
                    os.rmdir(entry)

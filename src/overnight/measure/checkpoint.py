"""What a run has saved to go on from (`resume:`), copied while it works, and laid into its folder when that same run is
executed again.

A copy is whole or there is none: regular files with one name, reached through no link, none of which has changed while
they were read. Who is interrupted while it writes has to write beside and then rename. Nothing is read from what is
copied, and it comes back to that run only: same night, commit, seed and split.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from overnight.measure.files import inside, remove
from overnight.model import Run
from overnight.repo.plain import opened

LARGEST = 1 << 30  # bytes; what is larger is not carried
FILES, DEPTH, BLOCK = 1000, 16, 1 << 20
USED = "used"

Listing = dict[str, tuple[int, int, int, int]]
"""By path: device, inode, size, and when it was last changed."""


@dataclass(frozen=True, slots=True)
class Saved:
    """`folder` holds it. Seconds: what the run had used when all of it had been written, from its first start on."""

    folder: Path
    wall_seconds: float
    cpu_seconds: float


class Keeper(Protocol):
    """Where checkpoints are between two executions of a run. Called by the thread that measures it and its helper."""

    def find(self, run: Run) -> Saved | None:
        """What is to be laid into its folder. It stays there until `forget`."""
        ...

    def keep(self, run: Run, saved: Saved) -> bool:
        """Takes the folder over, in the place of the one before. False: not now, and nothing was taken."""
        ...

    def forget(self, run: Run) -> None:
        """It has ended, or cannot go on from there."""
        ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """A Keeper: a folder for each run, of the newest `most` runs."""

    folder: Path
    most: int
    given: dict[str, int] = field(default_factory=dict)  # by run: which one may have to be laid again
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, run: Run) -> Saved | None:
        key = _key(run)
        with self.lock:
            self.given[key] = max(self._numbers(key), default=0)
        place = self.folder / key / str(self.given[key])
        try:
            wall, cpu = map(float, (place / USED).read_text().split())
        except (OSError, ValueError):  # there is none, or a power cut has spoilt it
            return None
        return Saved(place / "files", wall, cpu)

    def keep(self, run: Run, saved: Saved) -> bool:
        with self.lock:
            self._put(_key(run), saved)
        return True

    def forget(self, run: Run) -> None:
        with self.lock:
            remove(self.folder / _key(run))

    def _put(self, key: str, saved: Saved) -> None:
        former, whole = self._numbers(key), self.folder / "part"
        remove(whole)
        whole.mkdir(parents=True)
        (whole / USED).write_text(f"{saved.wall_seconds} {saved.cpu_seconds}")
        shutil.move(saved.folder, whole / "files")
        (self.folder / key).mkdir(exist_ok=True)
        whole.rename(self.folder / key / str(max(former, default=0) + 1))
        for number in former:
            if number != self.given.get(key):
                remove(self.folder / key / str(number))
        for other in sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime)[: -self.most]:
            remove(other)

    def _numbers(self, key: str) -> list[int]:
        return [int(path.name) for path in (self.folder / key).glob("*")]


def look(tree: Path, name: str) -> Listing:
    """What lies there. Nothing, where that is not what can be carried."""
    found: Listing = {}
    waiting = [name]
    while waiting:
        path = waiting.pop()
        try:
            seen = (tree / path).lstat()
            if os.path.isdir(tree / path) and not os.path.islink(tree / path):
                waiting += [f"{path}/{child}" for child in os.listdir(tree / path)]
            else:
                found[path] = (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns)
        except OSError:  # it is not there, or may not be entered
            return {}
        deep = path.count("/") - name.count("/")
        if deep > DEPTH or len(found) + len(waiting) > FILES or sum(size for _, _, size, _ in found.values()) > LARGEST:
            return {}
    return found


def copy(tree: Path, name: str, into: Path, wanted: Callable[[], bool] = lambda: True) -> Listing:
    """Fills `into` with what `name` is, and says what was copied. Nothing: it is not whole, or is not `wanted`."""
    listing = look(tree, name)
    try:
        for path, identity in listing.items():
            target = into / os.path.relpath(path, os.path.dirname(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            if not _copied(tree, path, identity, target, wanted):
                return {}
    except OSError:
        return {}
    return listing if listing == look(tree, name) else {}


def lay(saved: Saved, tree: Path, name: str) -> None:
    """Into a checkout in which nothing has run yet. Nothing is laid where something is, or through a link."""
    source, target = saved.folder / os.path.basename(name), tree / name
    if not inside(tree, target.parent) or os.path.lexists(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _copied(tree: Path, path: str, identity: tuple[int, ...], target: Path, wanted: Callable[[], bool]) -> bool:
    with opened(tree, path) as (file, _), target.open("wb") as out:
        seen, left = os.fstat(file), identity[2]
        if (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns) != identity:
            return False
        while left and wanted() and (block := os.read(file, min(BLOCK, left))):
            out.write(block)
            left -= len(block)
        return not left


def _key(run: Run) -> str:
    """A run that is called the same and is not, as of another commit, has another one."""
    which = f"{run.commit} {run.seed} {run.split} {run.purpose} {run.box_seconds}"
    return f"{run.id}-{hashlib.sha256(which.encode()).hexdigest()[:12]}"

"""Checkouts for runs: a folder with the files of a commit, byte for byte as git stores them, without `.git`.

The first commit that is asked for is written once, as a pristine folder; every checkout copies it and writes anew only
what differs. Copies, not hard links, which would let a run change the next one's files; large files share their blocks
where the file system can (btrfs, XFS on Linux). Any thread may call it. A half-made pristine folder is never used.

Not covered: LFS pointers and submodules stay as they are in the tree (a pointer, an empty folder).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from overnight.repo.objects import LINK, SUBMODULE, Entry, Object, Tree

FICLONE = 0x40049409  # linux/fs.h; elsewhere the call fails and the bytes are copied
WORTH_SHARING = 64 * 1024  # bytes; below, one read and one write are quicker


class Objects(Protocol):
    def get(self, name: str) -> Object: ...


class Source(Protocol):
    """Where the files come from: a `Repo`, or what was sent of one."""

    @property
    def git(self) -> Objects: ...

    def files(self, commit: str) -> Tree: ...

    def files_beside(self, commit: str, other: str, files: Tree) -> Tree: ...

    def watched(self, name: str) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True)
class _Base:
    folder: Path
    files: Tree


class Pristine:
    """`cache` belongs to one night, whose lock keeps others out of it."""

    def __init__(self, repo: Source, cache: Path) -> None:
        self.repo, self.cache = repo, cache
        self._base: _Base | None = None
        self._lock = threading.Lock()

    def checkout(self, commit: str, into: Path) -> None:
        """Fills `into`, which must not exist or be empty."""
        base = self._based_on(commit)
        with self.repo.watched("checkout"):
            files = self.repo.files_beside(commit, base.folder.name, base.files)
            self._fill(into, files, base)

    def _based_on(self, commit: str) -> _Base:
        with self._lock:
            if self._base is None:
                base = _Base(self.cache / commit, self.repo.files(commit))
                if not base.folder.exists():
                    self._make(base)
                self._base = base
            return self._base

    def _make(self, base: _Base) -> None:
        part = self.cache / "part"
        if part.exists():
            shutil.rmtree(part)
        with self.repo.watched("base.write"):
            self._fill(part, base.files, _Base(part, {}))
        with self.repo.watched("base.rename"):
            part.rename(base.folder)

    def _fill(self, into: Path, files: Tree, base: _Base) -> None:
        for folder in sorted({os.path.dirname(path) for path in files} | {""}):
            os.makedirs(into / folder, exist_ok=True)
        for path, entry in files.items():
            target = os.path.join(into, path)
            if entry.mode == SUBMODULE:
                os.mkdir(target)
            elif entry.plain and base.files.get(path) == entry:
                _copy(os.path.join(base.folder, path), target, entry)
            else:
                write(target, entry, self.repo.git.get(entry.oid).data)


def write(target: str, entry: Entry, data: bytes) -> None:
    """A file or a link as git stores it, byte for byte."""
    if entry.mode == LINK:
        os.symlink(data, os.fsencode(target))
        return
    with os.fdopen(_create(target, entry), "wb") as file:
        file.write(data)


def _copy(source: str, target: str, entry: Entry) -> None:
    with open(source, "rb") as old, os.fdopen(_create(target, entry), "wb") as new:
        small = old.read(WORTH_SHARING)
        if len(small) < WORTH_SHARING:
            new.write(small)
        elif not _shared(old.fileno(), new.fileno()):
            old.seek(0)
            shutil.copyfileobj(old, new)


def _shared(source: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        return False
    return True


def _create(target: str, entry: Entry) -> int:
    mode = 0o777 if int(entry.mode, 8) & 0o100 else 0o666
    return os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)

"""Checkouts for runs: a folder with the files of a commit, byte for byte as git stores them, without `.git`.

The first commit that is asked for is written once, as a pristine folder; every checkout copies it and writes anew only
what differs. Copies, not hard links, which would let a run change the next one's files; large files share their blocks
where the file system can (btrfs, XFS on Linux). Any thread may call it. A half-made pristine folder is never used.

Who is given a way to do things `later` has spares: copies that were made before somebody waited for one, as many as it
takes that none is missing, where the files are few and small. A commit with the same paths takes one of them.

Not covered: LFS pointers and submodules stay as they are in the tree (a pointer, an empty folder).
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from overnight.errors import GitError
from overnight.repo.objects import LINK, SUBMODULE, Entry, Object, Tree

FICLONE = 0x40049409  # linux/fs.h; elsewhere the call fails and the bytes are copied
WORTH_SHARING = 64 * 1024  # bytes; below, one read and one write are quicker
SPARES, SPARE_BYTES, SPARE_FILES = 16, 64 << 20, 500  # at most, of each; bytes of all together, files of one


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

    def __init__(self, repo: Source, cache: Path, later: Callable[[Callable[[], None]], None] | None = None) -> None:
        self.repo, self.cache = repo, cache
        self._base: _Base | None = None
        self._lock = threading.Lock()
        self._later, self._spares, self._missing = later, list[Path](), 0

    def checkout(self, commit: str, into: Path) -> None:
        """Fills `into`, which must not exist or be empty."""
        base = self._based_on(commit)
        with self.repo.watched("checkout"):
            files = self.repo.files_beside(commit, base.folder.name, base.files)
            changed = [path for path, entry in files.items() if base.files.get(path) != entry]
            if spare := self._spare(base, files, changed):
                os.renames(spare, into)
                for path in changed:
                    os.unlink(into / path)
            self._fill(into, {path: files[path] for path in changed} if spare else files, base)

    def _spare(self, base: _Base, files: Tree, changed: Sequence[str]) -> Path | None:
        """One that differs from these files in what is changed, and in nothing else."""
        same = files.keys() == base.files.keys()
        if not self._later or not same or any(SUBMODULE in (files[p].mode, base.files[p].mode) for p in changed):
            return None
        with self._lock:
            spare = self._spares.pop() if self._spares else None
            self._missing -= (more := not spare and self._missing > 0)
        if spare or more:
            self._later(partial(self._make_spare, base))
        return spare

    def _make_spare(self, base: _Base) -> None:
        spare = self.cache / f"spare-{secrets.token_hex(6)}"
        try:
            self._fill(spare, base.files, base)
        except (OSError, GitError):  # a full disk: who needs the next checkout says so
            shutil.rmtree(spare, ignore_errors=True)
            return
        with self._lock:
            self._spares.append(spare)

    def _based_on(self, commit: str) -> _Base:
        with self._lock:
            if self._base is None:
                base = _Base(self.cache / commit, self.repo.files(commit))
                if not base.folder.exists():
                    self._make(base)
                self._base = base
                self._missing = _spares(base) if self._later else 0
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


def _spares(base: _Base) -> int:
    """How many copies are few and small."""
    size = sum(os.lstat(base.folder / path).st_size for path in base.files)
    return min(SPARES, SPARE_BYTES // max(1, size)) if len(base.files) <= SPARE_FILES else 0


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

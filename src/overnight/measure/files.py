"""The files of a run: what is linked in before it, what is kept after it, and the end of the rest.

What a run leaves is not trusted: it may be links, pipes, folders that nobody may enter, or deeper than a path is long.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path


def link_shares(
    shares: Iterable[str], root: Path, tree: Path, user_home: Path, home: Path, without: Collection[Path] = ()
) -> None:
    """Links each shared path that exists to where the run looks for it: below `home` for one that starts with ~/,
    else below `tree`. An absolute path needs no link. What lies in `without` is left out, also of a shared folder."""
    for path in shares:
        if path.startswith("~/"):
            _link(home, path[2:], user_home / path[2:], without)
        elif not path.startswith("/"):
            _link(tree, path, root / path, without)


def inside(folder: Path, path: Path) -> bool:
    """True when `path`, links followed, is still in `folder`."""
    return path.resolve().is_relative_to(folder.resolve())


def keep(folder: Path, patterns: Iterable[str], into: Path, limit_bytes: float) -> None:
    """Moves the regular files that match, as far as they fit: no links, and nothing that is reached through one."""
    for path in sorted(set(_matching(folder, patterns))):
        with contextlib.suppress(PermissionError, FileNotFoundError):
            size = path.lstat().st_size
            if size <= limit_bytes:
                limit_bytes -= size
                target = into / path.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, target)


LEVELS = 16  # of folders that are removed from here: each holds a descriptor


def remove(folder: Path) -> None:
    """What is odd or deep is left to programs, whose start takes time. What even root may not remove stays."""
    with contextlib.suppress(OSError):
        _empty(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW), LEVELS)
        os.rmdir(folder)
    for command in (["rm", "-rf"], ["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
        if os.path.lexists(folder):
            subprocess.run([*command, folder], stdin=subprocess.DEVNULL, capture_output=True, check=False)


class Broom:
    """Does what nobody need wait for, one thing after the other. It removes folders: what is swept has its name no more
    at once, and what cannot be renamed, since a run put something in the way, is removed there and then. Its thread is
    there while there is something to do."""

    def __init__(self) -> None:
        self._jobs: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None
        self._lock, self._numbers = threading.Lock(), itertools.count(1)

    def sweep(self, folder: Path) -> None:
        try:
            self.do(partial(remove, folder.rename(folder.with_name(f".swept-{next(self._numbers)}"))))
        except OSError:
            remove(folder)

    def do(self, job: Callable[[], None]) -> None:
        """`job` says nothing of what goes wrong."""
        with self._lock:
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="broom", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Until all is done."""
        if thread := self._thread:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._thread = None
                    return
                job = self._jobs.popleft()
            job()


def _empty(folder: int, levels: int) -> None:
    """By descriptors: what still runs cannot lead it elsewhere. Closes the one that it is given."""
    try:
        with os.scandir(folder) as found:
            for name, is_folder in [(each.name, each.is_dir(follow_symlinks=False)) for each in found]:
                if not is_folder:
                    os.unlink(name, dir_fd=folder)
                elif levels:
                    _empty(os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder), levels - 1)
                    os.rmdir(name, dir_fd=folder)
    finally:
        os.close(folder)


def _link(below: Path, path: str, target: Path, without: Collection[Path]) -> None:
    link = below / path
    if target in without or not target.exists() or not inside(below, link.parent):
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    partly = any(path.is_relative_to(target) for path in without)
    if (link.is_dir() or partly) and target.is_dir() and not link.is_symlink():  # link what is missing, one by one
        for child in target.iterdir():
            _link(below, f"{path}/{child.name}", child, without)
    elif not os.path.lexists(link):
        link.symlink_to(target)


def _matching(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """As far as they can be read: a run may have left a thousand levels, or folders that nobody may enter."""
    for pattern in patterns:
        with contextlib.suppress(OSError, RecursionError):
            for path in folder.glob(pattern):
                seen = path.lstat()
                if stat.S_ISREG(seen.st_mode) and seen.st_nlink == 1 and inside(folder, path):
                    yield path

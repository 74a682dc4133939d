"""The lock of a night: who is its one writer.

It is an flock on `<folder>/lock`, which the kernel drops when the last process that inherited it has ended: after a
kill -9 nothing has to be cleaned up. Git children inherit it on purpose, so that a new coordinator waits for an orphan
that may still move a ref. What the file says is for people; it never decides. On one machine only: flock over a network
file system is as good as that file system.
"""

from __future__ import annotations

import fcntl
import math
import os
import socket
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec
import psutil

from overnight.errors import Busy

POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds, or last held, the lock. `since`: UTC seconds, the lock file's time."""

    pid: int
    host: str
    user: str
    command: str
    since: float = 0.0

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.since).strftime("%Y-%m-%d %H:%M:%S")
        return f"process {self.pid} of {self.user} on {self.host} ({self.command}), since {when}"


NOBODY_KNOWN = Holder(0, "?", "?", "?")


def acquire(path: Path, command: str, patience_seconds: float) -> int:
    """The locked descriptor. Busy at once where its holder lives, or may live on another host; where it is dead, or the
    file says nothing, something that it left may need a moment to end: then Busy after `patience_seconds`."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    for _ in range(1 + math.ceil(patience_seconds / POLL_SECONDS)):
        if _locked(fd, fcntl.LOCK_EX):
            _write(fd, Holder(os.getpid(), socket.gethostname(), psutil.Process().username(), command))
            return fd
        if _may_live(_read(fd)):
            break
        time.sleep(POLL_SECONDS)
    said = _read(fd)
    os.close(fd)
    raise Busy(_refusal(path, said))


def release(fd: int) -> None:
    """Gives the lock up, unless a child still holds it too: the file then names nobody."""
    os.ftruncate(fd, 0)
    os.close(fd)


def holder(folder: Path) -> Holder | None:
    """Who holds the night's lock at this moment; None when nobody does."""
    path = folder / "lock"
    if not path.is_file():
        return None
    fd = os.open(path, os.O_RDONLY)
    try:
        return None if _locked(fd, fcntl.LOCK_SH) else _read(fd)
    finally:
        os.close(fd)


def _locked(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(fd: int, said: Holder) -> None:
    os.ftruncate(fd, 0)
    written = {name: value for name, value in asdict(said).items() if name != "since"}  # that is the file's time
    os.pwrite(fd, msgspec.json.encode(written), 0)


def _read(fd: int) -> Holder:
    text = os.pread(fd, 4096, 0)
    try:
        return replace(msgspec.json.decode(text, type=Holder), since=os.fstat(fd).st_mtime)
    except ValueError:  # JSON of another shape, or no text at all
        return NOBODY_KNOWN


def _may_live(said: Holder) -> bool:
    if said == NOBODY_KNOWN:
        return False
    if said.host != socket.gethostname():
        return True
    try:
        return bool(psutil.Process(said.pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _refusal(path: Path, said: Holder) -> str:
    if _may_live(said):
        return f"this night is held by {said}; `overnight status` shows it, `overnight stop` ends it"
    return f"{path} is still held by something that an ended coordinator started; `fuser {path}` names it"

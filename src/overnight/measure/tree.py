"""The processes below this one, by /proc: who they are, and the end of all of them.

A list of children is never proof: it may miss one while another exits (proc(5)). Only ECHILD is, and for orphans
only in a subreaper. Where there is no /proc the lists are empty. Standard library only: the warden imports this.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator


def children(pid: int) -> list[int]:
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        return [int(child) for task in tasks for child in read(f"/proc/{pid}/task/{task}/children").split()]
    except OSError:  # it has ended meanwhile
        return []


def descendants(pid: int) -> Iterator[int]:
    waiting = children(pid)
    while waiting:
        yield (child := waiting.pop())
        waiting += children(child)


def reap(also: int = 0) -> tuple[dict[int, int], bool]:
    """pid → status of children that have ended, and whether there are more children. So many at most that a run
    which forks without end cannot hold us here. `also`: those that were stopped, with WUNTRACED."""
    ended: dict[int, int] = {}
    with contextlib.suppress(ChildProcessError):
        while len(ended) < 1000:
            pid, status = os.waitpid(-1, os.WNOHANG | also)
            if not pid:
                return ended, True
            ended[pid] = status
        return ended, True
    return ended, False


def kill_tree(patience: float, alarm: int) -> tuple[dict[int, int], bool]:
    """Kills and reaps until no child is left, or patience is. Gives what `reap` gives. `alarm` wakes us at a death.

    A child keeps its pid until it is reaped, so no stranger is hit."""
    ended: dict[int, int] = {}
    give_up, pause = time.monotonic() + patience, 0.0002
    while time.monotonic() < give_up:
        for pid in children(os.getpid()):
            kill(pid)
        now_ended, more = reap()
        ended |= now_ended
        if not more:
            return ended, False
        if select.select([alarm], [], [], pause)[0]:
            quiet(alarm)
        pause = min(0.01, pause * 1.5)
    return ended, True


def wake_on_death() -> int:
    """A descriptor that becomes readable when a child has ended."""
    alarm, ring = os.pipe()
    os.set_blocking(alarm, False)
    os.set_blocking(ring, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    return alarm


def quiet(alarm: int) -> None:
    with contextlib.suppress(BlockingIOError):
        os.read(alarm, 1 << 16)


def kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def read(path: str) -> str:
    """All of a file of the kernel's, in a quarter of the time that `open` takes."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return b"".join(iter(lambda: os.read(fd, 1 << 16), b"")).decode(errors="replace")
    finally:
        os.close(fd)


def write(path: str, value: object) -> None:
    """Into a file of the kernel's: where there is none, none is made."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, str(value).encode())
    finally:
        os.close(fd)

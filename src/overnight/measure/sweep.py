"""Ends what is left of a night whose coordinator and warden were killed at the same moment. Linux; elsewhere nothing.

Ours is a process that carries the night's token in its environment, or works below the night's scratch folder without
having a terminal (a person who looks around there has one). What gave up both is not found.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

PROC = Path("/proc")
ROUNDS = 200
"""Who forks while we look is found in the next round; a process that a driver holds is found in all of them."""


def sweep(scratch: Path, token: str) -> list[int]:
    """Kills them until none is left, never itself or an ancestor, and gives their ids."""
    ended: dict[int, None] = {}
    for _ in range(ROUNDS):
        found = [pid for pid in _others() if _is_ours(pid, scratch, token)]
        if not found:
            break
        ended |= dict.fromkeys(pid for pid in found if _end(pid, scratch, token))
        time.sleep(0.005)
    return list(ended)


def _others() -> set[int]:
    pids = {int(entry.name) for entry in PROC.glob("[0-9]*")}
    pid = os.getpid()
    while pid > 0:
        pids.discard(pid)
        pid = int(_stat(pid)[1])
    return pids


def _is_ours(pid: int, scratch: Path, token: str) -> bool:
    with contextlib.suppress(OSError):  # another user's, or it has ended
        environment = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
        if f"OVERNIGHT_NIGHT={token}".encode() in environment:
            return True
        folder = Path(os.readlink(PROC / str(pid) / "cwd").removesuffix(" (deleted)"))
        has_terminal = _stat(pid)[4] != "0"
        return folder.is_relative_to(scratch.resolve()) and not has_terminal
    return False


def _stat(pid: int) -> list[str]:
    """State, parent, group, session, terminal and so on (proc(5), from the third field)."""
    return (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()


def _end(pid: int, scratch: Path, token: str) -> bool:
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if _is_ours(pid, scratch, token):  # the same process that was found, not one that got its number since
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return True
        finally:
            os.close(handle)
    return False

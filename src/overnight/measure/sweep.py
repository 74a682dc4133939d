"""Ends what is left of a night whose coordinator and warden were killed at the same moment. Linux from 5.3 on;
elsewhere nothing.

Ours is a process that carries the night's token in its environment, or works below the night's scratch folder without
having a terminal (a person who looks around there has one), or has mounts of its own from there, as everything at level
3 has and cannot give up. Not covered: what gave up the first two at a lower level, and what forks on faster than we can
look.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

ROUNDS, QUIET_ROUNDS = 200, 5
"""A process that forks and exits may be missed in one round; one that a driver holds is found in all of them."""


def sweep(scratch: Path, token: str) -> list[int]:
    """Kills them until none is left, never itself or an ancestor, and gives their ids."""
    if not os.path.exists("/proc/self/environ"):
        return []
    ended: dict[int, None] = {}
    quiet, spared, place = 0, _ancestors(), str(scratch.resolve())
    for _ in range(ROUNDS):
        pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
        newest_first = sorted(set(pids) - spared, reverse=True)
        found = [pid for pid in newest_first if _end_if_ours(pid, place, token)]
        ended |= dict.fromkeys(found)
        quiet = 0 if found else quiet + 1
        if quiet == QUIET_ROUNDS:
            break
        time.sleep(0.002)
    return list(ended)


def _ancestors() -> set[int]:
    pids, pid = set(), os.getpid()
    while pid > 0:
        pids.add(pid)
        pid = int(_stat(pid)[1])
    return pids


def _end_if_ours(pid: int, place: str, token: str) -> bool:
    """Holds it by a descriptor before it looks, so that no other process that gets its number is hit."""
    if sys.platform != "linux":
        return False
    with contextlib.suppress(OSError):  # it has ended, or is another user's
        handle = os.pidfd_open(pid)
        try:
            if ours := _is_ours(pid, place, token):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            return ours
        finally:
            os.close(handle)
    return False


def _is_ours(pid: int, place: str, token: str) -> bool:
    with open(f"/proc/{pid}/environ", "rb") as file:
        if f"OVERNIGHT_NIGHT={token}".encode() in file.read().split(b"\0"):
            return True
    if _has_mounts_from(place, pid):
        return True
    folder = os.readlink(f"/proc/{pid}/cwd").removesuffix(" (deleted)")
    has_terminal = _stat(pid)[4] != "0"
    return f"{folder}/".startswith(f"{place}/") and not has_terminal


def _has_mounts_from(place: str, pid: int) -> bool:
    if os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
        return False
    escaped = place.replace("\\", r"\134").replace(" ", r"\040")
    with open(f"/proc/{pid}/mountinfo", errors="replace") as file:
        return f" {escaped}/" in file.read()


def _stat(pid: int) -> list[str]:
    """State, parent, group, session, terminal and so on: proc(5), from the third field."""
    with open(f"/proc/{pid}/stat", errors="replace") as file:
        return file.read().rpartition(")")[2].split()

"""How a supervisor starts its run: fork, confine, exec. Standard library only: the warden imports this."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from typing import Any

from overnight.measure.sandbox import landlock, seccomp
from overnight.measure.tree import write

LINUX = sys.platform == "linux"
DEATH_SIGNAL, SUBREAPER, NO_NEW_PRIVILEGES = 1, 36, 38  # prctl(2)
CHANNEL, FILTER, STATUS = 3, 4, 5  # descriptors that a run, and bwrap around it, may be given
RESERVED = 2.0
"""So many times its memory limit may a process reserve without using it."""
libc = ctypes.CDLL(None)


def start(spec: dict[str, Any], channel: int | None) -> tuple[int, int, int]:
    """Execs the run in a session of its own. Gives its pid, and the reading ends of its output and of bwrap's words.

    What a child inherits this process takes on itself: without anything to do between fork and exec, the fork is a
    vfork, which copies no page tables. That saves bwrap two milliseconds; it sees by itself that it dies with us."""
    given = {CHANNEL: channel} if channel is not None else {}
    (pipe, into), (status, words) = os.pipe(), os.pipe()
    if spec["nested"]:
        given |= {FILTER: _file(bytes.fromhex(spec["filter"])), STATUS: words}
    for number, fd in given.items():
        os.dup2(fd, number)
    supervisor = os.getpid()
    with _inherited(spec):
        process = subprocess.Popen(
            spec["argv"], env=spec["env"], cwd=spec["cwd"], start_new_session=True, pass_fds=list(given),
            preexec_fn=None if spec["nested"] else lambda: _confine(spec, supervisor),
            stdin=subprocess.DEVNULL, stdout=into, stderr=into,
        )  # fmt: skip
    for number, fd in given.items():
        os.dup2(0, number, inheritable=False)
        if fd != words:
            os.close(fd)
    os.close(into)
    os.close(words)
    process.returncode = 0  # it is we who wait for it
    return process.pid, pipe, status


def prctl(option: int, value: int) -> None:
    if LINUX and libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(f"prctl({option}) failed")


@contextlib.contextmanager
def _inherited(spec: dict[str, Any]) -> Iterator[None]:
    """The limits stay on us too, since they are wide; cores and the order of dying are ours again afterwards."""
    prctl(NO_NEW_PRIVILEGES, 1)  # we could not kill what runs as somebody else
    _limit(spec)
    if sys.platform != "linux":
        yield
        return
    cores = os.sched_getaffinity(0) if spec["cores"] else set()
    _move_to(spec["cores"])
    _first_to_go(900)  # when memory runs out the run goes, not the coordinator
    try:
        yield
    finally:
        _move_to(cores)
        _first_to_go(0)


def _move_to(cores: Collection[int]) -> None:
    if sys.platform == "linux" and cores:
        os.sched_setaffinity(0, cores)


def _first_to_go(score: int) -> None:
    with contextlib.suppress(OSError):
        write("/proc/self/oom_score_adj", score)


def _limit(spec: dict[str, Any]) -> None:
    """What the kernel holds by itself, for each process alone; the supervisor counts them together."""
    _lower(resource.RLIMIT_CORE, 0)
    if spec["writes_mb"] is not None:
        most = max(spec["writes_mb"] * 1e6, spec["output_bytes"])
        _lower(resource.RLIMIT_FSIZE, most + 4e6)  # so that the sum is over its limit before
    if spec["memory_mb"] is not None and LINUX:
        _lower(resource.RLIMIT_DATA, RESERVED * max(spec["memory_mb"] * 1e6, 1e8))


def _lower(which: int, limit: float) -> None:
    hard = resource.getrlimit(which)[1]
    value = int(limit) if hard == resource.RLIM_INFINITY else min(int(limit), hard)
    resource.setrlimit(which, (value, value))


def _confine(spec: dict[str, Any], supervisor: int) -> None:
    """In the child, before it execs."""
    prctl(DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(125)
    if spec["fence"]:
        landlock.restrict(spec["fence"])
        prctl(DEATH_SIGNAL, signal.SIGKILL)  # a change of user has cleared it
    if spec["filter"]:
        seccomp.load(bytes.fromhex(spec["filter"]))


def _file(content: bytes) -> int:
    """One without a name, to be read from its start."""
    if sys.platform != "linux":
        raise OSError("only Linux has files without a name")
    fd = os.memfd_create("filter")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd

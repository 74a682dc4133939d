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
from typing import Any, NamedTuple

from overnight.measure.sandbox import landlock, seccomp
from overnight.measure.tree import descendants, write

LINUX = sys.platform == "linux"
DEATH_SIGNAL, SUBREAPER, NO_NEW_PRIVILEGES = 1, 36, 38  # prctl(2)
CHANNEL, FILTER, STATUS, GATE = 3, 4, 5, 6  # descriptors that a run, and bwrap around it, may be given
RESERVED = 2.0
"""So many times its memory limit may a process reserve without using it."""
libc = ctypes.CDLL(None)


class Child(NamedTuple):
    pid: int
    pipe: int  # where its output is read
    words: int  # and bwrap's
    gate: int | None  # bwrap waits for a byte there when its walls stand


def start(spec: dict[str, Any], channel: int | None) -> Child:
    """Execs the run in a session of its own.

    What a child inherits this process takes on itself: without anything to do between fork and exec, the fork is a
    vfork, which copies no page tables. That saves bwrap two milliseconds; it sees by itself that it dies with us."""
    given = {CHANNEL: channel} if channel is not None else {}
    (pipe, into), (status, words) = os.pipe(), os.pipe()
    if spec["nested"]:
        given |= {FILTER: _file(bytes.fromhex(spec["filter"])), STATUS: words, GATE: _gate()}
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
        if number in (CHANNEL, FILTER):
            os.close(fd)
    os.close(into)
    os.close(words)
    process.returncode = 0  # it is we who wait for it
    return Child(process.pid, pipe, status, given.get(GATE))


def let_go(child: Child, cores: Collection[int]) -> None:
    """Opens the gate."""
    assert child.gate is not None
    if cores:
        os.read(child.words, 4096)  # the second bwrap is there, and makes no third before it is let through
        for pid in (child.pid, *descendants(child.pid)):
            move(pid, cores)
    os.write(child.gate, b"+")
    os.close(child.gate)


def move(pid: int, cores: Collection[int]) -> None:
    if sys.platform == "linux" and cores:
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(pid, cores)


def prctl(option: int, value: int) -> None:
    if LINUX and libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(f"prctl({option}) failed")


@contextlib.contextmanager
def _inherited(spec: dict[str, Any]) -> Iterator[None]:
    """The limits stay on us too, since they are wide; the order of dying is ours again afterwards."""
    prctl(NO_NEW_PRIVILEGES, 1)  # we could not kill what runs as somebody else
    _limit(spec)
    if sys.platform != "linux":
        yield
        return
    _first_to_go(900)  # when memory runs out the run goes, not the coordinator
    try:
        yield
    finally:
        _first_to_go(0)


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
    move(0, spec["cores"])
    if spec["fence"]:
        landlock.restrict(spec["fence"])
        prctl(DEATH_SIGNAL, signal.SIGKILL)  # a change of user has cleared it
    if spec["filter"]:
        seccomp.load(bytes.fromhex(spec["filter"]))


def _gate() -> int:
    """A pipe that is never at its end: who waits there is not let through by our death."""
    reading, writing = os.pipe()
    both = os.open(f"/proc/self/fd/{reading}", os.O_RDWR)
    os.close(reading)
    os.close(writing)
    return both


def _file(content: bytes) -> int:
    """One without a name, to be read from its start."""
    if sys.platform != "linux":
        raise OSError("only Linux has files without a name")
    fd = os.memfd_create("filter")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd

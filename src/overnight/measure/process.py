"""The coordinator's side of the warden: what to run, what came of it, and a handle on what runs.

Any thread may start, stop and wait. If the warden dies, the next start begins another; if a supervisor dies, its run
has ended as FAILED. FAILED is always ours, or the machine's: it says nothing about the candidate.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from overnight.errors import OvernightError
from overnight.measure.birth import CHANNEL
from overnight.measure.letters import NOW, letter
from overnight.measure.sandbox import apart
from overnight.model import Usage

PACKAGES = Path(__file__).parents[2]
BEGIN = "import sys; sys.path.append(sys.argv[1]); from overnight.measure import warden; warden.main(*sys.argv[2:])"
Beat = Callable[[float, float], None]
"""Told the wall and CPU seconds of a run, at each heartbeat."""


class Why(StrEnum):
    """What ended a run."""

    EXIT = "exit"  # it did, by itself or by a signal that was not ours
    TIMEOUT = "timeout"
    CPU = "cpu"
    OUTPUT = "output"  # this and the next three: more than it may
    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"
    STOPPED = "stopped"
    PRUNED = "pruned"  # stopped for a rung that it had failed
    FAILED = "failed"  # our fault, such as a full disk
    LOST = "lost"  # whoever watched it was killed


@dataclass(frozen=True, slots=True)
class Fence:
    """What a run is confined to by the process that starts it, before it execs: see `sandbox.landlock`."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    network: bool
    uid: int | None = None  # for a coordinator that is root: the user that the run is instead


@dataclass(frozen=True, slots=True)
class Spec:
    """What to execute, and its limits."""

    argv: tuple[str, ...]
    env: Mapping[str, str]  # the whole of it
    cwd: str
    log: str  # what it prints goes here
    kill_after_seconds: float  # wall
    cpu_seconds: float | None = None  # of all its processes together
    grace_seconds: float = 5.0  # between SIGTERM and SIGKILL
    beat_seconds: float = 1.0  # between heartbeats
    curve: str | None = None  # what finds the number in a progress line
    output_bytes: int = 100_000_000
    cores: tuple[int, ...] = ()  # () is all
    memory_mb: float | None = None  # of all its processes together, as the next two
    processes: int | None = None  # threads count
    writes_mb: float | None = None  # to disk
    nested: bool = False  # argv starts the run as its grandchild and dies with it, as bwrap does
    fence: Fence | None = None
    filter: str = ""  # a seccomp program, in hexadecimal; a nested one finds it as file descriptor 4


@dataclass(frozen=True, slots=True)
class Ended:
    why: Why
    code: int | None = None  # None: ended by a signal
    signal: int | None = None
    usage: Usage = field(default_factory=Usage)
    curve: tuple[tuple[float, float], ...] = ()  # (seconds, value) from the progress lines
    note: str = ""


class Running:
    """One run, as its supervisor tells it. `wait` belongs to one thread, the rest to any."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._curve: list[tuple[float, float]] = []

    def go(self, cores: Sequence[int]) -> None:
        """What was held begins; no cores are all."""
        with contextlib.suppress(OSError):  # wait() will say that nobody is there
            self._line.sendall(letter(cores))

    def forget(self) -> None:
        """It is not to begin after all, and nobody waits for it."""
        self._line.close()

    def stop(self) -> None:
        """SIGTERM, and when the grace is over SIGKILL to all."""
        with contextlib.suppress(OSError):
            self._line.sendall(b"stop")

    def kill(self) -> None:
        """SIGKILL to all, now."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)

    def curve(self) -> list[tuple[float, float]]:
        """(wall seconds, value) of the progress lines that have come since this was last asked; for who waits."""
        points, self._curve = self._curve, []
        return points

    def wait(self, beat: Beat) -> Ended:
        with self._line, self._line.makefile() as lines, contextlib.suppress(OSError):
            for line in lines:
                message = _message(line)
                self._curve += ((seconds, value) for seconds, value in message.get("curve", ()))
                if "why" in message:
                    return _ended(message)
                if "wall" in message:
                    beat(message["wall"], message["cpu"])
        return Ended(Why.LOST, note="the process that watched the run was killed")


class Warden:
    def __init__(self, groups: bool = True) -> None:
        """`groups`: use control groups, where there are some to use."""
        self._groups = groups
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None

    def start(self, spec: Spec, channel: socket.socket | None = None) -> Running:
        """The run gets `channel` as file descriptor 3, and its number in OVERNIGHT_CHANNEL; ours stays open here."""
        running = self.hold(spec, channel)
        running.go(spec.cores)
        return running

    def hold(self, spec: Spec, channel: socket.socket | None = None, when: bytes = NOW) -> Running:
        """What can be done before it begins is done, such as its walls. It waits for its `go`."""
        if channel:
            spec = replace(spec, env={**spec.env, "OVERNIGHT_CHANNEL": str(CHANNEL)})
        line, theirs = socket.socketpair()
        body = letter(spec, _plain)
        with theirs, self._lock:
            orders = apart.orders(spec.argv) if spec.nested else ()
            self._hand_over(when, orders, [theirs, channel] if channel else [theirs])
        with contextlib.suppress(OSError):
            line.sendall(body)
        return Running(line)

    def close(self) -> None:
        """No more runs. Returns when all processes have ended, so stop or kill what still runs before."""
        with self._lock:
            self._discard()

    def _hand_over(self, when: bytes, orders: tuple[str, ...], sockets: list[socket.socket]) -> None:
        word = os.fsencode("\0".join(orders))
        request = when + len(word).to_bytes(4, "big") + word
        for _ in range(2):
            if self._process is None or self._process.poll() is not None:
                self._begin()
            assert self._door is not None
            with contextlib.suppress(OSError):
                socket.send_fds(self._door, [request], [item.fileno() for item in sockets])
                return
            self._discard()
        raise OvernightError("the process that starts runs (the warden) dies at once; see what it printed above")

    def _begin(self) -> None:
        self._discard()
        self._door, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", BEGIN, str(PACKAGES), str(theirs.fileno()), str(self._groups)],
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def _discard(self) -> None:
        if self._door is not None and self._process is not None:
            self._door.close()
            self._process.wait()
        self._door = self._process = None


def _message(line: str) -> Mapping[str, Any]:
    """Nothing, where the line was full when it was sent because we had been stopped."""
    try:
        message: Mapping[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return message


def _plain(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _ended(message: Mapping[str, Any]) -> Ended:
    return Ended(
        why=Why(message["why"]),
        code=message.get("code"),
        signal=message.get("signal"),
        usage=Usage(**message.get("usage", {})),
        note=message["note"],
    )

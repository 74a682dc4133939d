"""The warden: starts runs, and promises that none outlives its limits, or the coordinator.

    coordinator ──door── warden ──fork── supervisor (one for each run) ──fork, exec── the run and all it starts
         └────────── one socket for each run, handed through the door ────┘

The coordinator starts it once, with an empty environment. One byte and one socket through the door ask for a
supervisor. On its own socket a supervisor reads a spec (four bytes of length, then JSON) and writes lines of JSON: a
heartbeat each second, at last the ending. A word from the coordinator means: end the run. The end of the socket means
that the coordinator is gone, or cannot wait: kill everything.

How the promise is kept on Linux: no process here has threads, so a parent's death can be a signal; warden and
supervisors are subreapers, so an orphan becomes their child; they kill and reap until the kernel says ECHILD. The
run's output is a pipe, copied into the log by the supervisor: a daemon that holds it blocks nobody, and the cap is
exact. Elsewhere (macOS) there is no subreaper: the run's process group is killed, which a process in a group of its
own escapes; CPU and memory are known only of processes that have ended, so that a CPU limit is not enforced.

Not covered: who may see or change which files; a sandbox is one more program in the spec's argv. Standard library
only, so that the process stays small.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from overnight.measure.gauge import Gauge
from overnight.measure.log import Log
from overnight.measure.tree import children, kill, kill_tree, reap, stopped

LINUX = sys.platform == "linux"
PATIENCE = 60.0  # seconds for a kill to work, or for the coordinator to listen
TICK, BEAT = 0.25, 1.0  # seconds between samples, and between heartbeats
DEATH_SIGNAL, SUBREAPER, NO_NEW_PRIVILEGES = 1, 36, 38  # prctl(2)
libc = ctypes.CDLL(None)


def main(fd: int) -> None:
    prctl(SUBREAPER, 1)
    serve(socket.socket(fileno=fd))
    kill_tree(PATIENCE)


def serve(door: socket.socket) -> None:
    """One supervisor for each socket that comes through the door, until the coordinator is gone and all have ended."""
    poll, alarm = select.poll(), wake_on_death()
    poll.register(door, select.POLLIN)
    poll.register(alarm, select.POLLIN)
    supervisors: set[int] = set()
    while True:
        ready = dict(poll.poll(1000))
        if door.fileno() in ready:
            word, sockets, _, _ = socket.recv_fds(door, 1, 1)
            if not word:
                break
            supervisors.update(fork_supervisor(door, fd) for fd in sockets)
        quiet(alarm)
        supervisors.difference_update(reap()[0])
        for pid in set(children(os.getpid())) - supervisors:  # left by a supervisor that was killed
            kill(pid)
        for pid in filter(stopped, supervisors):  # by its run: a supervisor never stops by itself
            kill(pid)
    give_up = time.monotonic() + PATIENCE
    while supervisors and time.monotonic() < give_up:  # each hears the end of its own socket
        for pid in filter(stopped, supervisors):
            kill(pid)
        supervisors.difference_update(reap()[0])
        time.sleep(0.005)


def fork_supervisor(door: socket.socket, fd: int) -> int:
    if pid := os.fork():
        os.close(fd)
        return pid
    door.close()
    try:
        supervise(socket.socket(fileno=fd))
    finally:
        os._exit(0)


def supervise(line: socket.socket) -> None:
    os.setsid()
    prctl(SUBREAPER, 1)
    try:
        size = int.from_bytes(line.recv(4, socket.MSG_WAITALL), "big")
        ending = Supervisor(json.loads(line.recv(size, socket.MSG_WAITALL)), line).oversee()
    except Exception as error:  # noqa: BLE001 - the edge of a process: whatever it is, the run dies and it is told
        ending = {"why": "failed", "note": f"{type(error).__name__}: {error}"}
        kill_tree(PATIENCE)
    tell(line, ending, PATIENCE)


class Supervisor:
    """Watches one run from exec to its last process."""

    def __init__(self, spec: dict[str, Any], line: socket.socket) -> None:
        self.spec, self.line = spec, line
        self.why = ""  # the first reason to end the run ourselves
        self.gone = False  # the coordinator is
        self.status: int | None = None  # as wait(2) gives it
        self.poll, self.alarm, self.gauge = select.poll(), wake_on_death(), Gauge()
        self.pid, pipe = start(spec)
        self.started = time.monotonic()
        self.deadline = self.started + spec["kill_after_seconds"]
        self.next_tick = self.next_beat = self.started
        self.log = Log(spec["log"], pipe, spec["output_bytes"])
        for fd in (line.fileno(), self.alarm, pipe):
            self.poll.register(fd, select.POLLIN)

    def oversee(self) -> dict[str, Any]:
        while not self.over():
            wake = min(self.next_tick, self.deadline) - time.monotonic()
            ready = dict(self.poll.poll(max(0, math.ceil(wake * 1000))))
            if self.log.pipe in ready and not self.log.relay(self.wall()):
                self.poll.unregister(self.log.pipe)
            if self.line.fileno() in ready:
                self.listen()
            if self.alarm in ready:
                quiet(self.alarm)
                self.status = reap()[0].get(self.pid, self.status)
            self.measure()
            self.enforce()
        return self.ending(self.wall())

    def over(self) -> bool:
        grace_is_over = bool(self.why) and time.monotonic() >= self.deadline
        return self.status is not None or self.gone or grace_is_over

    def wall(self) -> float:
        return time.monotonic() - self.started

    def listen(self) -> None:
        try:
            self.gone = not self.line.recv(64)
        except OSError:
            self.gone = True
        self.end("stopped")

    def measure(self) -> None:
        now = time.monotonic()
        if now < self.next_tick:
            return
        self.gauge.sample()
        cost = time.monotonic() - now
        self.next_tick = now + max(TICK, 50 * cost)  # a large tree costs at most 2 % of a core
        if now >= self.next_beat:
            self.next_beat = now + BEAT
            tell(self.line, {"wall": self.wall(), "cpu": self.gauge.cpu_seconds}, patience=0)

    def enforce(self) -> None:
        limit = self.spec["cpu_seconds"]
        if self.log.error:
            self.end("failed")
        elif self.log.full:
            self.end("output")
        elif limit is not None and self.gauge.cpu_seconds > limit:
            self.end("cpu")
        elif time.monotonic() >= self.deadline:
            self.end("timeout")

    def end(self, why: str) -> None:
        """Asks the run to end. When its grace is over, or it has ended, everything is killed."""
        if self.why or self.status is not None:
            return
        self.why, self.deadline = why, time.monotonic() + self.spec["grace_seconds"]
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGTERM)

    def ending(self, wall: float) -> dict[str, Any]:
        self.gauge.sample()
        if self.status is None or not LINUX:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        ended, survivors = kill_tree(PATIENCE)
        own = ended.pop(self.pid, signal.SIGKILL) if self.status is None else self.status
        self.log.drain(wall)
        self.gauge.sample()
        code = os.waitstatus_to_exitcode(own)
        stuck = "; something survived SIGKILL, as what waits for a device does" if survivors else ""
        return {
            "why": self.why or "exit",
            "code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "usage": {
                "wall_seconds": wall,
                "cpu_seconds": self.gauge.cpu_seconds,
                "peak_mb": self.gauge.peak_mb,
                "waited_share": self.gauge.waited_share,
                "left_behind": sum(map(os.WIFSIGNALED, ended.values())),
            },
            "marks": self.log.marks,
            "note": self.log.error + stuck,
        }


def start(spec: dict[str, Any]) -> tuple[int, int]:
    """Execs the run in a session of its own. Gives its pid, and the reading end of its output."""
    supervisor = os.getpid()

    def prepare() -> None:
        prctl(DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(125)
        prctl(NO_NEW_PRIVILEGES, 1)  # we could not kill what runs as somebody else
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux" and spec["cores"]:
            os.sched_setaffinity(0, spec["cores"])
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("900")  # when memory runs out the run goes first, not the coordinator

    pipe, into = os.pipe()
    process = subprocess.Popen(
        spec["argv"], env=spec["env"], cwd=spec["cwd"], preexec_fn=prepare, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=into, stderr=into,
    )  # fmt: skip
    os.close(into)
    process.returncode = 0  # it is we who wait for it
    return process.pid, pipe


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


def tell(line: socket.socket, message: dict[str, Any], patience: float) -> None:
    """The coordinator may be gone, or may not listen: what has to be done goes on either way."""
    with contextlib.suppress(OSError):
        line.settimeout(patience)
        line.sendall(json.dumps(message).encode() + b"\n")


def prctl(option: int, value: int) -> None:
    if LINUX and libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(f"prctl({option}) failed")

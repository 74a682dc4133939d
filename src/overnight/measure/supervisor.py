"""The supervisor: watches one run from exec to its last process.

It waits behind a hatch for the sockets of its run. On the first it reads a letter with a spec, and gets ready what can
be; a second one, with the cores that it may have, lets the run begin. It writes lines of JSON: a heartbeat each second,
at last the ending. A word from the coordinator means: end the run. The end of the socket means that the coordinator is
gone, or cannot wait: kill everything.

How the warden's promise is kept on Linux: warden and supervisors are subreapers, so an orphan becomes their child;
they kill and reap until the kernel says ECHILD. The run's output is a pipe, copied into the log here: a daemon that
holds it blocks nobody, and the cap is exact. What a run uses is looked at four times a second, so that between two
looks it may go past a limit that no control group holds; who breaks memory, processes or writes gets no grace.
Elsewhere (macOS) there is no subreaper: the run's process group is killed, which a process in a group of its own
escapes; CPU, memory and writes are known only of processes that have ended, so that their limits are not enforced.

Standard library only: the warden imports this.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import socket
import time
from typing import Any

from overnight.measure.birth import LINUX, Child, let_go, start
from overnight.measure.gauge import Gauge
from overnight.measure.letters import heard
from overnight.measure.log import Log
from overnight.measure.progress import Progress
from overnight.measure.sandbox import apart, landlock
from overnight.measure.sandbox.cgroup import Group
from overnight.measure.tree import children, descendants, kill_tree, quiet, reap

PATIENCE = 60.0  # seconds for a kill to work, or for the coordinator to listen
TICK = 0.25  # seconds between samples
OURS = 3  # processes in a run's group: the supervisor, and bwrap twice
NO_GRACE = ("memory", "processes", "disk")


def watch(
    line: socket.socket,
    channel: int | None,
    group: Group,
    alarm: int,
    orders: tuple[str, ...] = (),
    left: tuple[str, ...] = (),
) -> None:
    """`orders`: those for which this process has gone apart, of which some are left."""
    try:
        spec = heard(line)
        if orders:
            spec["argv"] = apart.inherited(spec["argv"], orders, left)
        if not (child := begin(spec, line, channel, group)):
            kill_tree(PATIENCE, alarm)
            return
        ending = Supervisor(spec, line, child, group, alarm).oversee()
    except Exception as error:  # noqa: BLE001 - the edge of a process: whatever it is, the run dies and it is told
        ending = {"why": "failed", "note": f"{type(error).__name__}: {error}"}
        kill_tree(PATIENCE, alarm)
    tell(line, ending, PATIENCE)


def begin(spec: dict[str, Any], line: socket.socket, channel: int | None, group: Group) -> Child | None:
    """When the coordinator says so; bwrap has built its walls by then. None: it has thought better of it."""
    group.limit(_limits(spec))
    child = start(spec, channel) if spec["nested"] else None
    try:
        spec["cores"] = heard(line)
    except EOFError:
        return None
    if child:
        let_go(child, spec["cores"])
    return child or start(spec, channel)


class Supervisor:
    def __init__(self, spec: dict[str, Any], line: socket.socket, child: Child, group: Group, alarm: int) -> None:
        self.spec, self.line, self.group, self.alarm = spec, line, group, alarm
        self.why = ""  # the first reason to end the run ourselves
        self.asked = False  # it has heard of that
        self.gone = False  # the coordinator is
        self.status: int | None = None  # as wait(2) gives it
        self.poll, self.gauge = select.poll(), Gauge()
        self.pid, pipe, self.words, _ = child
        self.started = time.monotonic()
        self.deadline = self.started + spec["kill_after_seconds"]
        self.next_tick, self.next_beat = self.started + TICK, self.started
        self.progress = Progress(spec["curve"]) if spec["curve"] else None
        self.log = Log(spec["log"], pipe, spec["output_bytes"], self.progress)
        for fd in (line.fileno(), self.alarm, pipe):
            self.poll.register(fd, select.POLLIN)

    def oversee(self) -> dict[str, Any]:
        while not self.over():
            wake = min(self.next_tick, self.next_beat, self.deadline) - time.monotonic()
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
        if now >= self.next_tick:
            before = time.process_time()
            self.gauge.sample()
            cost = time.process_time() - before
            self.next_tick = now + max(TICK, 50 * cost)  # a large tree costs at most 2 % of a core
            if self.why and not self.asked:
                self.ask()
        if now >= self.next_beat:
            self.next_beat = now + self.spec["beat_seconds"]
            beat = {"wall": self.wall(), "cpu": self.gauge.cpu_seconds, "curve": self.curve()}
            tell(self.line, beat, patience=0)

    def curve(self) -> list[tuple[float, float]]:
        """What has come of it since it was last told."""
        return self.progress.taken() if self.progress else []

    def enforce(self) -> None:
        limit = self.spec["cpu_seconds"]
        if self.log.error:
            self.end("failed")
        elif self.log.full:
            self.end("output")
        elif too_much := self.too_much():
            self.end(too_much)
        elif limit is not None and self.gauge.cpu_seconds > limit:
            self.end("cpu")
        elif time.monotonic() >= self.deadline:
            self.end("timeout")

    def too_much(self) -> str:
        """The limit that the run has broken, or nothing."""
        used = (
            ("memory", self.gauge.memory_mb, self.spec["memory_mb"]),
            ("processes", self.gauge.processes, self.spec["processes"]),
            ("disk", self.gauge.written_mb, self.spec["writes_mb"]),
        )
        return next((name for name, now, limit in used if limit is not None and now > limit), "")

    def end(self, why: str) -> None:
        """Asks the run to end. When its grace is over, or it has ended, everything is killed."""
        if self.why or self.status is not None:
            return
        grace = 0 if why in NO_GRACE else self.spec["grace_seconds"]
        self.why, self.deadline = why, time.monotonic() + grace
        self.ask()

    def ask(self) -> None:
        """A run that bwrap has not started yet is asked again at the next look."""
        runs = self.inner() if self.spec["nested"] else [self.pid]
        self.asked = bool(runs)
        for pid in runs:
            with contextlib.suppress(OSError):
                os.killpg(os.getpgid(pid), signal.SIGTERM)

    def inner(self) -> list[int]:
        """The run, where it is nested: bwrap's first process would die of SIGTERM and take all with it. The second is
        in the run's group, and as a namespace's first it does not hear what is sent from outside."""
        return [run for init in children(self.pid) for run in children(init)]

    def ending(self, wall: float) -> dict[str, Any]:
        if left := self.left_behind():
            self.gauge.sample()
        if self.status is None or not LINUX:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        ended, survivors = kill_tree(PATIENCE, self.alarm)
        own = ended.pop(self.pid, signal.SIGKILL) if self.status is None else self.status
        self.log.drain(wall)
        self.gauge.sample()
        if self.spec["fence"] and self.spec["fence"]["uid"] is not None:
            landlock.forget(self.spec["fence"]["uid"])
        code = os.waitstatus_to_exitcode(own)
        failed = self.spec["nested"] and code >= 0 and b"exit-code" not in os.read(self.words, 4096)
        stuck = "; something survived SIGKILL, as what waits for a device does" if survivors else ""
        return {
            "why": self.why or self.group.broken() or self.too_much() or ("failed" if failed else "exit"),
            "code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "usage": {
                "wall_seconds": wall,
                "cpu_seconds": self.gauge.cpu_seconds,
                "peak_mb": self.gauge.peak_mb,
                "waited_share": self.gauge.waited_share,
                "left_behind": left if self.spec["nested"] else sum(map(os.WIFSIGNALED, ended.values())),
            },
            "curve": self.curve(),
            "note": self.log.error
            + (f"the sandbox could not be built, see {self.spec['log']}" if failed else "")
            + stuck,
        }

    def left_behind(self) -> int:
        """How many are still to be seen; not bwrap's first process, which takes the others with it when it ends."""
        tops = [os.getpid()]
        if self.spec["nested"] and self.status is not None:
            tops = children(os.getpid())
        return sum(len(list(descendants(top))) for top in tops)


def _limits(spec: dict[str, Any]) -> dict[str, int]:
    memory, processes = spec["memory_mb"], spec["processes"]
    return {
        **({"memory": int(memory * 1e6)} if memory is not None else {}),
        **({"processes": processes + OURS} if processes is not None else {}),
    }


def tell(line: socket.socket, message: dict[str, Any], patience: float) -> None:
    """The coordinator may be gone, or may not listen: what has to be done goes on either way."""
    with contextlib.suppress(OSError):
        line.settimeout(patience)
        line.sendall(b"\n" + json.dumps(message).encode() + b"\n")  # what went before may have been cut off

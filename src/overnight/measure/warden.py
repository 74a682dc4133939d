"""The warden: starts runs, and promises that none outlives its limits, or the coordinator.

    coordinator ──door── warden ──fork── supervisor (one for each run) ──fork, exec── the run and all it starts
         └────────── one socket for each run, handed through the door ────┘

The coordinator starts it once, with an empty environment. A word (whether there is time, four bytes of length, then
what it is to prepare) and one socket through the door ask for a supervisor; a second socket is the run's channel. For
each word of late that had no time there are some that were forked ahead, one more for each time that there was none, up
to a few: they wait behind hatches, so that a run does not wait for the fork. They are forked a moment after the one
before was needed, since a run that starts needs the cores itself. What a supervisor does, and how the promise is kept,
says `supervisor`.

Standard library only, so that the process stays small. No threads, so that a parent's death can be a signal.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import select
import socket
import time
from collections.abc import Sequence, Set

from overnight.measure.birth import CHANNEL, FILTER, GATE, STATUS, SUBREAPER, prctl
from overnight.measure.letters import NOW
from overnight.measure.rehearsal import rehearse
from overnight.measure.sandbox import apart
from overnight.measure.sandbox.cgroup import Group, Groups
from overnight.measure.supervisor import PATIENCE, watch
from overnight.measure.tree import children, kill, kill_tree, quiet, reap, wake_on_death

LATER = 0.015  # seconds from a run's start to the fork of the next supervisor
SPARES = 4  # for a word, at most; and words that some are kept for: a run's, and those of its scoring

Spare = tuple[socket.socket, int]
"""Our end of the hatch that it waits behind, and its pid."""


def main(fd: str, groups: str) -> None:
    prctl(SUBREAPER, 1)
    door = socket.socket(fileno=fcntl.fcntl(int(fd), fcntl.F_DUPFD_CLOEXEC, GATE + 1))
    os.close(int(fd))
    for reserved in (CHANNEL, FILTER, STATUS, GATE):  # numbers that a run knows: nothing of ours is ever there
        os.dup2(0, reserved, inheritable=False)
    gc.freeze()
    warden = Warden(door, Groups.found() if groups == "True" else Groups())
    warden.serve()
    kill_tree(PATIENCE, warden.alarm)


class Warden:
    def __init__(self, door: socket.socket, groups: Groups) -> None:
        self.door, self.groups = door, groups
        self.may_prepare = apart.possible()
        self.alarm = wake_on_death()
        self.supervisors: set[int] = set()
        self.born = 0
        self.spares: dict[bytes, list[Spare]] = {}  # by the word that asks for one
        self.due: list[tuple[float, bytes]] = []  # when those are forked that are not there

    def serve(self) -> None:
        """One supervisor for each request that comes through the door, until the coordinator is gone and all have
        ended."""
        poll = select.poll()
        poll.register(self.door, select.POLLIN)
        poll.register(self.alarm, select.POLLIN)
        while True:
            now = time.monotonic()
            if self.due and self.due[0][0] <= now:
                _, word = self.due.pop(0)
                self.spares.setdefault(word, []).append(self.fork_supervisor(word))
            if len(self.spares) > SPARES:
                for hatch, _ in self.spares.pop(next(iter(self.spares))):  # of long ago
                    hatch.close()
            ready = dict(poll.poll(max(0.0, self.due[0][0] - now) * 1000 if self.due else 1000))
            if self.door.fileno() in ready and not self.answer():
                break
            quiet(self.alarm)
            self.reaped()
        for hatch, _ in self.all_spares():
            hatch.close()  # each of the others hears the end of its own socket
        give_up = time.monotonic() + PATIENCE
        while self.supervisors and time.monotonic() < give_up:
            self.reaped()
            time.sleep(0.005)
        self.groups.remove()

    def answer(self) -> bool:
        """False: nobody will ask again."""
        head, fds, _, _ = socket.recv_fds(self.door, 5, 2)
        word = self.door.recv(int.from_bytes(head[1:], "big"), socket.MSG_WAITALL)
        urgent = bool(fds) and head[:1] == NOW
        ready = self.spares.setdefault(word, []) if urgent else []
        while fds and not self.hand_over(*(ready.pop(0) if ready else self.fork_supervisor(word, fds)), fds):
            pass
        for fd in fds:
            os.close(fd)
        if urgent and len(ready) + sum(each == word for _, each in self.due) < SPARES:
            self.due.append((time.monotonic() + LATER, word))
        return bool(head)

    def hand_over(self, hatch: socket.socket, pid: int, fds: list[int]) -> bool:
        """False: the spare one is dead, as when an earlier run has found and killed it."""
        with hatch, contextlib.suppress(OSError):
            socket.send_fds(hatch, [b"+"], fds)
            return pid not in self.reaped()
        return False

    def reaped(self) -> Set[int]:
        """Which supervisors have ended. One that was stopped has: by its run, for none stops by itself. What they leave
        behind is ours by then, and is killed."""
        ended = reap(os.WUNTRACED)[0].keys()
        if ended:
            self.supervisors -= ended
            for pid in set(children(os.getpid())) - self.supervisors:
                kill(pid)
            self.groups.sweep()
        return ended

    def all_spares(self) -> list[Spare]:
        return [spare for spares in self.spares.values() for spare in spares]

    def fork_supervisor(self, word: bytes, held: Sequence[int] = ()) -> Spare:
        """Gives our end of the hatch that it waits behind, and its pid. What we hold of a run's it gets there."""
        ours, theirs = socket.socketpair()
        self.born += 1
        if pid := os.fork():
            theirs.close()
            self.supervisors.add(pid)
            return ours, pid
        try:
            for mine in (ours, self.door, *(hatch for hatch, _ in self.all_spares())):
                mine.close()
            for fd in held:
                os.close(fd)
            orders = tuple(os.fsdecode(word).split("\0")) if word and self.may_prepare else ()
            supervise(theirs, self.groups.enter(str(self.born)), orders, spare=not held)
        finally:
            os._exit(0)


def supervise(hatch: socket.socket, group: Group, orders: tuple[str, ...], spare: bool) -> None:
    """`spare`: no run is there yet."""
    os.setsid()
    prctl(SUBREAPER, 1)
    alarm = wake_on_death()
    if spare:
        rehearse(alarm)
    left = apart.go(orders) if orders else ()
    _, fds, _, _ = socket.recv_fds(hatch, 1, 2)
    if not fds:  # nobody will ask any more
        return
    watch(socket.socket(fileno=fds[0]), fds[1] if len(fds) > 1 else None, group, alarm, orders, left)

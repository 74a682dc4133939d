"""The warden: starts runs, and promises that none outlives its limits, or the coordinator.

    coordinator ──door── warden ──fork── supervisor (one for each run) ──fork, exec── the run and all it starts
         └────────── one socket for each run, handed through the door ────┘

The coordinator starts it once, with an empty environment. One byte and one socket through the door ask for a
supervisor (a second socket is the run's channel). One is forked ahead: it waits behind a hatch, so that a run does not
wait for the fork. It is forked a moment after the one before was needed, since a run that starts needs the cores
itself. What a supervisor does, and how the promise is kept, says `supervisor`.

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

from overnight.measure.birth import CHANNEL, FILTER, STATUS, SUBREAPER, prctl
from overnight.measure.sandbox.cgroup import Groups
from overnight.measure.supervisor import PATIENCE, quiet, supervise, wake_on_death
from overnight.measure.tree import children, kill, kill_tree, reap, stopped

APART = 0.015  # seconds from a run's start to the fork of the next supervisor


def main(fd: str, groups: str) -> None:
    prctl(SUBREAPER, 1)
    door = socket.socket(fileno=fcntl.fcntl(int(fd), fcntl.F_DUPFD_CLOEXEC, STATUS + 1))
    os.close(int(fd))
    for reserved in (CHANNEL, FILTER, STATUS):  # numbers that a run knows: nothing of ours is ever there
        os.dup2(0, reserved, inheritable=False)
    gc.freeze()
    Warden(door, Groups.found() if groups == "True" else Groups()).serve()
    kill_tree(PATIENCE)


class Warden:
    def __init__(self, door: socket.socket, groups: Groups) -> None:
        self.door, self.groups = door, groups
        self.alarm = wake_on_death()
        self.supervisors: set[int] = set()
        self.born = 0
        self.spare: tuple[socket.socket, int] | None = None
        self.next_spare = 0.0  # when it is forked, where there is none

    def serve(self) -> None:
        """One supervisor for each request that comes through the door, until the coordinator is gone and all have
        ended."""
        poll = select.poll()
        poll.register(self.door, select.POLLIN)
        poll.register(self.alarm, select.POLLIN)
        while True:
            wait = 1.0 if self.spare else self.next_spare - time.monotonic()
            if wait <= 0:
                self.spare = self.fork_supervisor()
            ready = dict(poll.poll(max(wait, 0) * 1000))
            if self.door.fileno() in ready and not self.answer():
                break
            quiet(self.alarm)
            self.tidy()
        if self.spare:
            self.spare[0].close()  # each of the others hears the end of its own socket
        give_up = time.monotonic() + PATIENCE
        while self.supervisors and time.monotonic() < give_up:
            self.tidy()
            time.sleep(0.005)
        self.groups.remove()

    def answer(self) -> bool:
        """False: nobody will ask again."""
        if not self.spare:  # before we hold a run's sockets: its supervisor alone should
            self.spare = self.fork_supervisor()
        word, fds, _, _ = socket.recv_fds(self.door, 1, 2)
        while fds and not self.hand_over(*self.spare, fds):
            self.spare = self.fork_supervisor()
        for fd in fds:
            os.close(fd)
        if fds:
            self.spare, self.next_spare = None, time.monotonic() + APART
        return bool(word)

    def hand_over(self, hatch: socket.socket, pid: int, fds: list[int]) -> bool:
        """False: the spare one is dead, as when an earlier run has found and killed it."""
        with hatch, contextlib.suppress(OSError):
            socket.send_fds(hatch, [b"+"], fds)
            return pid not in self.reaped()
        return False

    def tidy(self) -> None:
        self.reaped()
        for pid in set(children(os.getpid())) - self.supervisors:  # left by a supervisor that was killed
            kill(pid)
        for pid in filter(stopped, self.supervisors):  # by its run: a supervisor never stops by itself
            kill(pid)

    def reaped(self) -> dict[int, int]:
        ended = reap()[0]
        if ended:
            self.supervisors.difference_update(ended)
            self.groups.sweep()
        return ended

    def fork_supervisor(self) -> tuple[socket.socket, int]:
        """Gives our end of the hatch that it waits behind, and its pid."""
        ours, theirs = socket.socketpair()
        self.born += 1
        if pid := os.fork():
            theirs.close()
            self.supervisors.add(pid)
            return ours, pid
        try:
            ours.close()
            self.door.close()
            supervise(theirs, self.groups.enter(str(self.born)))
        finally:
            os._exit(0)

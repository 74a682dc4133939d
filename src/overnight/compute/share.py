"""One night's share of slots that several use: an Executor for it, and the queue by which it hears that it may ask."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any

from overnight.compute.executor import Failed, Report
from overnight.compute.local import Execute, LocalSlots
from overnight.compute.pool import Member, Pool
from overnight.compute.slots import Need
from overnight.measure.execute import Watch
from overnight.model import Heartbeat, Run, Slot, Status, Trial, Usage

_WAKE = object()


class Mailbox(SimpleQueue[Any]):
    """A queue that tells when its reader is about to wait, and that can end the waiting: as Empty."""

    def __init__(self) -> None:
        super().__init__()
        self.rest: Callable[[], None] = lambda: None

    def wake(self) -> None:
        self.put(_WAKE)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        self.rest()
        found = super().get(block, timeout)
        if found is _WAKE:
            raise Empty
        return found

    def get_nowait(self) -> Any:
        while (found := super().get(block=False)) is _WAKE:
            pass
        return found


class Share:
    """An Executor. `room` is told how many slots the night has or may have now, each time that it asks."""

    def __init__(
        self, pool: Pool, member: Member, need: Need, execute: Execute, report: Report, room: Callable[[int], None]
    ) -> None:
        self._pool, self._member, self._need, self._room = pool, member, need, room
        self._execute, self._report, self._closing = execute, report, False
        self._given_up: set[str] = set()  # runs that were cancelled
        self._begun: set[tuple[str, int]] = set()
        self._local = LocalSlots(pool.slots, self._in_turn, self._told)
        pool.join(member)

    def free(self) -> Sequence[Slot]:
        offered = self._pool.ask(self._member)
        self._room(max(1, len(offered) + len(self._member.leases)))
        return offered

    def submit(self, run: Run, attempt: int, slot: Slot) -> None:
        if (run.id, attempt) in self._begun:
            return
        self._begun.add((run.id, attempt))
        self._pool.take(self._member, run.id, slot)
        self._local.submit(run, attempt, slot)

    def expect(self, run: Run) -> None:
        """Whose turn is next is not known."""

    def cancel(self, run_id: str) -> None:
        self._given_up.add(run_id)
        self._local.cancel(run_id)

    def close(self) -> None:
        self._closing = True
        self._local.close()
        self._pool.leave(self._member)

    def _in_turn(self, run: Run, attempt: int, slot: Slot, watch: Watch) -> Trial:
        def given_up() -> bool:
            return self._closing or run.id in self._given_up

        self._pool.wait_for_others(self._member, run.id, given_up)
        if given_up():
            return Trial(run.id, attempt, Status.STOPPED, {}, Usage(), None, None, "ended before it began", "")
        return self._execute(run, attempt, self._own(slot), watch)

    def _own(self, slot: Slot) -> Slot:
        """No more of it than the night's own program asks for, whatever the others need."""
        cores, gpus = self._need.cores or len(slot.cores), self._need.gpus
        gpu = slot.gpu
        if gpus is not None and gpu is not None:
            gpu = ",".join(gpu.split(",")[: math.ceil(gpus)])
        return replace(slot, cores=slot.cores[:cores], gpu=gpu)

    def _told(self, what: Heartbeat | Trial | Failed) -> None:
        """The slot is free by the time that its night hears of the end."""
        if not isinstance(what, Heartbeat):
            self._pool.give_back(self._member, what.run_id)
        self._report(what)

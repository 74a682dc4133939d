"""A night's share of common slots, with threads: leases end with their runs, and a lonely run waits for the others."""

from __future__ import annotations

import threading
from dataclasses import replace
from queue import Empty

import pytest

from overnight.clock import SystemClock
from overnight.compute.executor import Executor
from overnight.compute.pool import Member, Pool
from overnight.compute.share import Mailbox, Share
from overnight.compute.slots import Need
from overnight.measure.execute import Watch
from overnight.model import Run, Slot, Status, Trial, Usage
from tests.measure.conftest import RUN

SLOTS = [Slot("slot-1", (0, 1), "GPU-a,GPU-b"), Slot("slot-2", (2, 3), "GPU-c,GPU-d")]


ANY = Need()


class Gate:
    """Executes a run when it is let through, and knows on which slots."""

    def __init__(self) -> None:
        self.open, self.begun, self.slots = threading.Event(), threading.Semaphore(0), list[Slot]()

    def execute(self, run: Run, attempt: int, slot: Slot, watch: Watch) -> Trial:
        self.slots.append(slot)
        self.begun.release()
        assert self.open.wait(20)
        return Trial(run.id, attempt, Status.OK, {}, Usage(), 0, None, "", "")


def share(pool: Pool, gate: Gate, need: Need = ANY, alone: bool = False) -> tuple[Share, Mailbox]:
    box = Mailbox()
    member = Member("lab", 1.0, 1.0, box.wake, alone)
    box.rest = lambda: pool.rest(member)
    return Share(pool, member, need, gate.execute, box.put, lambda n: None), box


@pytest.fixture
def pool() -> Pool:
    return Pool(SLOTS, SystemClock())


def ended(box: Mailbox) -> Trial:
    while True:
        try:
            found = box.get(timeout=20)
        except Empty:
            continue
        assert isinstance(found, Trial)
        return found


def test_it_is_an_executor(pool: Pool) -> None:
    executor: Executor = share(pool, Gate())[0]  # mypy looks at this line
    assert executor.free()
    executor.close()


def test_a_lease_ends_when_its_trial_is_told(pool: Pool) -> None:
    gate = Gate()
    mine, box = share(pool, gate)
    mine.submit(RUN, 1, mine.free()[0])
    assert [slot.name for slot in mine.free()] == ["slot-2"]
    gate.open.set()
    assert ended(box).status is Status.OK
    assert [slot.name for slot in mine.free()] == ["slot-1", "slot-2"]


def test_the_same_attempt_is_started_once(pool: Pool) -> None:
    gate = Gate()
    mine, box = share(pool, gate)
    one, two = mine.free()
    mine.submit(RUN, 1, one)
    mine.submit(RUN, 1, two)
    gate.open.set()
    ended(box)
    assert len(gate.slots) == 1
    assert len(mine.free()) == 2


def test_a_run_gets_no_more_than_its_own_program_asks_for(pool: Pool) -> None:
    gate = Gate()
    mine, box = share(pool, gate, Need(cores=1, gpus=1))
    mine.submit(RUN, 1, mine.free()[0])
    gate.open.set()
    ended(box)
    assert gate.slots == [Slot("slot-1", (0,), "GPU-a")]


def test_a_lonely_run_begins_when_the_others_have_ended(pool: Pool) -> None:
    gate, quiet = Gate(), Gate()
    other, others = share(pool, gate)
    lonely, box = share(pool, quiet, alone=True)
    other.submit(RUN, 1, other.free()[0])
    assert gate.begun.acquire(timeout=20)
    pool.rest(other._member)
    lonely.submit(replace(RUN, id="alone"), 1, lonely.free()[0])
    assert list(other.free()) == []
    assert quiet.slots == []
    gate.open.set()
    ended(others)
    assert quiet.begun.acquire(timeout=20)
    assert list(other.free()) == []
    quiet.open.set()
    assert ended(box).run_id == "alone"


def test_a_lonely_run_that_still_waits_can_be_cancelled(pool: Pool) -> None:
    gate, quiet = Gate(), Gate()
    other, _ = share(pool, gate)
    lonely, box = share(pool, quiet, alone=True)
    other.submit(RUN, 1, other.free()[0])
    assert gate.begun.acquire(timeout=20)
    pool.rest(other._member)
    lonely.submit(replace(RUN, id="alone"), 1, lonely.free()[0])
    lonely.cancel("alone")
    assert ended(box).status is Status.STOPPED
    gate.open.set()
    other.close()


def test_a_mailbox_can_be_woken_and_loses_nothing() -> None:
    box = Mailbox()
    box.wake()
    box.put(1)
    with pytest.raises(Empty):
        box.get(timeout=1)
    box.wake()
    assert box.get_nowait() == 1
    with pytest.raises(Empty):
        box.get_nowait()

"""Local slots: one run each, every run told of exactly once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from overnight.compute.executor import Executor, Failed, Report
from overnight.compute.local import LocalSlots
from overnight.measure.execute import Place, Watch, execute
from overnight.measure.process import Warden
from overnight.model import Heartbeat, Run, Slot, Status, Trial, Usage
from overnight.program.program import Program
from tests.measure.conftest import PROGRAM, RUN

Reports = queue.SimpleQueue[Heartbeat | Trial | Failed]
SLOTS = [Slot("slot-1"), Slot("slot-2")]


def a_trial(run: Run, attempt: int) -> Trial:
    return Trial(run.id, attempt, Status.OK, {}, Usage(), 0, None, "", "")


def at_once(run: Run, attempt: int, slot: Slot, watch: Watch) -> Trial:
    return a_trial(run, attempt)


class Gate:
    """Executes a run only when it is let through, and counts."""

    def __init__(self) -> None:
        self.open, self.begun = threading.Event(), threading.Semaphore(0)

    def execute(self, run: Run, attempt: int, slot: Slot, watch: Watch) -> Trial:
        self.begun.release()
        assert self.open.wait(20)
        return a_trial(run, attempt)


@pytest.fixture
def reports() -> Reports:
    return queue.SimpleQueue()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def names(slots: LocalSlots) -> list[str]:
    return [slot.name for slot in slots.free()]


def test_it_is_an_executor(reports: Reports) -> None:
    executor: Executor = LocalSlots(SLOTS, at_once, reports.put)  # mypy looks at this line
    assert list(executor.free()) == list(SLOTS)
    executor.close()


def test_a_slot_is_leased_while_its_run_is_under_way(reports: Reports, gate: Gate) -> None:
    slots = LocalSlots(SLOTS, gate.execute, reports.put)
    slots.submit(RUN, 1, SLOTS[0])
    assert names(slots) == ["slot-2"]
    with pytest.raises(ValueError, match="slot-1 is leased"):
        slots.submit(replace(RUN, id="other"), 1, SLOTS[0])
    gate.open.set()
    assert reports.get(timeout=20) == a_trial(RUN, 1)
    assert names(slots) == ["slot-1", "slot-2"]


def test_the_same_run_is_not_started_twice(reports: Reports, gate: Gate) -> None:
    slots = LocalSlots(SLOTS, gate.execute, reports.put)
    slots.submit(RUN, 1, SLOTS[0])
    slots.submit(RUN, 1, SLOTS[1])
    gate.open.set()
    assert reports.get(timeout=20) == a_trial(RUN, 1)
    slots.submit(RUN, 1, SLOTS[0])
    slots.close()
    assert reports.empty()


def test_a_further_attempt_at_a_run_that_ended_is_started(reports: Reports) -> None:
    slots = LocalSlots(SLOTS, at_once, reports.put)
    for attempt in (1, 2):
        slots.submit(RUN, attempt, SLOTS[0])
        assert reports.get(timeout=20) == a_trial(RUN, attempt)


def test_slots_work_at_the_same_time(reports: Reports, gate: Gate) -> None:
    slots = LocalSlots(SLOTS, gate.execute, reports.put)
    for number, slot in enumerate(SLOTS):
        slots.submit(replace(RUN, id=str(number)), 1, slot)
    assert gate.begun.acquire(timeout=20)
    assert gate.begun.acquire(timeout=20)
    gate.open.set()
    slots.close()


def test_our_own_failure_is_told_as_one_and_frees_the_slot(reports: Reports) -> None:
    def broken(run: Run, attempt: int, slot: Slot, watch: Watch) -> Trial:
        raise OSError("the disk is full")

    slots = LocalSlots(SLOTS, broken, reports.put)
    slots.submit(RUN, 1, SLOTS[0])
    told = reports.get(timeout=20)
    assert isinstance(told, Failed)
    assert (told.run_id, str(told.error)) == (RUN.id, "the disk is full")
    assert names(slots) == ["slot-1", "slot-2"]


def test_to_cancel_what_nobody_knows_is_nothing(reports: Reports) -> None:
    slots = LocalSlots(SLOTS, at_once, reports.put)
    slots.cancel("unknown")
    assert names(slots) == ["slot-1", "slot-2"]
    assert reports.empty()


def on_this_machine(tmp_path: Path, report: Report, program: Program) -> Iterator[LocalSlots]:
    warden = Warden()
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    place = Place(tmp_path, tmp_path / "s", tmp_path / "runs", "n-t", lambda _, into: into.mkdir(), environ, "")
    slots = LocalSlots(SLOTS, partial(execute, program=program, place=place, warden=warden), report)
    yield slots
    slots.close()
    warden.close()


@pytest.fixture
def real(tmp_path: Path, reports: Reports) -> Iterator[LocalSlots]:
    yield from on_this_machine(tmp_path, reports.put, replace(PROGRAM, run="echo up; sleep 60"))


@pytest.fixture
def curved(tmp_path: Path, reports: Reports) -> Iterator[LocalSlots]:
    program = replace(PROGRAM, run="printf 'loss %s\\n' 3 nan 1; sleep 60", curve=r"loss (\S+)")
    yield from on_this_machine(tmp_path, reports.put, program)


def test_a_sign_of_life_has_the_curve_so_far(curved: LocalSlots, reports: Reports) -> None:
    curved.submit(RUN, 1, SLOTS[0])
    told = reports.get(timeout=20)
    while isinstance(told, Heartbeat) and len(told.curve) < 3:
        told = reports.get(timeout=20)
    assert isinstance(told, Heartbeat)
    assert [str(value) for value in told.curve] == ["3.0", "nan", "1.0"]


@pytest.mark.parametrize("end", [lambda slots: slots.cancel(RUN.id), LocalSlots.close])
@pytest.mark.parametrize("after_the_first_beat", [False, True])
def test_what_is_cancelled_or_closed_ends_as_stopped(
    real: LocalSlots, reports: Reports, end: Callable[[LocalSlots], None], after_the_first_beat: bool
) -> None:
    real.submit(RUN, 1, SLOTS[0])
    if after_the_first_beat:
        assert isinstance(reports.get(timeout=20), Heartbeat)
    end(real)
    told: Heartbeat | Trial | Failed = Heartbeat("", 0, 0)
    while isinstance(told, Heartbeat):
        told = reports.get(timeout=20)
    assert isinstance(told, Trial)
    assert told.status is Status.STOPPED


@pytest.mark.parametrize(
    ("slots", "told"),
    [
        ([Slot("a", (0, 1)), Slot("b", (2, 3))], Slot("a", (0, 1))),
        ([Slot("a", (0, 1)), Slot("b", (2,))], None),  # another number of threads
        ([Slot("a", gpu="0"), Slot("b", gpu="1")], None),
        ([Slot("a", gpu="0", gpu_share=0.5), Slot("b", gpu="0", gpu_share=0.5)], Slot("a", gpu="0", gpu_share=0.5)),
    ],
)
def test_what_is_expected_is_told_with_a_slot_where_they_are_alike(slots: list[Slot], told: Slot | None) -> None:
    heard: list[tuple[Run, Slot | None]] = []
    executor = LocalSlots(slots, at_once, print, lambda *expected: heard.append(expected))
    executor.expect(RUN)
    executor.close()
    assert heard == [(RUN, told)]

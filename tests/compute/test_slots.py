"""Leases on cores and GPUs are exclusive and alike, or it is said that they are not."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.compute.slots import Machine, Need, find_slots, fitting, hardware, lease, shortage, sized, spans
from overnight.errors import UsageError
from overnight.program.program import Origin, Rule
from overnight.testing import a_program


@given(st.integers(1, 20), st.lists(st.integers(0, 200), min_size=1, max_size=64, unique=True))
def test_slots_have_as_many_cores_each_and_share_none_while_there_are_enough(n: int, cores: list[int]) -> None:
    slots = lease(n, cores, None)
    used = [core for slot in slots for core in slot.cores]
    assert len({len(slot.cores) for slot in slots}) == 1
    assert set(used) <= set(cores)
    assert (len(set(used)) == len(used)) == (n <= len(cores)) == (not shortage(slots))
    assert len({slot.name for slot in slots}) == n


def test_too_many_slots_share_evenly_and_say_so() -> None:
    slots = lease(4, [0, 1], None)
    assert [slot.cores for slot in slots] == [(0,), (1,), (0,), (1,)]
    assert shortage(slots) == "4 slots share 2 cores: runs will slow one another"


def test_a_gpu_belongs_to_one_slot() -> None:
    slots = lease(3, list(range(6)), ["GPU-a", "GPU-b"])
    assert [slot.gpu for slot in slots] == ["GPU-a", "GPU-b", ""]
    assert shortage(slots) == "1 of 3 slots have no GPU"


def test_without_cores_to_lease_a_slot_has_all() -> None:
    assert [slot.cores for slot in lease(2, [], None)] == [(), ()]


@pytest.mark.parametrize(("visible", "gpus"), [("", ["", ""]), ("3, 5", ["3", "5"]), ("GPU-x", ["GPU-x", ""])])
def test_what_the_user_hid_stays_hidden(visible: str, gpus: list[str]) -> None:
    assert [slot.gpu for slot in find_slots(2, {"CUDA_VISIBLE_DEVICES": visible})] == gpus


@pytest.mark.skipif(sys.platform != "linux", reason="cores are leased on Linux")
def test_one_slot_has_all_the_cores_that_we_may_use() -> None:
    assert set(find_slots(1, {})[0].cores) == os.sched_getaffinity(0)


def test_the_hardware_is_one_line() -> None:
    assert "cores" in hardware()
    assert "\n" not in hardware()


@given(st.integers(1, 8), st.integers(1, 4), st.sampled_from([None, 0, 0.25, 0.5, 1, 2]), st.integers(1, 8))
def test_every_slot_has_what_is_asked_for_or_it_is_said_what_would_fit(
    n: int, cores: int, gpus: float | None, cards: int
) -> None:
    names = [f"GPU-{i}" for i in range(cards)]
    if n * cores > 16 or n * (gpus or 0) > cards:
        with pytest.raises(UsageError, match=r" fits$"):
            lease(n, range(16), names, Need(cores, gpus))
        return
    slots = lease(n, range(16), names, Need(cores, gpus))
    assert {len(slot.cores) for slot in slots} == {cores}
    held = [name for slot in slots for name in (slot.gpu or "").split(",") if name]
    if gpus is not None:
        assert all(held.count(name) * slot.gpu_share <= 1 for slot in slots for name in held)
        assert len(held) == n * max(int(gpus), gpus > 0)


@pytest.mark.parametrize(
    ("n", "need", "words"),
    [
        (4, Need(cores=4), "4 slots of 4 cores cannot be had from 8: `slots: 2` fits"),
        (1, Need(cores=9), "1 slot of 9 cores cannot be had from 8: `slots: 1` with `cores: 8` fits"),
        (2, Need(gpus=2), "2 slots of 2 GPUs cannot be had from 3: `slots: 1` fits"),
        (7, Need(gpus=0.5), "7 slots of 0.5 GPUs cannot be had from 3: `slots: 6` fits"),
    ],
)
def test_too_few_for_what_is_asked_for_is_an_error_that_says_what_fits(n: int, need: Need, words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("(", "\\(")):
        lease(n, range(8), ["GPU-a", "GPU-b", "GPU-c"], need)


def test_gpus_that_nobody_can_see_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="nvidia-smi shows no GPU here"):
        lease(1, [0], None, Need(gpus=1))


def test_a_slot_may_have_several_gpus_a_part_of_one_or_none() -> None:
    two = ["GPU-a", "GPU-b", "GPU-c", "GPU-d"]
    assert [slot.gpu for slot in lease(2, [0, 1], two, Need(gpus=2))] == ["GPU-a,GPU-b", "GPU-c,GPU-d"]
    assert [slot.gpu for slot in lease(3, [0, 1, 2], two[:2], Need(gpus=0.5))] == ["GPU-a", "GPU-b", "GPU-a"]
    assert [slot.gpu_share for slot in lease(1, [0], two, Need(gpus=0.5))] == [0.5]
    assert [slot.gpu for slot in lease(1, [0], two, Need(gpus=0))] == [""]


HOST = Machine(tuple(range(16)), 8, ("GPU-a", "GPU-b"), 64_000.0)
PLAIN = Machine(tuple(range(16)), 8, None, 64_000.0)


@pytest.mark.parametrize(
    ("machine", "need", "memory_mb", "n"),
    [
        (HOST, Need(), None, 2),
        (HOST, Need(gpus=0.25), None, 8),
        (HOST, Need(gpus=2), None, 1),
        (HOST, Need(gpus=0), None, 8),
        (HOST, Need(cores=12), None, 1),
        (PLAIN, Need(), None, 8),
        (PLAIN, Need(cores=1), None, 16),
        (PLAIN, Need(cores=32), None, 1),
        (PLAIN, Need(), 20_000.0, 3),
    ],
)
def test_auto_is_as_many_as_fit(machine: Machine, need: Need, memory_mb: float | None, n: int) -> None:
    assert fitting(machine, need, memory_mb) == n


def test_auto_is_settled_when_a_program_is_loaded_and_read_back() -> None:
    auto = a_program(slots=0, rules=(Rule("slots", "auto", Origin.FRONT_MATTER, 3),))
    settled = sized(auto, {"CUDA_VISIBLE_DEVICES": "0,1,2"})
    assert settled.slots == 3
    assert settled.rules[0].value == "auto: 3 here"
    assert sized(a_program(slots=0, exclusive=True), {"CUDA_VISIBLE_DEVICES": "0,1,2"}).slots == 1


def test_cores_are_written_as_people_do() -> None:
    assert (spans([0, 1, 2, 8, 10, 11]), spans([3]), spans([])) == ("0-2, 8, 10-11", "3", "")

"""Leases on cores and GPUs are exclusive and alike, or it is said that they are not."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.compute.slots import find_slots, hardware, lease, shortage


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

"""Common slots are shared by weight, none is idle while somebody wants it, and nobody saves up."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.compute.pool import Member, Pool
from overnight.model import Slot
from overnight.testing import FakeClock

Length = Callable[[random.Random], float]


@dataclass
class Night:
    """As a night's thread does it: asks when it is called or when a run of its own has ended, takes what it has a use
    for, and rests."""

    member: Member
    length: Length
    appetite: float = float("inf")  # runs at the same time
    called: bool = True
    used: float = 0.0  # slot-seconds
    began: list[float] = field(default_factory=list)


class World:
    def __init__(self, slots: int, seed: int) -> None:
        self.clock, self.rng = FakeClock(), random.Random(seed)
        self.pool = Pool([Slot(f"slot-{i}") for i in range(slots)], self.clock)
        self.nights: list[Night] = []
        self.ends: list[tuple[float, int, Night]] = []
        self.runs = 0

    def add(self, weight: float, length: Length, alone: bool = False) -> Night:
        night = Night(Member(f"n{len(self.nights)}", weight, 1.0, lambda: None, alone), length)
        night.member.wake = lambda: setattr(night, "called", True)
        self.nights.append(night)
        self.pool.join(night.member)
        return night

    def settle(self) -> None:
        while called := [night for night in self.nights if night.called]:
            night = self.rng.choice(called)
            night.called = False
            offered = list(self.pool.ask(night.member))
            while offered and len(night.member.leases) < night.appetite:
                self._start(night, offered.pop())
                night.called = True
            self.pool.rest(night.member)

    def _start(self, night: Night, slot: Slot) -> None:
        self.runs += 1
        night.began.append(self.clock.mono)
        self.pool.take(night.member, str(self.runs), slot)
        self.ends.append((self.clock.mono + night.length(self.rng), self.runs, night))

    def until(self, end: float) -> None:
        """Ends runs one after the other, and after each everybody does what it wants."""
        self.settle()
        while self.ends and min(self.ends)[0] <= end:
            at, run, night = min(self.ends)
            self.ends.remove((at, run, night))
            self._pass(at)
            self.pool.give_back(night.member, str(run))
            night.called = True
            self.settle()
            self.assert_busy()
        self._pass(end)

    def _pass(self, at: float) -> None:
        for night in self.nights:
            night.used += len(night.member.leases) * (at - self.clock.mono)
        self.clock.advance(at - self.clock.mono)

    def assert_busy(self) -> None:
        if any(night.member.alone for night in self.nights):
            return
        leased = sum(len(night.member.leases) for night in self.nights)
        wanted = sum(min(night.appetite, 1000) for night in self.nights)
        assert leased == min(len(self.pool.slots), wanted)


def up_to(longest: float) -> Length:
    return lambda rng: rng.uniform(0.1, longest)


FEW = settings(max_examples=settings().max_examples // 8)  # each is many nights


@FEW
@given(
    st.integers(1, 8),
    st.lists(
        st.tuples(st.sampled_from([0.5, 1.0, 2.0, 3.0]), st.sampled_from([0.5, 1.0, 4.0])), min_size=2, max_size=5
    ),
    st.integers(0, 1000),
)
def test_who_always_wants_more_gets_its_share_within_a_run(
    slots: int, wishes: Sequence[tuple[float, float]], seed: int
) -> None:
    world = World(slots, seed)
    nights = [world.add(weight, up_to(longest)) for weight, longest in wishes]
    world.until(40.0)
    total = sum(weight for weight, _ in wishes)
    a_run = max(longest for _, longest in wishes)
    for night, (weight, _) in zip(nights, wishes, strict=True):
        assert abs(night.used - 40.0 * slots * weight / total) <= a_run


@FEW
@given(st.integers(1, 8), st.lists(st.integers(0, 6), min_size=2, max_size=5), st.integers(0, 1000))
def test_no_slot_is_idle_while_somebody_wants_it_however_appetites_change(
    slots: int, appetites: list[int], seed: int
) -> None:
    world = World(slots, seed)
    for appetite in appetites:
        world.add(1.0, up_to(2.0)).appetite = appetite
    for second in range(1, 10):
        world.until(float(second))
        world.assert_busy()
        night = world.rng.choice(world.nights)
        night.appetite, night.called = world.rng.randint(len(night.member.leases), 8), True
        world.settle()
        world.assert_busy()


def test_who_comes_back_is_owed_nothing_for_the_time_away() -> None:
    world = World(2, 0)
    away, there = (world.add(1.0, lambda rng: 1.0) for _ in range(2))
    away.appetite = 0
    world.until(50.0)
    assert (away.used, there.used) == (0.0, 100.0)
    away.appetite, away.called = float("inf"), True
    world.until(70.0)
    assert away.used == pytest.approx(20.0, abs=1.0)
    assert there.used == pytest.approx(120.0, abs=1.0)


def test_nobody_starves_beside_a_night_of_a_hundred_times_its_weight() -> None:
    world = World(2, 0)
    world.add(100.0, lambda rng: 1.0)
    small = world.add(1.0, lambda rng: 1.0)
    world.until(120.0)
    assert len(small.began) >= 2


def test_while_a_run_is_alone_nothing_begins_and_afterwards_everything_does() -> None:
    world = World(3, 0)
    lonely = world.add(1.0, lambda rng: 5.0, alone=True)
    world.settle()
    other = world.add(1.0, lambda rng: 1.0)
    world.settle()
    assert (len(lonely.member.leases), len(other.member.leases)) == (1, 0)
    world.until(5.0)
    assert (len(lonely.member.leases), len(other.member.leases)) == (0, 3)


def test_a_slot_that_was_not_offered_cannot_be_taken() -> None:
    world = World(1, 0)
    night = world.add(1.0, up_to(1.0))
    with pytest.raises(ValueError, match="slot-0 was not offered to n0"):
        world.pool.take(night.member, "1", world.pool.slots[0])


def test_what_is_offered_is_offered_to_nobody_else_until_its_night_rests() -> None:
    world = World(1, 0)
    first, second = (world.add(1.0, up_to(1.0)).member for _ in range(2))
    assert len(world.pool.ask(first)) == 1
    assert len(world.pool.ask(second)) == 0
    world.pool.rest(first)
    assert world.nights[1].called
    assert len(world.pool.ask(second)) == 1


def test_who_leaves_calls_the_others() -> None:
    world = World(1, 0)
    first, second = (world.add(1.0, up_to(1.0)).member for _ in range(2))
    world.pool.ask(first)
    world.pool.ask(second)
    world.nights[1].called = False
    world.pool.leave(first)
    assert world.nights[1].called

"""What a night does after its search: dawn and claim, in time, after a kill, and when somebody asks for them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from overnight.judge.proof import ProofPolicy
from overnight.ledger.events import Claimed, Closed, Proposed, RunStarted, Turned, Weighed
from overnight.model import Phase, Purpose
from overnight.program.program import Stop

from .rehearsal import Coordinator, World, program


def a_night(seed: int, slots: int = 1, noise: float = 0.1, **rules: object) -> World:
    wanted = program(stop=Stop(**rules), policy="proof")  # type: ignore[arg-type]
    world = World(random.Random(seed), wanted, slots, policy=ProofPolicy(), noise=noise)
    Coordinator(world).work()
    return world


def phases(world: World) -> list[Phase]:
    return [e.event.phase for e in world.entries if isinstance(e.event, Turned)]


def starts(world: World) -> list[Purpose]:
    return [e.event.run.purpose for e in world.entries if isinstance(e.event, RunStarted)]


@pytest.mark.slow
@pytest.mark.parametrize(("slots", "at_most"), [(1, 0), (4, 5), (20, 0)])
def test_a_night_that_ends_by_the_clock_has_its_claim_before(slots: int, at_most: int) -> None:
    """But for some where a run may take, as here and in no box, five times as long as the last eight did."""
    without = 0
    for seed in range(12):
        world = a_night(seed, slots, seconds=900.0)
        closed = world.entries[-1]
        assert isinstance(closed.event, Closed)
        assert closed.at - world.entries[0].at < 970
        kept = any(isinstance(e.event, Weighed) for e in world.entries)
        without += any(isinstance(e.event, Claimed) for e in world.entries) != kept
    assert without <= at_most


def test_the_search_ends_before_the_claim_begins() -> None:
    purposes = starts(a_night(3, seconds=900.0))
    first = purposes.index(Purpose.CLAIM)
    assert set(purposes[first:]) == {Purpose.CLAIM}


def test_enough_experiments_are_followed_by_dawn_and_claim() -> None:
    world = a_night(5, experiments=20)
    assert phases(world) == [Phase.DAWN, Phase.CLAIM]


def test_nothing_new_is_asked_for_in_the_last_phase() -> None:
    world = a_night(5, seconds=900.0)
    turned = next(e.seq for e in world.entries if isinstance(e.event, Turned) and e.event.phase is Phase.CLAIM)
    later = [e.event for e in world.entries if isinstance(e.event, Proposed) and e.seq > turned]
    assert all(proposed.removes is not None for proposed in later)


def test_somebody_asks_what_each_keep_is_worth() -> None:
    world = a_night(7, experiments=25)
    before = len(world.entries)
    coordinator = Coordinator(world)
    coordinator.night.errand = Phase.DAWN
    closed = coordinator.work()
    assert closed.finished
    new = [entry.event for entry in world.entries[before:]]
    examined = {e.removes for e in new if isinstance(e, Proposed)}
    worths = next(e.worths for e in reversed(new) if isinstance(e, Weighed))
    standing = {w.experiment for w in worths if w.standing != "removed"}
    assert standing <= examined | {w.experiment for w in worths if w.standing == "removed"}
    assert not any(isinstance(e, Claimed) for e in new)


def test_a_stopped_night_gets_its_claim_when_somebody_asks() -> None:
    world = a_night(7, experiments=25)
    cut = next(i for i, e in enumerate(world.entries) if isinstance(e.event, Turned))
    world.forget(cut)
    world.log = world.log[: sum(e.event.kind == "recorded" for e in world.entries)]
    coordinator = Coordinator(world)
    coordinator.night.errand = Phase.CLAIM
    closed = coordinator.work()
    assert any(isinstance(e.event, Claimed) for e in world.entries)
    assert not closed.finished  # the search goes on with the same command


def test_a_night_that_is_lengthened_searches_on() -> None:
    world = a_night(7, experiments=20)
    world.program = replace(world.program, stop=Stop(experiments=30))
    before = len(world.entries)
    Coordinator(world).work()
    assert Purpose.SCREEN in [e.event.run.purpose for e in world.entries[before:] if isinstance(e.event, RunStarted)]

"""Whatever else a night does, and wherever it dies: what is told becomes one experiment, and has its verdict."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from overnight.judge.proof import ProofPolicy
from overnight.ledger.events import Judged, Proposed
from overnight.model import Phase
from overnight.night.asking import Seat
from overnight.program.program import Stop

from .rehearsal import Coordinator, Killed, World, program
from .test_doors import asked, told
from .test_schedules import check

ASKS = 12


def people_come(world: World, coordinator: Coordinator | None) -> None:
    """Somebody asks, or tells one of the open asks: to whoever works, or into the ledger."""
    rng, kinds = world.rng, [entry.event.key for entry in world.entries]
    given = sum(key.startswith("asked/") for key in kinds)
    open_ = [ask for ask in range(1, given + 1) if f"told/{ask}" not in kinds]
    if open_ and rng.random() < 0.5:
        event = told(rng.choice(open_), str(rng.randrange(20, 40)))
    elif given < ASKS:
        event = asked(given + 1, world.branch or "c0")  # type: ignore[assignment]
    else:
        return
    for entry in world.append(event):
        if coordinator:
            coordinator.night.hear(entry)


def session(world: World, kill_chance: float) -> bool:
    """True when it ended in order."""
    try:
        coordinator = Coordinator(world, kill_chance)
        for _ in range(10_000):
            if world.rng.random() < 0.1:
                people_come(world, coordinator)
            coordinator.step()
            if coordinator.night.state.closed:
                return True
    except Killed:
        return False
    raise AssertionError("the session does not end")


def rehearse(seed: int, slots: int, kill_chance: float, policy: str) -> World:
    world = World(random.Random(seed), program(stop=Stop(experiments=10), policy=policy), slots)
    if policy == "proof":
        world.policy, world.noise = ProofPolicy(), 0.2
    while not session(world, kill_chance):
        people_come(world, None)
    for _ in range(3 * ASKS):
        people_come(world, None)
    world.errand, world.seats = Phase.SEARCH, ()
    while not session(world, kill_chance):
        pass
    while not session(world, 0.0):
        pass
    return world


@pytest.mark.parametrize("policy", ["greedy", pytest.param("proof", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kill_chance", [0.0, 0.03])
@pytest.mark.parametrize("slots", [1, 4])
def test_what_is_told_is_one_experiment_with_a_verdict(slots: int, kill_chance: float, policy: str) -> None:
    for seed in range(4):
        world = rehearse(seed, slots, kill_chance, policy)
        if not world.branch:  # the baseline died three times
            continue
        events = [entry.event for entry in world.entries]
        asks = Counter(event.ask for event in events if isinstance(event, Proposed) and event.ask is not None)
        said = {entry.event.key for entry in world.entries if entry.event.kind == "told"}
        assert {f"told/{ask}" for ask in asks} == said
        assert set(asks.values()) <= {1}
        judged = {event.experiment for event in events if isinstance(event, Judged)}
        assert {event.experiment for event in events if isinstance(event, Proposed)} == judged
        check(world, most=10 + ASKS)


def test_a_seat_is_not_needed() -> None:
    world = World(random.Random(1), program(), 1, seats=(), errand=Phase.SEARCH)
    assert session(world, 0.0)
    world.seats, world.errand = (Seat(),), None
    assert session(world, 0.0)

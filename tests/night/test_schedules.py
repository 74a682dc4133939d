"""Thousands of random schedules: whatever comes in whatever order, and wherever it dies, these rules hold."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from overnight.judge.proof import ProofPolicy
from overnight.ledger.events import Claimed, Closed, Judged, Proposed, Rebased, Recorded, RunDone, Turned, Weighed
from overnight.model import Call, Phase, Purpose, Standing
from overnight.night.asking import Seat
from overnight.program.program import Stop

from .rehearsal import Coordinator, Killed, World, program

COUNTED = (Purpose.SCREEN, Purpose.REPEAT, Purpose.ABLATION)
"""Runs that are of the candidate itself; a keep is measured again as the incumbent."""


THINKERS = (*[Seat("model", thinks=True)] * 20, Seat("search", stand_in=True))


def rehearse(
    seed: int, slots: int, kill_chance: float, policy: str = "greedy", seats: tuple[Seat, ...] = (Seat(),)
) -> World:
    world = World(random.Random(seed), program(stop=Stop(experiments=12), policy=policy), slots, seats=seats)
    if policy == "proof":
        world.policy, world.noise = ProofPolicy(), 0.2
    for _ in range(500):
        try:
            Coordinator(world, kill_chance).work()
        except Killed:
            continue
        return world
    raise AssertionError("the night does not end")


def check(world: World, most: int = 12) -> None:
    events = [entry.event for entry in world.entries]
    proposed = [e.experiment for e in events if isinstance(e, Proposed)]
    recorded = [e for e in events if isinstance(e, Recorded)]
    verdicts = {e.experiment: e.verdict for e in events if isinstance(e, Judged)}
    # no experiment is lost, none is counted twice
    assert sorted(proposed) == sorted(e.experiment for e in recorded) == sorted(verdicts)
    assert world.log == [e.experiment for e in recorded]
    assert max(Counter(e.run.id for e in events if isinstance(e, RunDone)).values(), default=1) == 1
    # the branch is the chain of keeps, each measured on exactly the incumbent it landed on
    tip = ""
    for record in recorded:
        if record.kept is not None and record.experiment > 0:
            assert world.commits[record.kept][1] == tip
            trials = [e for e in events if isinstance(e, RunDone) and e.experiment == record.experiment]
            tree, before = world.commits[record.kept][0], world.commits[tip][0]
            counted = [e for e in trials if e.run.purpose in COUNTED]
            if verdicts[record.experiment].removes is None:  # what is not believed goes without a run
                assert counted[-1].run.commit == record.kept
            if world.program.policy == "greedy":
                assert world.score(tree) <= world.score(before)
        tip = record.kept or tip
    assert world.branch == tip
    # never more runs than slots, and the stop rule counts work in flight
    assert world.most_running <= world.slots
    passed_over = [v for v in verdicts.values() if v.call is Call.DUPLICATE or v.removes is not None]
    assert len(proposed) - 1 - len(passed_over) <= most


def check_end(world: World) -> None:
    """What a night of the policy `proof` ends with."""
    events = [entry.event for entry in world.entries]
    turned = [e.phase for e in events if isinstance(e, Turned)]
    weighed = [e for e in events if isinstance(e, Weighed)]
    kept = [e for e in events if isinstance(e, Recorded) and e.kept is not None and e.experiment > 0]
    claims = [e for e in events if isinstance(e, Claimed)]
    standing = [w for w in weighed[-1].worths if w.standing is not Standing.REMOVED] if weighed else []
    if events[-1] == next(e for e in events if isinstance(e, Closed) and e.finished) and world.branch:
        assert turned[-1] is Phase.CLAIM
        assert bool(kept) == bool(weighed)
        assert len(claims) == bool(standing)
        assert all(claim.commit == world.branch for claim in claims)
    sealed = [e.run for e in events if isinstance(e, RunDone) and e.run.purpose is Purpose.CLAIM]
    assert not sealed or 0 in {run.experiment for run in sealed}


@pytest.mark.parametrize("slots", [1, 3, 20])
@pytest.mark.parametrize("kill_chance", [0.0, 0.03])
def test_a_night_of_proof_keeps_the_rules(slots: int, kill_chance: float) -> None:
    for seed in range(2):
        world = rehearse(seed, slots, kill_chance, "proof")
        check(world)
        check_end(world)


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 2, 8, 20])
@pytest.mark.parametrize("kill_chance", [0.0, 0.01, 0.06])
def test_hundreds_of_nights_of_proof(slots: int, kill_chance: float) -> None:
    for seed in range(1000, 1040):
        world = rehearse(seed, slots, kill_chance, "proof")
        check(world)
        check_end(world)


@pytest.mark.parametrize("slots", [1, 2, 8, 20])
def test_random_schedules_keep_the_rules(slots: int) -> None:
    for seed in range(10):
        check(rehearse(seed, slots, kill_chance=0.0))


@pytest.mark.parametrize("slots", [1, 3, 8])
def test_random_deaths_keep_the_rules(slots: int) -> None:
    for seed in range(10):
        check(rehearse(seed, slots, kill_chance=0.03))


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 2, 8, 20])
@pytest.mark.parametrize("kill_chance", [0.0, 0.01, 0.06])
def test_thousands_of_schedules(slots: int, kill_chance: float) -> None:
    for seed in range(1000, 1200):
        check(rehearse(seed, slots, kill_chance))


@pytest.mark.parametrize("slots", [1, 8, 20])
@pytest.mark.parametrize("kill_chance", [0.0, 0.03])
def test_those_who_think_ahead_keep_the_rules(slots: int, kill_chance: float) -> None:
    for seed in range(4):
        check(rehearse(seed, slots, kill_chance, seats=THINKERS))


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 8, 20])
@pytest.mark.parametrize("policy", ["greedy", "proof"])
def test_hundreds_of_nights_of_those_who_think_ahead(slots: int, policy: str) -> None:
    for seed in range(1000, 1050):
        check(rehearse(seed, slots, 0.02, policy, THINKERS))


def test_parallel_schedules_do_meet_stale_candidates() -> None:
    """Otherwise the rules above would hold for want of trying."""
    worlds = [rehearse(seed, 8, 0.0) for seed in range(20)]
    assert sum(isinstance(entry.event, Rebased) for world in worlds for entry in world.entries) > 20

"""Slots of several classes: one counts, the others are scouts."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from overnight.ledger.events import Judged, RunDone, RunStarted
from overnight.model import Call, Goal, Purpose, Slot
from overnight.night.scouting import Scouts
from overnight.program.program import Stop

from .rehearsal import Coordinator, Killed, World, program
from .test_schedules import check

GOOD, CHEAP, OLD = "1 x H200, 144 GB", "1 x T4, 16 GB", "8 x Xeon, 66 GB"


def rehearse(seed: int, classes: tuple[str, ...], confirm_on: str = "", kill_chance: float = 0.0) -> World:
    wanted = program(stop=Stop(experiments=12), policy="greedy", confirm_on=confirm_on)
    world = World(random.Random(seed), wanted, 2 * len(classes), classes=classes)
    for _ in range(500):
        try:
            Coordinator(world, kill_chance).work()
        except Killed:
            continue
        return world
    raise AssertionError("the night does not end")


def started(world: World) -> list[RunStarted]:
    return [entry.event for entry in world.entries if isinstance(entry.event, RunStarted)]


SEEDS = pytest.mark.parametrize("seeds", [range(6), pytest.param(range(6, 40), marks=pytest.mark.slow)], ids=str)


@SEEDS
@pytest.mark.parametrize("kill_chance", [0.0, 0.03])
def test_all_that_the_judge_hears_of_is_from_the_one_class_that_counts(kill_chance: float, seeds: range) -> None:
    for seed in seeds:
        world = rehearse(seed, (CHEAP, GOOD, OLD), "h200", kill_chance)
        check(world)
        assert {(run.run.purpose is Purpose.SCOUT, run.hardware) for run in started(world)} <= {
            (False, GOOD), (True, CHEAP), (True, OLD)
        }  # fmt: skip


@SEEDS
def test_where_none_is_named_it_is_the_one_of_the_first_run_also_after_a_resume(seeds: range) -> None:
    for seed in seeds:
        world = rehearse(seed, (CHEAP, GOOD, CHEAP), kill_chance=0.03)
        check(world)
        assert {run.hardware for run in started(world) if run.run.purpose is not Purpose.SCOUT} == {CHEAP}


def test_what_is_not_better_on_other_hardware_goes_no_further_and_the_judge_has_no_run_of_it() -> None:
    dropped: Counter[str] = Counter()
    for seed in range(20):
        world = rehearse(seed, (GOOD, CHEAP, CHEAP, CHEAP), "h200")
        events = [entry.event for entry in world.entries]
        for judged in (event for event in events if isinstance(event, Judged)):
            if "tried no further" in judged.verdict.why:
                own = {e.run.purpose for e in events if isinstance(e, RunDone) and e.experiment == judged.experiment}
                assert judged.verdict.call is Call.DISCARD
                dropped[",".join(sorted(own))] += 1
    assert dropped["scout"] > 20
    assert dropped["scout"] > 0.8 * sum(dropped.values())


@pytest.mark.slow
def test_changes_on_good_hardware_are_those_that_scouts_have_found_better() -> None:
    """Else the scouts would be for nothing."""
    kept: Counter[bool] = Counter()
    for scouts in (False, True):
        for seed in range(30):
            world = rehearse(seed, (GOOD, CHEAP, CHEAP, CHEAP) if scouts else (GOOD,), "h200")
            screens = [run for run in started(world) if run.run.purpose is Purpose.SCREEN]
            kept[scouts] += len(screens)
    assert kept[True] < 0.8 * kept[False]


def test_with_slots_of_one_class_there_is_no_scout() -> None:
    assert all(run.run.purpose is not Purpose.SCOUT for run in started(rehearse(1, (GOOD, GOOD))))


@pytest.mark.parametrize("seed", range(10))
def test_a_night_that_goes_on_where_its_hardware_is_not_goes_on_with_what_there_is(seed: int) -> None:
    world = World(random.Random(seed), program(stop=Stop(experiments=12), policy="greedy"), 2, classes=(GOOD,))
    with pytest.raises(Killed):
        Coordinator(world, kill_chance=0.05).work()
    world.classes = (OLD,)
    Coordinator(world).work()
    assert world.branch
    assert all(run.run.purpose is not Purpose.SCOUT for run in started(world))


@pytest.mark.slow
def test_scouts_that_are_gone_hold_nothing_up() -> None:
    """Where one of them had found something that was not compared yet."""
    held = 0
    for seed in range(40):
        world = World(random.Random(seed), program(policy="greedy"), 6, classes=(GOOD, CHEAP, OLD))
        coordinator = Coordinator(world)
        state = coordinator.night.state
        while not (state.closed or (state.scouts.found and state.counted == 12)):
            coordinator.step()
        held += bool(state.scouts.found)
        coordinator.lose(CHEAP, OLD)
        coordinator.work()
        check(world)
    assert held > 5


def test_it_takes_up_the_class_that_counted_although_there_is_more_of_another() -> None:
    scouts = Scouts(Goal.MINIMIZE, "loss", before=GOOD)
    slots = [Slot("1", hardware=CHEAP), Slot("2", hardware=CHEAP), Slot("3", hardware=GOOD)]
    assert [slot.name for slot in scouts.apart(slots, "")[0]] == ["3"]

"""What a person's word does to the loop: a pause, an approval, an edited stop rule."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace

import pytest

from overnight.judge.proof import ProofPolicy
from overnight.ledger.events import Closed, Judged
from overnight.ledger.steering import Approved, Paused, Unpaused
from overnight.model import Call
from overnight.night.actions import Ask, Close, Tick
from overnight.program.program import Stop

from .rehearsal import Coordinator, Killed, World, program, stop_asked
from .test_night import FREE, Stage, starts

PAUSE, RESUME = Paused(id="1", who="ada"), Unpaused(id="2", who="ada")


def asking(slots: int = 1, experiments: int = 12) -> Stage:
    """A night that asks before a keep lands, with its baseline measured."""
    wanted = program(approve="keeps", stop=Stop(experiments=experiments))
    return Stage(wanted, slots).after_baseline()


def with_a_keep_that_waits(slots: int = 1, experiments: int = 12) -> Stage:
    stage = asking(slots, experiments)
    stage.next()
    stage.propose(1, "1")
    stage.run(9.0)
    return stage


def answered(number: int, yes: bool = True) -> Approved:
    return Approved(id=f"a{number}", experiment=number, who="ada", yes=yes, why="because")


def test_a_paused_night_starts_nothing_and_asks_nobody() -> None:
    stage = Stage(slots=3).after_baseline()
    stage.hear(PAUSE)
    assert stage.next() == []
    stage.hear(RESUME)
    assert stage.next() == [Ask(3)]


def test_what_runs_when_a_night_is_paused_is_finished_and_judged() -> None:
    stage = Stage().after_baseline()
    stage.next()
    stage.propose(1, "1")
    start = stage.start()
    stage.hear(PAUSE)
    stage.finish(start, 9.0)
    assert stage.next() == []
    assert stage.verdict(1) is Call.KEEP


def test_a_paused_night_still_ends_by_its_clock() -> None:
    stage = Stage(program(stop=Stop(seconds=100.0))).after_baseline()
    stage.hear(PAUSE)
    assert stage.next() == []
    stage.night.hear(Tick(stage.world.clock.now(), 101.0))
    assert stage.next() == [Close("the time is up", finished=True)]


def test_a_paused_night_can_be_stopped() -> None:
    stage = Stage().after_baseline()
    stage.hear(PAUSE, stop_asked("s"))
    assert stage.next() == [Close("stopped by a test", finished=False)]


def test_a_keep_waits_for_a_person_while_the_night_explores() -> None:
    stage = with_a_keep_that_waits()
    assert stage.next() == [Ask(1)]
    assert stage.world.branch == "c0"
    assert list(stage.night.state.steering.held) == [1]


def test_the_baseline_needs_nobodys_word() -> None:
    stage = asking()
    assert stage.next() == [Ask(1)]
    assert stage.world.branch == "c0"


def test_what_is_approved_lands_at_once() -> None:
    stage = with_a_keep_that_waits()
    stage.next()
    stage.hear(answered(1))
    stage.next()
    assert stage.verdict(1) is Call.KEEP
    assert stage.world.branch == "c[1]<c0"


def test_what_is_not_wanted_is_discarded_with_the_reason() -> None:
    stage = with_a_keep_that_waits()
    stage.next()
    stage.hear(answered(1, yes=False))
    stage.next()
    (judged,) = [e.event for e in stage.world.entries if e.event.key == "1/judged"]
    assert judged.verdict.call is Call.DISCARD  # type: ignore[union-attr]
    assert judged.verdict.why == "ada does not want it: because"  # type: ignore[union-attr]
    assert stage.world.branch == "c0"


def after_another_was_approved() -> Stage:
    stage = with_a_keep_that_waits()
    stage.next()
    stage.propose(2, "2")
    stage.run(9.5)
    stage.next()
    stage.hear(answered(2))
    return stage


def test_what_waits_is_not_measured_again_for_each_keep_that_lands() -> None:
    stage = after_another_was_approved()
    assert starts(stage.next(FREE)) == []
    assert stage.world.branch == "c[2]<c0"


def test_what_is_approved_after_another_is_measured_on_top_of_it_and_nobody_is_asked_again() -> None:
    stage = after_another_was_approved()
    stage.next()
    stage.hear(answered(1))
    stage.run(8.5)
    stage.next()
    assert stage.verdict(1) is Call.KEEP
    assert stage.world.branch == "c[1, 2]<c[2]<c0"


def test_what_is_approved_and_no_better_on_top_of_another_is_discarded() -> None:
    stage = after_another_was_approved()
    stage.next()
    stage.hear(answered(1))
    stage.run(9.9)
    stage.next()
    assert stage.verdict(1) is Call.DISCARD


def test_a_night_ends_although_a_keep_still_waits() -> None:
    stage = with_a_keep_that_waits(experiments=1)
    assert stage.next() == [Close("1 of 1 experiments", finished=True)]
    assert list(stage.night.state.steering.held) == [1]


def test_a_stop_rule_that_was_edited_holds_from_then_on() -> None:
    stage = Stage().after_baseline()
    stage.night.reread(replace(stage.world.program, stop=Stop(experiments=1)))
    assert stage.next() == [Ask(1)]
    stage.propose(1, "1")
    stage.run(9.0)
    assert stage.next() == [Close("1 of 1 experiments", finished=True)]


class Talked(Coordinator):
    """A session in which people pause, resume and answer whenever they like."""

    def _something_happens(self) -> None:
        rng, steering = self.world.rng, self.night.state.steering
        id, who = str(len(self.world.entries)), "ada"
        if steering.held and rng.random() < 0.15:
            number, yes = rng.choice(sorted(steering.held)), rng.random() < 0.7
            self._append(Approved(id=id, experiment=number, who=who, yes=yes))
        elif rng.random() < 0.03:
            self._append(Paused(id=id, who=who))
        elif steering.paused and rng.random() < 0.3:
            self._append(Unpaused(id=id, who=who))
        super()._something_happens()


def talked(seed: int, policy: str, kill_chance: float) -> World:
    rng = random.Random(seed)
    world = World(rng, program(approve="keeps", policy=policy), rng.choice((1, 2, 4)))
    if policy == "proof":
        world.policy, world.noise = ProofPolicy(), 0.05
    for _ in range(200):
        with suppress(Killed):
            Talked(world, kill_chance).work()
            return world
    raise AssertionError("the night does not end")


@pytest.mark.parametrize("policy", ["greedy", "proof"])
@pytest.mark.parametrize("kill_chance", [0.0, 0.03])
def test_whatever_people_say_the_night_ends_and_only_what_was_approved_lands(policy: str, kill_chance: float) -> None:
    for seed in range(36, 40):
        world = talked(seed, policy, kill_chance)
        events = [entry.event for entry in world.entries]
        approved = {event.experiment for event in events if isinstance(event, Approved) and event.yes}
        verdicts = [event.verdict for event in events if isinstance(event, Judged)]
        landed = {v.experiment for v in verdicts if v.call is Call.KEEP and v.removes is None and v.experiment}
        assert landed <= approved
        assert isinstance(events[-1], Closed)
        assert events[-1].finished

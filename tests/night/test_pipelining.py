"""A slot does not wait for whoever thinks: proposals are made while runs execute. By a clock of the test's."""

from __future__ import annotations

import pytest

from overnight.ledger.events import RunDone, RunStarted
from overnight.model import Score, Status, Trial, Usage
from overnight.night.actions import Action, Admit, Ask, Conclude, Expect, Record, Start
from overnight.night.asking import Asking, Seat, hurry
from overnight.program.program import Stop
from tests.night.rehearsal import program
from tests.night.test_night import FREE, Stage, starts

RUN_SECONDS, RUNS = 1.0, 50


def idle_seconds(thinking_seconds: float) -> float:
    """Of one slot, from its first screen to its last."""
    stage = Stage(program(stop=Stop(experiments=10_000))).after_baseline()
    stage.night.asking = Asking([Seat("model", thinks=True)])
    now, idle, ends, number = 0.0, 0.0, float("inf"), 0
    begun: list[Start] = []
    thoughts: list[float] = []
    while len(begun) < RUNS:
        while actions := stage.next(FREE if ends == float("inf") else []):
            for action in actions:
                if isinstance(action, Start):
                    begun.append(action)
                    stage.hear(RunStarted(run=action.run, attempt=action.attempt, slot=action.slot.name))
                    ends = now + RUN_SECONDS
                if isinstance(action, Ask):
                    thoughts.append(now + thinking_seconds)
        event = min([ends, *thoughts])
        idle += event - now if begun and ends == float("inf") else 0.0
        now = event
        if now == ends:
            run, ends = begun[-1].run, float("inf")
            trial = Trial(run.id, 1, Status.OK, {"loss": Score(11.0)}, Usage(1.0, 1.0), 0, None, "", "")
            stage.hear(RunDone(run=run, trial=trial))
        else:
            thoughts.remove(now)
            number += 1
            stage.propose(number, str(number))
    return idle


@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_one_slot_never_waits_for_one_who_thinks_faster_than_a_run_takes(share: float) -> None:
    assert idle_seconds(share * RUN_SECONDS) == 0.0


def test_it_waits_for_one_who_thinks_longer_as_long_as_that_is() -> None:
    assert idle_seconds(1.5 * RUN_SECONDS) == pytest.approx(0.5 * RUN_SECONDS * (RUNS - 1))


def two_proposed() -> Stage:
    stage = Stage(program(stop=Stop(experiments=10))).after_baseline()
    stage.next()
    for number in (1, 2):
        stage.propose(number, str(number))
    return stage


def conclude(stage: Stage) -> None:
    while not isinstance((action := stage.night.next([])[0]), Record):
        stage.coordinator._do(action)


@pytest.mark.parametrize("half_done", [Conclude, Record])
def test_a_run_begins_before_what_was_discarded_is_put_away(half_done: type[Action]) -> None:
    stage = two_proposed()
    stage.run(11.0)
    if half_done is Record:
        conclude(stage)
    begun, put_away = stage.night.next(FREE)
    assert isinstance(begun, Start)
    assert begun.run.experiment == 2
    assert isinstance(put_away, half_done)


def test_a_run_begins_before_another_proposal_is_admitted() -> None:
    stage = two_proposed()
    stage.run(11.0)
    stage.propose(3, "3")
    conclude(stage)
    stage.coordinator._do(stage.night.next([])[0])
    begun, admitted = stage.night.next(FREE)
    assert isinstance(begun, Start)
    assert (begun.run.experiment, admitted) == (2, Admit(3))


def test_a_keep_is_recorded_before_anything_else_begins() -> None:
    stage = two_proposed()
    stage.run(9.0)
    conclude(stage)
    assert [type(action) for action in stage.night.next(FREE)] == [Record]


@pytest.mark.parametrize(
    ("slots", "run_seconds", "ahead"),
    [(1, 0.01, 1), (1, 2.0, 1), (1, 3.0, 0), (20, 1.0, 20), (20, 10.0, 2), (20, 300.0, 0)],
)
def test_who_answers_at_once_is_asked_ahead_only_where_slots_would_wait_for_it(
    slots: int, run_seconds: float, ahead: int
) -> None:
    assert hurry(slots, run_seconds) == ahead


def test_with_short_runs_the_next_proposal_is_there_when_a_run_ends() -> None:
    for seconds, ahead in ((1.0, 1), (8.0, 0)):
        stage = Stage(program(stop=Stop(experiments=10)))
        stage.run(10.0, seconds=seconds)
        assert stage.next() == [Ask(1 + ahead)]


def expected(stage: Stage) -> list[str]:
    """What it says of this while all slots are busy."""
    found: list[str] = []
    while actions := stage.night.next([]):
        for action in actions:
            stage.coordinator._do(action)
            found += [action.run.id] if isinstance(action, Expect) else []
    return found


@pytest.mark.parametrize(("seconds", "ids"), [(1.0, ["2-screen-0"]), (8.0, [])])
def test_what_the_next_free_slot_is_for_is_said_once_where_runs_are_short(seconds: float, ids: list[str]) -> None:
    stage = Stage(program(stop=Stop(experiments=10)))
    stage.run(10.0, seconds=seconds)
    stage.next()
    stage.propose(1, "1")
    stage.propose(2, "2")
    assert starts([stage.start()]) == ["1-screen-0"]
    assert (expected(stage), expected(stage)) == (ids, [])


def test_beside_a_run_that_is_measured_alone_nothing_is_made_ready_or_put_away() -> None:
    stage = Stage(program(stop=Stop(experiments=10), exclusive=True))
    stage.run(10.0, seconds=1.0)
    assert stage.next() == [Ask(1)]
    stage.propose(1, "1")
    stage.propose(2, "2")
    assert starts([stage.start()]) == ["1-screen-0"]
    assert expected(stage) == []
    stage.run(11.0)
    assert [type(action) for action in stage.night.next(FREE)] == [Conclude]
    conclude(stage)
    assert [type(action) for action in stage.night.next(FREE)] == [Record]

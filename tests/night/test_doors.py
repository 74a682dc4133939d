"""What comes in by hand, as the loop takes it: workspaces, what was told of them, numbers from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.ledger.doors import Asked, Reported, Told
from overnight.ledger.events import Event, Noted, Proposed
from overnight.model import Call, Edit, Level, Phase
from overnight.night.actions import Close, Tick
from overnight.night.doors import Doors, letters
from overnight.night.due import due
from overnight.night.steering import Steering
from overnight.program.program import ELSEWHERE, Stop

from .rehearsal import Coordinator, program, stop_asked
from .test_letters import JSON
from .test_night import Stage, starts

FIELDS = ("ask", "edits", "values", "hypothesis", "who", "place")


def asked(number: int, parent: str = "c0") -> Asked:
    return Asked(id=f"a{number}", ask=number, parent=parent, folder=f"/asked/{number}", who="ada")


def told(number: int, idea: str = "") -> Told:
    return Told(ask=number, edits=(Edit("train.py", 0, 0, idea or str(number)),), hypothesis="wider")


def said(id: str, ask: int, value: float) -> Reported:
    return Reported(id=id, ask=ask, value=value, who="ada")


def by_hand(external: bool = False) -> Stage:
    """A session in which only what was told is measured."""
    wanted = program(run=ELSEWHERE) if external else program()
    stage = Stage(wanted)
    stage.world.errand, stage.world.seats = Phase.SEARCH, ()
    stage.coordinator = Coordinator(stage.world)
    stage.night = stage.coordinator.night
    return stage


def ticked(stage: Stage) -> Stage:
    stage.night.hear(Tick(stage.world.clock.now(), 1.0))
    return stage


def taken(stage: Stage, **message: Any) -> list[Event]:
    return list(letters("m", message, stage.night.state.doors, stage.night.state.steering))


# ---- messages


def test_asks_are_numbered_from_one_and_get_the_files_of_the_branch() -> None:
    stage = Stage()
    stage.hear(asked(1))
    assert taken(stage, kind="ask", place="/asked/", who="ada") == [
        Asked(id="m", ask=2, parent="c0", folder="/asked/2", who="ada")
    ]


def test_an_ask_that_is_taken_twice_has_one_number() -> None:
    stage = Stage()
    (first,) = taken(stage, kind="ask", place="/asked", who="ada")
    stage.hear(first)
    assert taken(stage, kind="ask", place="/asked", who="ada") == [first]


def test_what_is_told_is_told_once() -> None:
    stage = Stage()
    stage.hear(asked(1))
    message = {"ask": 1, "edits": [{"path": "train.py", "start": 0, "removed": 0, "text": "1"}], "values": []}
    (first,) = taken(stage, kind="tell", hypothesis="wider", **message)
    assert first == told(1)
    stage.hear(first)
    assert taken(stage, kind="tell", **message) == []


def test_a_number_that_is_taken_twice_is_one() -> None:
    stage = Stage()
    message = {"kind": "tell", "ask": 0, "values": [1.0, 2], "who": "ada"}
    assert (
        taken(stage, **message) == [said("m/0", 0, 1.0), said("m/1", 0, 2.0), Told(ask=0, edits=(), hypothesis="")][:2]
    )


@pytest.mark.parametrize(
    "message",
    [
        {"ask": 7, "values": [1.0]},  # nobody has it
        {"ask": 1, "values": []},  # tells nothing
        {"ask": 1, "values": [float("nan")]},
        {"ask": 1, "values": [], "edits": [{"path": 1}]},
        {"ask": 1, "values": "many"},
    ],
)
def test_what_cannot_be_meant_is_a_note(message: dict[str, Any]) -> None:
    stage = Stage()
    stage.hear(asked(1))
    assert [type(event) for event in taken(stage, kind="tell", **message)] == [Noted]


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from(["ask", "tell"]))
def test_no_message_raises(message: dict[str, Any], kind: str) -> None:
    doors = Doors(asked={1: asked(1)})
    list(letters("m", {**message, "kind": kind}, doors, Steering()))


# ---- in the loop


def test_what_is_told_waits_for_the_baseline_and_is_an_experiment_then() -> None:
    stage = Stage()
    stage.hear(asked(1), told(1))
    assert starts(stage.next()) == ["0-baseline-0"]
    stage.run(10.0)
    assert starts(stage.next()) == ["1-screen-0"]
    proposed = stage.world.entries[-2].event
    assert isinstance(proposed, Proposed)
    assert (proposed.ask, proposed.origin, proposed.hypothesis) == (1, "ada", "wider")


def test_asks_are_told_in_any_order_and_numbered_as_they_are_told() -> None:
    stage = Stage().after_baseline()
    stage.hear(asked(1), asked(2), asked(3), told(3))
    stage.run(9.0)
    stage.hear(told(1))
    stage.run(9.5)
    stage.next()
    assert stage.night.state.doors.experiments == {0: 0, 3: 1, 1: 2}


def test_a_change_of_an_older_branch_is_measured_on_top_of_the_new_one() -> None:
    stage = Stage().after_baseline()
    stage.hear(asked(1), asked(2), told(2))
    stage.run(9.0)
    stage.hear(told(1))
    stage.run(8.0)
    stage.next()
    assert stage.world.branch == "c[1, 2]<c[2]<c0"


def test_a_number_told_where_things_are_measured_is_what_its_author_says() -> None:
    stage = Stage().after_baseline()
    stage.hear(asked(1), said("s", 1, 0.5), told(1))
    assert starts(stage.next()) == ["1-screen-0"]
    assert stage.night.state.open[1].proposed.hypothesis == "wider (0.5 measured elsewhere)"


def test_a_session_for_what_was_told_asks_nobody_and_ends_when_that_is_decided() -> None:
    stage = by_hand()
    stage.hear(asked(1), told(1))
    stage.run(10.0)
    stage.run(9.0)
    assert stage.next() == []
    assert stage.verdict(1) is Call.KEEP
    assert ticked(stage).next() == [Close("what was told is measured", finished=False)]


def test_it_looks_into_the_inbox_before_it_ends() -> None:
    stage = by_hand()
    stage.run(10.0)
    assert stage.next() == []
    stage.hear(asked(1), told(1))
    assert starts(ticked(stage).next()) == ["1-screen-0"]


def test_it_measures_what_was_told_past_the_stop_rules() -> None:
    stage = by_hand()
    stage.night.reread(program(stop=Stop(experiments=1, seconds=0.0)))
    stage.run(10.0)
    stage.hear(asked(1), asked(2), told(1), told(2))
    assert [stage.start().run.id for _ in range(2)] == ["1-screen-0", "2-screen-0"]


def test_what_is_told_while_the_claim_is_measured_waits_for_another_session() -> None:
    stage = Stage().after_baseline()
    stage.next()
    stage.hear(asked(1), told(1))
    state, run = stage.night.state, stage.night._run
    assert len(list(due(stage.world.program, state, run))) == 1
    state.phase = Phase.CLAIM
    assert list(due(stage.world.program, state, run)) == []


def test_a_stopped_session_starts_nothing_that_is_told() -> None:
    stage = by_hand()
    stage.run(10.0)
    stage.hear(asked(1), told(1), stop_asked("s"))
    assert stage.next() == [Close("stopped by a test", finished=False)]


# ---- numbers from elsewhere


def test_where_nothing_is_measured_numbers_are_the_runs() -> None:
    stage = by_hand(external=True)
    stage.hear(said("s", 0, 10.0), asked(1), told(1), said("t", 1, 9.0))
    assert stage.next() == []
    assert (stage.verdict(0), stage.verdict(1)) == (Call.KEEP, Call.KEEP)
    levels = [e.event.trial.level for e in stage.world.entries if e.event.kind == "run_done"]  # type: ignore[union-attr]
    assert levels == [Level.EXTERNAL, Level.EXTERNAL]


def test_where_nothing_is_measured_nothing_is_started_and_nobody_waited_for() -> None:
    stage = by_hand(external=True)
    assert stage.next() == []
    assert ticked(stage).next() == [Close("what was told is measured", finished=False)]


def test_a_number_that_nobody_wants_changes_nothing() -> None:
    stage = by_hand(external=True)
    stage.hear(said("s", 0, 10.0), said("t", 0, 99.0))
    stage.next()
    assert stage.night.state.best == 10.0
    assert len(stage.night.state.doors.reported[0]) == 1

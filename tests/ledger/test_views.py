from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.errors import LedgerError
from overnight.ledger.events import Event, Noted
from overnight.ledger.ledger import Reader
from overnight.ledger.views import AgentRow, Flight, Row, agent_rows, detail, nights, row, rows, summary, to_json
from overnight.model import Call, Cost, Goal, Split
from tests.ledger.sample_night import (
    NOW,
    a_night,
    admitted,
    closed,
    commit,
    done,
    experiment,
    judged,
    open_ledger,
    opened,
    proposed,
    rebased,
    recorded,
    run,
    session,
    started,
    written,
)


def read(folder: Path, *events: Event) -> Reader:
    return Reader.open(written(folder, *events))


def test_a_row_says_what_became_of_an_experiment(tmp_path: Path) -> None:
    with read(tmp_path, *a_night()) as reader:
        assert row(reader, 1) == Row(
            number=1,
            at=1_700_000_000.124,
            elapsed=12.0,
            origin="search",
            hypothesis="idea 1",
            commit=commit(1),
            kept="1".zfill(40),
            state="judged",
            call=Call.KEEP,
            why="because",
            score=2.0,
            best=2.0,
            runs=1,
            seconds=4.5,
            peak_mb=101.0,
            gpu_mb=None,
            usd=0.0,
            tokens=0,
            removes=None,
        )
        assert row(reader, 4) is None


def test_the_state_of_a_row_follows_its_events(tmp_path: Path) -> None:
    steps: list[Event] = [proposed(1), admitted(1), started(1), done(1, 2.0), judged(1, Call.KEEP, 2.0)]
    seen = []
    with open_ledger(tmp_path) as ledger:
        for event in (opened(), session(), *steps):
            ledger.append(NOW, 0.0, event)
            seen += [found.state for found in rows(ledger)]
    assert seen == ["proposed", "admitted", "running", "measured", "judged"]


def test_the_best_of_a_row_is_the_best_keep_up_to_then(tmp_path: Path) -> None:
    later = [*experiment(4, Call.KEEP, 2.0), *experiment(5, Call.KEEP, 2.125), *experiment(6, Call.KEEP, 1.5)]
    with read(tmp_path, *a_night(), *later) as reader:
        assert [found.best for found in rows(reader)] == [2.5, 2.0, 2.0, 2.0, 2.0, 2.0, 1.5]
        assert summary(reader, False).best_experiment == 6


def test_the_best_follows_the_goal(tmp_path: Path) -> None:
    events = [opened(Goal.MAXIMIZE), session(), *experiment(0, Call.KEEP, 1.0), *experiment(1, Call.KEEP, 2.0)]
    with read(tmp_path, *events, *experiment(2, Call.KEEP, 1.5)) as reader:
        assert [found.best for found in rows(reader)] == [1.0, 2.0, 2.0]


def test_the_last_rows_come_newest_last(tmp_path: Path) -> None:
    with read(tmp_path, *a_night()) as reader:
        assert [found.number for found in rows(reader)] == [0, 1, 2, 3]
        assert [found.number for found in rows(reader, last=2)] == [2, 3]
        assert [found.number for found in rows(reader, last=0)] == []
        assert [found.number for found in rows(reader, last=99)] == [0, 1, 2, 3]


def test_rows_can_be_asked_for_by_call(tmp_path: Path) -> None:
    with read(tmp_path, *a_night()) as reader:
        assert [found.number for found in rows(reader, calls={Call.KEEP})] == [0, 1]
        assert [found.number for found in rows(reader, calls={Call.KEEP, Call.CRASH}, last=2)] == [1, 3]
        assert [found.number for found in rows(reader, calls={Call.PRUNED})] == []


def test_the_detail_of_an_experiment_holds_its_edits_runs_and_verdict(tmp_path: Path) -> None:
    with read(tmp_path, *a_night()) as reader:
        found = detail(reader, 2)
        assert found is not None
        assert (found.row, found.proposed) == (row(reader, 2), proposed(2))
        assert found.runs == (done(2, 2.25, why="exit code 1"),)
        assert found.verdict == judged(2, Call.DISCARD, 2.25).verdict
        assert detail(reader, 4) is None


def test_a_summary_says_how_the_night_stands(tmp_path: Path) -> None:
    with read(tmp_path, *a_night()) as reader:
        said = summary(reader, held=False)
    assert (said.night, said.branch, said.metric, said.goal) == ("mar5", "autoresearch/mar5", "val_bpb", "minimize")
    assert (said.state, said.why) == ("stopped", "stopped by ada")
    assert (said.baseline, said.best, said.best_experiment, said.tip) == (2.5, 2.0, 1, "1".zfill(40))
    assert said.counts == {Call.KEEP: 2, Call.DISCARD: 1, Call.CRASH: 1}
    assert (said.experiments, said.runs, said.since_keep, said.elapsed) == (3, 4, 2, 26.0)
    assert (said.usd, said.tokens, said.in_flight, said.notes) == (0.0, 0, (), ())


@pytest.mark.parametrize(
    ("events", "held", "state"),
    [
        ([opened()], True, "running"),
        ([opened(), session(1)], False, "interrupted"),
        ([opened(), session(1), closed(1)], False, "stopped"),
        ([opened(), session(1), closed(1), session(2)], False, "interrupted"),
        ([opened(), session(1), closed(1), session(2), closed(2, finished=True)], False, "finished"),
        ([opened(), session(1), closed(1)], True, "running"),
    ],
)
def test_the_state_of_a_night_is_that_of_its_last_session(
    tmp_path: Path, events: list[Event], held: bool, state: str
) -> None:
    with read(tmp_path, *events) as reader:
        assert summary(reader, held).state == state


def test_a_night_without_an_entry_is_said_to_be_so(tmp_path: Path) -> None:
    with read(tmp_path) as reader, pytest.raises(LedgerError, match="before its first entry"):
        summary(reader, held=False)


def test_what_is_under_way_is_in_flight_until_it_ends_or_its_session_does(tmp_path: Path) -> None:
    begun: list[Event] = [opened(), session(), proposed(1), proposed(2), started(1), started(2)]
    with open_ledger(tmp_path) as ledger:
        ledger.append(NOW, 0.0, *begun)
        flights = (Flight(run(1), 1_700_000_000.124, "slot-1"), Flight(run(2), 1_700_000_000.124, "slot-1"))
        assert summary(ledger, True).in_flight == flights
        ledger.append(NOW, 0.0, done(1, 2.0))
        assert summary(ledger, True).in_flight == flights[1:]
        assert summary(ledger, False).in_flight == ()
        ledger.append(NOW, 0.0, session(2))
        assert summary(ledger, True).in_flight == ()
        ledger.append(NOW, 0.0, started(2, attempt=2))
        assert summary(ledger, True).in_flight == flights[1:]


def test_what_was_turned_away_before_it_ran_does_not_count_as_an_experiment(tmp_path: Path) -> None:
    refused: list[Event] = [
        proposed(4),
        admitted(4, "edits prepare.py", "refused"),
        judged(4, Call.REFUSED),
        recorded(4, Call.REFUSED),
    ]
    duplicate: list[Event] = [proposed(5), admitted(5), judged(5, Call.DUPLICATE), recorded(5, Call.DUPLICATE)]
    with read(tmp_path, *a_night(), *refused, *duplicate) as reader:
        said = summary(reader, held=False)
        assert (said.experiments, said.since_keep) == (3, 2)
        assert (said.counts[Call.REFUSED], said.counts[Call.DUPLICATE]) == (1, 1)


def test_a_sum_of_costs_is_unknown_once_a_part_is(tmp_path: Path) -> None:
    costs = [Cost(tokens=100, usd=0.25), Cost(tokens=50, usd=None), Cost(tokens=7, usd=0.5)]
    with read(tmp_path, opened(), *(proposed(n, cost) for n, cost in enumerate(costs))) as reader:
        said = summary(reader, held=True)
        assert (said.tokens, said.usd) == (157, None)


def test_the_branch_stands_at_the_newest_keep_that_is_recorded(tmp_path: Path) -> None:
    with read(tmp_path / "a", opened(), *experiment(0, Call.KEEP, 2.5), judged(1, Call.KEEP, 2.0)) as reader:
        assert summary(reader, held=True).tip == judged(1, Call.KEEP).branch_tip
    with read(tmp_path / "b", opened(), session()) as reader:
        assert summary(reader, held=True).tip == opened().baseline


def test_the_newest_notes_are_in_the_summary(tmp_path: Path) -> None:
    with read(tmp_path, opened(), *(Noted(id=str(n), text=f"note {n}") for n in range(12))) as reader:
        assert summary(reader, held=True).notes == tuple(f"note {n}" for n in range(2, 12))


def test_an_agent_sees_the_released_score_only(tmp_path: Path) -> None:
    hidden: list[Event] = [done(1, 9.875, Split.HIDDEN), judged(1, Call.DISCARD, 9.875, why="hidden 9.875 against 2.5")]
    told = replace(recorded(1, Call.DISCARD), released=2.25)
    with read(tmp_path, opened(), proposed(1), admitted(1), done(1, 2.0), *hidden, told) as reader:
        assert list(agent_rows(reader, 5)) == [AgentRow(1, "search", "idea 1", Call.DISCARD, 2.25, "")]


def test_an_agent_is_told_why_something_did_not_run(tmp_path: Path) -> None:
    refused: list[Event] = [proposed(1), admitted(1, "edits prepare.py", "refused"), judged(1, Call.REFUSED)]
    crash: list[Event] = [proposed(2), admitted(2), done(2, None, why="exit code 1: KeyError"), judged(2, Call.CRASH)]
    hidden: list[Event] = [proposed(3), admitted(3), done(3, None, Split.HIDDEN, why="hidden"), judged(3, Call.CRASH)]
    duplicate: list[Event] = [proposed(4), admitted(4), judged(4, Call.DUPLICATE, why="the same as 1")]
    with read(tmp_path, opened(), *refused, *crash, *hidden, *duplicate) as reader:
        reasons = [found.why for found in agent_rows(reader, 4)]
    assert reasons == ["edits prepare.py", "exit code 1: KeyError", "", "the same as 1"]


def test_an_agent_sees_no_score_from_before_a_rebase(tmp_path: Path) -> None:
    with read(tmp_path, opened(), proposed(4), admitted(4), done(4, 2.0), rebased(4)) as reader:
        assert [found.score for found in agent_rows(reader, 1)] == [None]


def test_everything_shown_can_be_written_as_json(tmp_path: Path) -> None:
    with read(tmp_path, *a_night()) as reader:
        shown = [summary(reader, held=True), list(rows(reader)), detail(reader, 1), list(agent_rows(reader, 9))]
    said = json.loads(json.dumps(to_json(shown)))
    assert said[0]["counts"] == {"keep": 2, "discard": 1, "crash": 1}
    assert said[1][3]["call"] == "crash"


def test_nights_are_listed_the_one_that_ran_last_at_the_end(tmp_path: Path) -> None:
    for time, name in enumerate(("b", "c", "a")):
        os.utime(written(tmp_path / "overnight" / name, opened()) / "lock", (time, time))
    (tmp_path / "overnight" / "node").write_text("n1")
    assert [folder.name for folder in nights(tmp_path)] == ["b", "c", "a"]
    assert nights(tmp_path / "elsewhere") == []


def test_the_public_views_answer_the_questions_that_the_schema_suggests(tmp_path: Path) -> None:
    with read(tmp_path, *a_night()) as reader:
        keeps = list(reader.query("SELECT number, hypothesis, score, why FROM keep"))
        assert keeps == [(0, "idea 0", 2.5, "because"), (1, "idea 1", 2.0, "because")]
        runs = list(reader.query("SELECT experiment, purpose, seed, status, wall_seconds FROM run"))
        assert runs[3] == (3, "screen", 11, "crash", 4.5)

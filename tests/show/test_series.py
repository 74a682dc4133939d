from __future__ import annotations

from pathlib import Path

import pytest

from overnight.ledger.events import Claimed, Event, Judged, Proposed, RunDone, Weighed
from overnight.model import (
    Call,
    Claim,
    Goal,
    Purpose,
    Run,
    Score,
    Split,
    Standing,
    Status,
    Trial,
    Usage,
    Verdict,
    Worth,
)
from overnight.show.series import Series, series_of
from tests.ledger.sample_night import (
    NOW,
    a_night,
    admitted,
    commit,
    experiment,
    judged,
    open_ledger,
    opened,
    proposed,
    recorded,
    session,
)


def drawn_from(folder: Path, *events: Event) -> Series:
    with open_ledger(folder / "night") as ledger:
        ledger.append(NOW, 1.0, *events)
        return series_of(ledger)


def repeated(number: int, *scores: float) -> list[Event]:
    """An experiment that was run so many times, and kept."""
    runs = [Run(f"{number}-{i}", number, commit(number), Purpose.REPEAT, Split.VISIBLE, i, 5.0, 9.0) for i in range(9)]
    done = [
        RunDone(run=run, trial=Trial(run.id, 1, Status.OK, {"val_bpb": Score(score)}, Usage(), 0, None, "", ""))
        for run, score in zip(runs, scores, strict=False)
    ]
    verdict = Verdict(number, Call.KEEP, "", sum(scores) / len(scores), runs=len(scores))
    kept = Judged(verdict=verdict, commit=commit(number), log_tip="1" * 40, branch_tip="b" * 40)
    return [proposed(number), admitted(number), *done, kept, recorded(number, Call.KEEP)]


def test_every_experiment_that_ran_has_a_mark_in_order(tmp_path: Path) -> None:
    marks = drawn_from(tmp_path, *a_night()).marks
    assert [(mark.number, mark.call, mark.score) for mark in marks] == [
        (0, Call.KEEP, 2.5),
        (1, Call.KEEP, 2.0),
        (2, Call.DISCARD, 2.25),
        (3, Call.CRASH, None),
    ]
    assert marks[1].said == "idea 1"


def test_what_was_never_run_has_no_mark(tmp_path: Path) -> None:
    turned_away: list[Event] = [proposed(4), admitted(4, "the same", "duplicate"), judged(4, Call.DUPLICATE)]
    series = drawn_from(tmp_path, *a_night()[:-1], *turned_away)
    assert [mark.number for mark in series.marks] == [0, 1, 2, 3]
    assert series.experiments == 3


def test_what_was_dropped_without_a_score_has_no_mark(tmp_path: Path) -> None:
    """It ran, on what the branch was; it cannot be put on top of what the branch is."""
    series = drawn_from(tmp_path, *a_night()[:-1], *experiment(4, Call.DISCARD))
    assert [mark.number for mark in series.marks] == [0, 1, 2, 3]
    assert series.experiments == 4


def test_the_judges_own_removals_have_no_mark(tmp_path: Path) -> None:
    removal = Proposed(experiment=4, parent="b" * 40, edits=(), origin="judge", hypothesis="without 1", removes=1)
    _, *its_run = experiment(4, Call.KEEP, 2.1)
    series = drawn_from(tmp_path, *a_night()[:-1], removal, *its_run)
    assert [mark.number for mark in series.marks] == [0, 1, 2, 3]


@pytest.mark.parametrize(("goal", "best"), [(Goal.MINIMIZE, [2.5, 2.0]), (Goal.MAXIMIZE, [2.5, 2.6])])
def test_the_running_best_is_of_keeps_and_only_gets_better(tmp_path: Path, goal: Goal, best: list[float]) -> None:
    scores = [(0, Call.KEEP, 2.5), (1, Call.KEEP, 2.0), (2, Call.DISCARD, 1.0), (3, Call.KEEP, 2.6)]
    events = [event for each in scores for event in experiment(*each)]
    assert [score for _, score in drawn_from(tmp_path, opened(goal), session(), *events).claimed] == best


def test_the_noise_is_what_runs_of_the_same_commit_differ_by(tmp_path: Path) -> None:
    series = drawn_from(tmp_path, opened(), session(), *repeated(0, 2.0, 2.2), *repeated(1, 1.0, 1.2, 1.1))
    squares = 0.1**2 * 2 + 0.1**2 * 2
    assert series.noise == pytest.approx((squares / 3) ** 0.5 * (1 + 0.5 / 3))
    assert [mark.runs for mark in series.marks] == [2, 3]


def test_without_a_repeat_no_noise_is_known(tmp_path: Path) -> None:
    assert drawn_from(tmp_path, *a_night()).noise is None


@pytest.mark.parametrize(("goal", "levels"), [(Goal.MINIMIZE, [2.5, 2.1]), (Goal.MAXIMIZE, [2.5, 2.9])])
def test_what_is_believed_is_added_to_the_baseline(tmp_path: Path, goal: Goal, levels: list[float]) -> None:
    kept = [*experiment(0, Call.KEEP, 2.5), *experiment(1, Call.KEEP, 2.0), *experiment(2, Call.KEEP, 1.9)]
    worths = (Worth(1, 0.4, 0.01, 3, Standing.PROVEN), Worth(2, 0.1, 0.9, 3, Standing.REMOVED))
    series = drawn_from(tmp_path, opened(goal), session(), *kept, Weighed(number=1, worths=worths))
    assert [score for _, score in series.confirmed] == pytest.approx(levels)
    assert [mark.standing for mark in series.keeps] == [Standing.PROVEN, Standing.REMOVED]


@pytest.mark.parametrize("current", [True, False])
def test_a_claim_about_an_older_branch_is_not_drawn(tmp_path: Path, current: bool) -> None:
    claim = Claim(Split.SEALED, 3, 2.5, 2.0, 0.5, 0.4, 0.6)
    tip = f"{1:040d}" if current else "a" * 40
    series = drawn_from(tmp_path, *a_night()[:-1], Claimed(number=1, commit=tip, claim=claim))
    assert series.claim == (claim if current else None)


def test_a_night_without_a_score_is_no_error(tmp_path: Path) -> None:
    series = drawn_from(tmp_path, opened(), session(), *experiment(0, Call.CRASH))
    assert (series.baseline, series.claimed, series.confirmed, series.keeps) == (None, (), (), ())

"""A run's curve is followed while it runs, and a rung that it fails ends it. Nothing else that it prints does."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from overnight.measure.process import Ended, Spec, Warden, Why
from overnight.measure.rungs import POINTS, SHOWN, Follower, attended, failed, level
from overnight.model import Run, Rung, Usage
from overnight.program.program import Box, Program
from tests.measure.conftest import LINUX, PROGRAM, RUN

LOSS = replace(PROGRAM, curve=r"loss (\S+)")
SLOW_LOSS = "i=0; while [ $i -lt 100 ]; do echo loss 5; sleep 0.02; i=$((i+1)); done"


def short(*rungs: Rung, seconds: float = 1.0) -> Run:
    return replace(RUN, box_seconds=seconds, rungs=rungs)


def follow(warden: Warden, spec: Spec, command: str, run: Run, program: Program = LOSS) -> Ended:
    follower = Follower(run, program)
    running = warden.start(attended(replace(spec, argv=("/bin/sh", "-c", command)), run, program))

    def beat(wall_seconds: float, cpu_seconds: float) -> None:
        if follower.hopeless(running.curve(), wall_seconds, cpu_seconds):
            running.kill()

    ended = running.wait(beat)
    return follower.concluded(running.curve(), ended)


def test_a_level_is_the_median_over_the_last_twentieth_of_the_box() -> None:
    curve = [(1.0, 9.0), (1.6, 5.0), (1.7, 50.0), (2.0, 4.0), (2.1, 0.0)]
    assert level(curve, 0.2, 10.0) == 5.0


def test_without_a_point_there_a_level_is_the_newest_before() -> None:
    assert level([(0.2, 9.0), (0.4, 8.0), (3.0, 1.0)], 0.2, 10.0) == 8.0


def test_before_the_first_point_there_is_no_level() -> None:
    assert level([(3.0, 1.0)], 0.2, 10.0) is None


@pytest.mark.parametrize(
    ("value", "rung", "fails"),
    [
        (2.31, Rung(0.4, 2.18), True),
        (2.18, Rung(0.4, 2.18), False),
        (2.31, Rung(0.4, 2.18, above=False), False),
        (2.0, Rung(0.4, 2.18, above=False), True),
        (math.nan, Rung(0.4, 2.18), True),
        (math.nan, Rung(0.4, 2.18, above=False), True),
        (math.inf, Rung(0.4, 2.18, above=False), True),
    ],
)
def test_a_rung_is_failed_on_its_wrong_side_only(value: float, rung: Rung, fails: bool) -> None:
    assert bool(failed(rung, [(1.0, value)], 2.5)) == fails


def test_the_sentence_says_where_and_what_it_would_have_taken() -> None:
    said = failed(Rung(0.4, 2.18), [(1.0, 2.31)], 2.5)
    assert said == "pruned at 40 % of the box: its curve was at 2.31, where 2.18 was needed for a 2 % chance"


def test_a_run_that_fails_a_rung_is_ended_there(warden: Warden, spec: Spec) -> None:
    rungs = [Rung(share, 4.0) for share in (0.2, 0.5, 0.8)]  # the later ones for a machine that is slow to print
    ended = follow(warden, spec, SLOW_LOSS, short(*rungs, seconds=2.0))
    assert ended.why is Why.PRUNED
    assert ended.note in [failed(rung, [(0.0, 5.0)], 2.0) for rung in rungs]


def test_a_run_that_passes_its_rungs_ends_by_itself(warden: Warden, spec: Spec) -> None:
    ended = follow(warden, spec, "echo loss 5; sleep 0.5; exit 3", short(Rung(0.2, 6.0), Rung(0.4, 5.5)))
    assert (ended.why, ended.code) == (Why.EXIT, 3)


def test_a_run_that_prints_nothing_on_the_way_fails_no_rung(warden: Warden, spec: Spec) -> None:
    assert follow(warden, spec, "echo hello; sleep 0.4", short(Rung(0.2, 6.0))).why is Why.EXIT


@pytest.mark.slow
@LINUX
def test_in_a_cpu_box_the_box_is_counted_in_cpu_seconds(warden: Warden, spec: Spec) -> None:
    ended = follow(
        warden, spec, "sleep 0.5; echo loss 5; sleep 0.2", short(Rung(0.2, 4.0)), replace(LOSS, box=Box(1, True))
    )
    assert (ended.why, ended.curve[-1][0] < 0.2) == (Why.EXIT, True)


def test_one_that_ended_before_it_could_be_ended_has_ended() -> None:
    follower = Follower(short(Rung(0.2, 4.0)), LOSS)
    assert follower.hopeless([(0.1, 5.0)], 0.3, 0.0)
    assert not follower.hopeless([], 0.4, 0.0)
    assert follower.concluded([], Ended(Why.EXIT, code=0, usage=Usage(wall_seconds=0.4))).why is Why.EXIT


def test_a_run_that_a_person_stops_was_not_pruned() -> None:
    follower = Follower(short(Rung(0.2, 6.0)), LOSS)
    assert not follower.hopeless([(0.1, 5.0)], 0.3, 0.0)
    assert follower.concluded([], Ended(Why.STOPPED)).why is Why.STOPPED


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    follower = Follower(short(seconds=1e9), LOSS)
    for second in range(1000):
        follower.hopeless([(second + 0.1 * i, 10.0 * second + i) for i in range(10)], second + 1.0, 0.0)
    curve = follower.concluded([], Ended(Why.EXIT, usage=Usage(wall_seconds=1000.0))).curve
    assert POINTS / 2 <= len(curve) <= POINTS + 1
    assert (curve[0], curve[-1]) == ((0.0, 0.0), (999.9, 9999.0))


def test_a_number_that_is_not_finite_is_not_in_the_curve() -> None:
    follower = Follower(short(), LOSS)
    ended = follower.concluded([(0.1, 5.0), (0.2, math.nan)], Ended(Why.EXIT, usage=Usage(wall_seconds=1.0)))
    assert ended.curve == ((0.1, 5.0),)


def test_a_short_box_is_heard_more_often_and_no_box_without_a_curve(spec: Spec) -> None:
    beats = [attended(spec, short(seconds=box), LOSS).beat_seconds for box in (1.0, 10.0, 300.0)]
    assert beats == [0.1, 0.2, 1.0]
    assert attended(spec, short(), PROGRAM) == spec


def test_what_is_shown_of_a_curve_is_short_and_ends_with_the_newest_value() -> None:
    follower = Follower(short(seconds=1e9), LOSS)
    assert follower.shape() == ()
    for value in range(1000):
        follower.hopeless([(float(value), float(value))], value + 1.0, 0.0)
        assert len(follower.shape()) <= SHOWN
        assert follower.shape()[-1] == value
    assert follower.shape()[0] < 1000 / SHOWN

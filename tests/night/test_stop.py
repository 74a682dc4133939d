from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from overnight.clock import Now
from overnight.ledger.spending import Spending
from overnight.model import Goal
from overnight.night.stop import Progress, deadline, gauges, seconds_left, window_left
from overnight.program.program import Stop, Window

from .rehearsal import program

SPENT = Spending(usd=1.5, tokens=2000)
SO_FAR = Progress(experiments=5, elapsed=100.0, spent=SPENT, since_keep=3, best=0.9)


def at(hour: int, minute: int = 0, offset_hours: int = 0) -> Now:
    utc = datetime(2026, 3, 5, hour, minute, tzinfo=UTC).timestamp()
    return Now(utc, 0.0, offset_hours * 3600)


@pytest.mark.parametrize(
    ("stop", "text", "reached"),
    [
        (Stop(experiments=10), "5 of 10 experiments", False),
        (Stop(experiments=5), "5 of 5 experiments", True),
        (Stop(plateau=3), "3 of 3 experiments without a keep", True),
        (Stop(tokens=2001), "2,000 of 2,001 tokens", False),
        (Stop(usd=1.5), "$1.50 of $1.50", True),
        (Stop(target=0.9), "best 0.9, target 0.9", True),
        (Stop(target=0.8), "best 0.9, target 0.8", False),
    ],
)
def test_each_rule_says_how_far_it_is(stop: Stop, text: str, reached: bool) -> None:
    (gauge,) = gauges(stop, Goal.MINIMIZE, SO_FAR)
    assert (gauge.text, gauge.reached) == (text, reached)


@pytest.mark.parametrize(
    ("spent", "text", "reached"),
    [
        (Spending(usd=1.5, unpriced=1, dearest=0.25), "$1.75 of $2.00, of which 1 turn that did not tell", False),
        (Spending(usd=1.5, unpriced=2, dearest=0.25), "$2.00 of $2.00, of which 2 turns that did not tell", True),
        (Spending(unpriced=2), "$2.00 is the limit, and 2 turns did not tell what they cost", False),
        (Spending(unpriced=3), "$2.00 is the limit, and 3 turns did not tell what they cost", True),
    ],
)
def test_a_cost_that_nobody_told_is_never_taken_for_nothing(spent: Spending, text: str, reached: bool) -> None:
    (gauge,) = gauges(Stop(usd=2.0), Goal.MINIMIZE, replace(SO_FAR, spent=spent))
    assert gauge.text.startswith(text)
    assert gauge.reached == reached


def test_tokens_that_nobody_told_are_not_taken_for_none_either() -> None:
    (gauge,) = gauges(Stop(tokens=2500), Goal.MINIMIZE, replace(SO_FAR, spent=Spending(uncounted=3)))
    assert gauge.reached


def test_a_target_to_be_exceeded_is_reached_from_below() -> None:
    assert gauges(Stop(target=0.8), Goal.MAXIMIZE, SO_FAR)[0].reached
    assert not gauges(Stop(target=0.95), Goal.MAXIMIZE, SO_FAR)[0].reached


def test_a_clock_time_is_the_next_one() -> None:
    assert deadline("07:00", at(22)) == at(22).utc + 9 * 3600
    assert deadline("07:00", at(6)) == at(7).utc
    assert deadline("07:00", at(7)) == at(7).utc + 24 * 3600


def test_a_clock_time_is_local() -> None:
    assert deadline("07:00", at(4, offset_hours=2)) == at(5).utc


def test_the_earlier_of_two_time_rules_counts() -> None:
    wanted = program(stop=Stop(seconds=3600.0))
    assert seconds_left(wanted, 600.0, at(6, 30), at(7).utc) == 1800.0
    assert seconds_left(wanted, 3000.0, at(6, 30), at(7).utc) == 600.0
    assert seconds_left(program(stop=Stop()), 1e9, at(6), None) is None


@pytest.mark.parametrize(
    ("hour", "minute", "left"),
    [(22, 0, 9 * 3600), (23, 30, 7.5 * 3600), (6, 59, 60), (7, 0, 0), (12, 0, 0), (21, 59, 0)],
)
def test_a_window_may_span_midnight(hour: int, minute: int, left: float) -> None:
    assert window_left(Window(22 * 60, 7 * 60), at(hour, minute).local) == left


def test_no_window_is_always_open() -> None:
    assert window_left(None, at(12).local) is None

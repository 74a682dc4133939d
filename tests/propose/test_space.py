from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.program.ranges import Range, Scale
from overnight.propose.space import STEPS, moved, steps

LOG = Range(0.001, 0.1, Scale.LOG)
SHARE = Range(0.0, 1.0, Scale.FRACTION)
DOUBLING = Range(8, 512, Scale.DOUBLING)
WHOLE = Range(1, 32, Scale.LOG)


def test_a_range_is_so_many_steps_wide() -> None:
    assert steps(LOG, 0.001, 0.1) == pytest.approx(STEPS)


def test_on_a_log_scale_equal_factors_are_equally_far() -> None:
    assert steps(LOG, 0.01, 0.02) == pytest.approx(steps(LOG, 0.04, 0.08))


def test_shares_near_one_are_as_far_apart_as_those_near_nothing() -> None:
    assert steps(SHARE, 0.95, 0.98) == pytest.approx(-steps(SHARE, 0.05, 0.02))


def test_a_share_can_reach_nothing_and_all() -> None:
    assert moved(SHARE, 0.05, -5) == 0.0
    assert moved(SHARE, 0.95, 8) == 1.0


def test_powers_of_two_stay_powers_of_two() -> None:
    assert [moved(DOUBLING, 64, by) for by in (-9, -1, -0.1, 0.1, 1, 9)] == [8, 32, 32, 128, 128, 512]


def test_a_whole_number_moves_by_one_at_least() -> None:
    assert [moved(WHOLE, 4, by) for by in (-0.01, 0.01)] == [3, 5]


def test_a_number_at_its_end_stays_there() -> None:
    assert moved(WHOLE, 32, 1) == 32


def test_values_are_short_enough_to_read() -> None:
    assert moved(LOG, 0.01, 0.5) == 0.014
    assert moved(SHARE, 0.95, 0.2) == 0.967


def test_a_value_from_before_the_range_was_guessed_has_a_distance() -> None:
    assert steps(LOG, 0.0, 0.01) > 0


@given(st.sampled_from([LOG, SHARE, DOUBLING, WHOLE, Range(-3.0, 1.0, Scale.LINEAR)]), st.floats(-1e6, 1e6))
def test_nothing_leaves_its_range(reach: Range, by: float) -> None:
    value = 16 if isinstance(reach.low, int) else 0.05
    new = moved(reach, value, by)
    assert reach.low <= new <= reach.high
    assert type(new) is type(value)

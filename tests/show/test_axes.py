from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.show.axes import Plane, apart, number_text, steps, tick_text, ticks


def test_ticks_are_round_numbers_within_the_range() -> None:
    assert ticks(2.39, 2.75, 8) == pytest.approx([2.4, 2.45, 2.5, 2.55, 2.6, 2.65, 2.7, 2.75])
    assert ticks(0, 125, 10) == [0, 20, 40, 60, 80, 100, 120]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(low=st.floats(-1e9, 1e9), span=st.floats(1e-3, 1e9))
def test_there_are_always_some_ticks_and_never_many(low: float, span: float) -> None:
    found = ticks(low, low + span, 8)
    assert 2 <= len(found) <= 11
    assert len({tick_text(tick, found) for tick in found}) == len(found) or abs(low) > 1e5


def test_a_number_has_the_digits_that_its_steps_need() -> None:
    assert number_text(2.41853, 0.01) == "2.42"
    assert number_text(0.997899, 0.00094) == "0.9979"
    assert number_text(-3.0, 1.0) == "−3"
    assert number_text(12345678.0, 1.0) == "1.235e+07"


def test_what_is_beyond_the_scale_lies_on_its_edge() -> None:
    plane = Plane(0, 0, 100, 100, 10, 1.0, 2.0)
    assert plane.at((0, 99.0))[1] == 0
    assert plane.at((0, -99.0))[1] == 100
    assert not plane.holds(2.5)


def test_steps_are_level_until_the_next_begins() -> None:
    assert steps([(0, 5.0), (4, 3.0)], 9) == [(0, 5), (4, 5), (4, 3), (9, 3)]


def test_two_words_get_room_between_them_in_their_order() -> None:
    assert apart([100.0, 104.0], 30) == [87, 117]
    assert apart([104.0, 100.0], 30) == [117, 87]
    assert apart([100.0, 180.0], 30) == [100, 180]
    assert apart([100.0], 30) == [100]

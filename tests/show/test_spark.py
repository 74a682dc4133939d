from __future__ import annotations

import math

from overnight.show.paint import Screen, Tone
from overnight.show.spark import spark


def test_a_falling_curve_falls_and_its_end_can_still_be_told_apart() -> None:
    assert spark([8.0, 4.0, 3.4, 3.1, 2.95, 2.85, 2.78, 2.72, 2.7], 9) == "██▆▅▄▃▃▂▁"


def test_a_rising_curve_is_its_mirror() -> None:
    assert spark([0.0, 0.1, 0.5, 0.7, 0.8, 0.9, 0.95], 7) == "▁▁▃▄▅▆█"


def test_a_curve_is_as_wide_as_it_is_asked_to_be() -> None:
    assert [len(spark([3.0, 2.0, 1.0], columns)) for columns in (0, 1, 2, 3, 40)] == [0, 1, 2, 3, 40]
    assert spark([2.0, 1.0], 6) == "███▁▁▁"
    assert spark([], 10) == ""


def test_of_many_values_the_newest_is_the_last_column() -> None:
    assert spark([2.0] * 99 + [1.0], 10)[-1] == "▁"


def test_a_level_curve_is_low() -> None:
    assert spark([2.0, 2.0], 2) == "▁▁"


def test_what_is_no_number_is_a_cross() -> None:
    assert spark([3.0, 2.0, math.nan, math.inf], 4) == "█▁××"
    assert spark([math.nan], 2) == "××"


def test_a_terminal_without_unicode_gets_other_characters() -> None:
    plain = Screen(unicode=False).paint(spark([8.0, 4.0, 3.4, 3.1, 2.7, math.nan], 6) + "──", Tone.PLAIN)
    assert plain.isascii()
    assert plain == "##+=_x--"

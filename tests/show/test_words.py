from __future__ import annotations

import pytest

from overnight.model import Call
from overnight.show.words import change_text, counts_text, ended_text, plural, score_text, size_text, span


@pytest.mark.parametrize(
    ("value", "text"), [(1.5, "1.500000"), (0.0, "0.000000"), (1e-7, "1e-07"), (1234567.0, "1.23457e+06"), (None, "")]
)
def test_scores_have_six_decimals_where_these_say_something(value: float | None, text: str) -> None:
    assert score_text(value) == text


def test_a_change_is_relative_and_signed() -> None:
    assert change_text(1.5, 2.0) == "−25.00 %"
    assert change_text(-1.0, -2.0) == "+50.00 %"
    assert change_text(1.0, 0.0) == change_text(None, 1.0) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.12, "4.1 s"), (59.97, "1m 0s"), (134, "2m 14s"), (11520, "3h 12m"), (200000, "2d 7h"), (3599.8, "1h 0m")],
)
def test_a_span_has_two_units_at_most(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_counts_name_the_commonest_first() -> None:
    assert counts_text({Call.KEEP: 2, Call.CRASH: 0, Call.DISCARD: 5}) == "5 discard · 2 keep"
    assert counts_text({}) == "nothing yet"


def test_sizes_and_plurals() -> None:
    assert [size_text(n) for n in (12, 1500, 2.5e9)] == ["12 bytes", "1.5 kB", "2.5 GB"]
    assert [plural(1, "run"), plural(2, "entry"), plural(2, "process")] == ["1 run", "2 entries", "2 processes"]
    assert plural(3, "branch") == "3 branches"


def test_why_it_ended_is_not_said_twice() -> None:
    assert ended_text("stopped", "stopped by ada") == "stopped by ada"
    assert ended_text("finished", "10 of 10 experiments") == "finished: 10 of 10 experiments"

from __future__ import annotations

import pytest

from overnight.program import units
from overnight.program.program import Box, Guard, Window


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300), ("90", 90), ("1h30m", 5400), ("1h 30m", 5400), ("5 minutes", 300), ("2 hours and 5 min", 7500)],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert units.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5x", "m5", "5m!", "0", "-5m", "1h30", "five minutes", "5:00", "1e9h", "٥m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|above zero"):
        units.duration(text)


@pytest.mark.parametrize("seconds", [5, 60, 90, 300, 5400, 7265, 0.5, 86400])
def test_a_shown_duration_reads_back(seconds: float) -> None:
    assert units.duration(units.duration_text(seconds)) == seconds


def test_a_bare_number_of_hours_is_hours() -> None:
    assert (units.hours("8"), units.hours("90m")) == (28800, 5400)


def test_a_box_may_count_cpu_time() -> None:
    assert (units.box("8s cpu"), units.box("5m")) == (Box(8, cpu=True), Box(300))


@pytest.mark.parametrize(
    ("text", "mb"), [("48 GB", 49152), ("2048 MB", 2048), ("512", 512), ("1g", 1024), ("1GiB", 1024)]
)
def test_a_size_is_in_megabytes_of_1024(text: str, mb: float) -> None:
    assert units.size_mb(text) == mb


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("22:00", 1320), ("7am", 420), ("7 PM", 1140), ("12am", 0), ("12:30 pm", 750), ("noon", 720), ("midnight", 0)],
)
def test_a_clock_time_is_minutes_after_midnight(text: str, minutes: int) -> None:
    assert units.clock(text) == minutes


@pytest.mark.parametrize("text", ["7", "25:00", "07:60", "13pm", "0am", "7:5", "", "now"])
def test_what_is_no_clock_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"clock time"):
        units.clock(text)


@pytest.mark.parametrize("text", ["22:00-07:00", "22:00 – 7am", "10pm to 7am"])
def test_a_window_may_span_midnight(text: str) -> None:
    assert units.window(text) == Window(1320, 420)


@pytest.mark.parametrize("text", ["22:00", "22:00-", "7am-7am", "1-2-3"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"window|clock time|empty"):
        units.window(text)


@pytest.mark.parametrize(("text", "usd"), [("$5", 5), ("5 USD", 5), ("2.50 dollars", 2.5), ("5", 5)])
def test_money_is_in_dollars(text: str, usd: float) -> None:
    assert units.money(text) == usd


@pytest.mark.parametrize(
    ("text", "n"), [("100", 100), ("1k", 1000), ("10_000", 10000), ("1,000", 1000), ("2.5M", 2500000)]
)
def test_a_count_is_a_whole_number(text: str, n: int) -> None:
    assert units.count(text) == n


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "many", "9" * 5000])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"count|above zero"):
        units.count(text)


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "", "one", "1..2"])
def test_a_number_is_finite(text: str) -> None:
    with pytest.raises(ValueError, match=r"number"):
        units.number(text)


@pytest.mark.parametrize(
    ("text", "guard"),
    [
        ("peak_vram_mb < 48000", Guard("peak_vram_mb", "<", 48000)),
        ("peak_vram_mb < 48 GB", Guard("peak_vram_mb", "<", 49152)),
        ("memory_gb <= 48 GB", Guard("memory_gb", "<=", 48)),
        ("eval_seconds < 2m", Guard("eval_seconds", "<", 120)),
        ("accuracy ≥ 0.9", Guard("accuracy", ">=", 0.9)),
        ("loss < 1e-3", Guard("loss", "<", 0.001)),
    ],
)
def test_a_guard_is_in_the_unit_that_the_name_says(text: str, guard: Guard) -> None:
    assert units.guard(text) == guard


@pytest.mark.parametrize("text", ["accuracy < 5 GB", "accuracy", "< 5", "a << 5", "a < b < 3"])
def test_what_is_no_guard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"guard|unit|number"):
        units.guard(text)

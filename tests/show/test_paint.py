from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.show.paint import Screen, Tone, bar, columns_of, cut, fit, printable, screen_of, spread


@given(st.text())
def test_nothing_printable_moves_the_cursor(text: str) -> None:
    assert printable(text).isprintable()


def test_escapes_and_right_to_left_marks_become_spaces() -> None:
    assert printable("a\x1b[2Jb\rc\u202ed\ne") == "a [2Jb c d e"


@given(st.text(alphabet="ab漢é…字", max_size=30), st.integers(0, 20))
def test_what_fits_takes_exactly_its_columns(text: str, columns: int) -> None:
    assert columns_of(fit(text, columns)) == columns


def test_what_is_cut_says_so() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("漢字漢字", 5) == "漢字…"
    assert cut("abcd", 4) == "abcd"


def test_colour_only_where_the_screen_has_it() -> None:
    assert Screen(colour=True).paint("x", Tone.GOOD) == "\x1b[32mx\x1b[0m"
    assert Screen().paint("x", Tone.GOOD) == "x"


def test_without_unicode_the_signs_are_ascii() -> None:
    assert Screen(unicode=False).paint("−1 · ━─ …", Tone.PLAIN).isascii()


def test_a_row_is_cut_before_it_is_painted() -> None:
    assert spread(["abc", ("def", Tone.BAD)], 5, Screen(colour=True)) == "abc\x1b[31md…\x1b[0m"


@pytest.mark.parametrize(("share", "done"), [(-1, 0), (0, 0), (0.5, 5), (1, 10), (7, 10)])
def test_a_bar_stays_in_its_columns(share: float, done: int) -> None:
    assert spread(bar(share, 10), None, Screen()) == "━" * done + "─" * (10 - done)


def test_a_pipe_is_never_cut_and_has_no_colour() -> None:
    screen = screen_of(io.TextIOWrapper(io.BytesIO(), "utf-8"), {"TERM": "xterm"})
    assert screen == Screen(width=None, colour=False, unicode=True, moves=False)


def test_colour_in_a_pipe_where_it_is_forced() -> None:
    assert screen_of(io.TextIOWrapper(io.BytesIO(), "utf-8"), {"FORCE_COLOR": "1"}).colour


def test_the_streams_encoding_decides_about_unicode() -> None:
    assert not screen_of(io.TextIOWrapper(io.BytesIO(), "latin-1"), {}).unicode

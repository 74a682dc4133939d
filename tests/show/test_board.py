"""Several nights, a row each; what they say stays above the table, with their names."""

from __future__ import annotations

import io

from overnight.clock import Now
from overnight.show.board import Board, Row, board_json, board_text
from overnight.show.paint import Screen

ROWS = [
    Row("one", 12, 40, 2, 3, "loss", 2.48, 1.0049, "searching"),
    Row("two", 0, None, 0, 0, "acc", None, None, "no night yet"),
]


def test_a_row_says_how_far_and_how_good_a_night_is() -> None:
    head, one, two = board_text(ROWS, Screen())
    assert head.split() == ["objective", "done", "kept", "running", "baseline", "best", "change", "state"]
    assert one.split() == ["one", "12", "of", "40", "2", "3", "2.480000", "1.004900", "−59.48", "%", "searching"]
    assert two.split() == ["two", "0", "0", "0", "no", "night", "yet"]


def test_on_a_narrow_screen_it_is_the_state_that_is_cut() -> None:
    for width in (60, 70, 84, 100):
        assert all(len(line) <= width for line in board_text(ROWS, Screen(width)))


def test_programs_get_the_numbers() -> None:
    assert board_json(ROWS)[0]["best"] == 1.0049
    assert "tone" not in board_json(ROWS)[0]


def test_in_a_terminal_lines_stay_above_the_table() -> None:
    stream = io.StringIO()
    board = Board(stream, ["one", "two"], lambda _: Screen(80, 24, moves=True))
    board.update(ROWS[0], Now(0.0, 10.0))
    board.say("two", ["a line"])
    assert stream.getvalue().index("two  a line") < stream.getvalue().rindex("objective")
    board.close()
    assert stream.getvalue().endswith("\x1b[J")


def test_in_a_pipe_there_are_only_lines() -> None:
    stream = io.StringIO()
    board = Board(stream, ["one", "two"], lambda _: Screen())
    board.update(ROWS[0], Now(0.0, 10.0))
    board.say("two", ["a line"])
    assert stream.getvalue().splitlines()[1:] == ["two  a line"]

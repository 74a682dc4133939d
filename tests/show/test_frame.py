from __future__ import annotations

import io

from overnight.show.frame import Frame
from tests.show.story import Window


def test_lines_that_stay_scroll_above_the_area() -> None:
    window = Window()
    frame = Frame(window)
    frame.draw(["", "status"], 80)
    frame.say("first")
    frame.say("second")
    frame.draw(["", "later"], 80)
    assert window.rows() == ["first", "second", "", "later", ""]


def test_a_smaller_area_leaves_nothing_of_a_larger_one() -> None:
    window = Window()
    frame = Frame(window)
    frame.draw(["a long line", "b", "c"], 80)
    frame.draw(["short"], 80)
    assert window.rows() == ["short", ""]


def test_afterwards_the_area_is_gone_and_nothing_else_has_changed() -> None:
    window = Window()
    frame = Frame(window)
    frame.say("kept")
    frame.draw(["status"], 80)
    frame.clear()
    assert window.rows() == ["kept", ""]
    assert "\x1b[?" not in window.getvalue()  # no mode was set, so none has to be restored


def test_an_unchanged_area_is_not_written_again() -> None:
    window = Window()
    frame = Frame(window)
    frame.draw(["same"], 80)
    before = window.getvalue()
    frame.draw(["same"], 80)
    assert window.getvalue() == before


def test_after_the_window_has_become_narrow_folded_lines_count_as_several_rows() -> None:
    window = Window()
    frame = Frame(window)
    frame.draw(["x" * 50, ""], 80)
    frame.draw(["y"], 20)
    assert "\x1b[4A" in window.getvalue()


def test_a_terminal_that_has_gone_away_is_no_error() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    Frame(Gone()).say("nobody reads this")

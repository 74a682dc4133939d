"""The curve is found in lines that a candidate wrote, by an expression that cannot be trusted to come to an end."""

from __future__ import annotations

import subprocess
import sys

import pytest

from overnight.measure.progress import LONG_LINE, NEWEST, Progress
from tests.measure.conftest import SOURCE

FEED = """
import sys
sys.path.append(sys.argv[1])
from overnight.measure.progress import Progress
progress = Progress(sys.argv[2])
progress.feed(b"loss 1\\n" + sys.argv[3].encode() + b"\\nloss 2\\n", 1.0)
progress.feed(b"loss 3\\n", 2.0)
print(progress.too_slow, len(progress.taken()))
"""


def read(expression: str, *pieces: bytes) -> list[float]:
    progress = Progress(expression)
    for piece in pieces:
        progress.feed(piece, 1.0)
    return [value for _, value in progress.taken()]


def test_the_group_named_value_is_the_number_and_else_the_first() -> None:
    assert read(r"(\d+) of (?P<value>\d+)", b"step 1 of 20\n") == [20.0]
    assert read(r"step (\d+)", b"step 7\n") == [7.0]


def test_what_is_not_a_number_is_no_point() -> None:
    assert read(r"loss (\w+)", b"loss high\nloss 2\n") == [2.0]


def test_a_line_counts_when_it_is_whole_however_it_comes() -> None:
    assert read(r"loss (\S+)", b"loss 1", b"2\rlo", b"ss 3\nloss 4") == [12.0, 3.0]


def test_escapes_and_control_characters_are_as_if_they_were_not_there() -> None:
    assert read(r"^loss (\S+)$", b"\x1b[1mloss\x1b[0m 3\x00\n") == [3.0]


def test_an_endless_line_is_not_held() -> None:
    assert read(r"^x* (\d)", *[b"x" * LONG_LINE] * 100, b"\nx 1\n") == [1.0]


def test_of_a_flood_the_newest_points_are_told() -> None:
    assert read(r"(\d+)", b"".join(b"%d\n" % i for i in range(1000)))[-1] == 999.0
    assert len(read(r"(\d+)", b"1\n" * 1000)) == NEWEST


@pytest.mark.parametrize(
    ("expression", "line"),
    [(r"(a+)+$", "a" * 60 + "!"), (r"(\D+)+$", "x" * 60 + "5"), (r"((\w+\s*)+):", "w" * 60)],
)
def test_an_expression_that_takes_for_ever_is_broken_off(expression: str, line: str) -> None:
    """In a process of its own: the timer is of the whole process, and pytest's own must not meet it."""
    command = [sys.executable, "-I", "-S", "-c", FEED, SOURCE, f"{expression}|loss (.)", line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split()[0] == "True"

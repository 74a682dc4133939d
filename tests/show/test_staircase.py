from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any
from xml.etree import ElementTree

import pytest

from overnight.ledger.ledger import Reader
from overnight.model import Call, Claim, Goal, Split, Standing
from overnight.show.caption import title
from overnight.show.series import Mark, Series, series_of
from overnight.show.staircase import HEIGHT, WIDTH, staircase
from tests.show.long_night import LongNight, filled

CLAIM = Claim(Split.SEALED, 4, 2.72, 2.42, 0.30, 0.25, 0.35)
HOSTILE = ("<script>alert(1)</script>", "]]>&amp;\"'", "\x00\x1b[31m\u202e\ud800\ufffe", "x" * 5000, "")


def a_series(experiments: int = 12, goal: Goal = Goal.MINIMIZE, every: int = 4, **changes: Any) -> Series:
    """Each of so many experiments is a keep, and the one before it has crashed."""
    sign = -1 if goal is Goal.MINIMIZE else 1
    marks = [Mark(0, Call.KEEP, 2.72, 4, "the untouched baseline")]
    claimed = [(0, 2.72)]
    for number in range(1, experiments + 1):
        best = claimed[-1][1]
        match number % every:
            case 0:
                claimed.append((number, best + sign * 0.3 / number**0.5))
                marks.append(Mark(number, Call.KEEP, claimed[-1][1], 2, f"idea {number}", Standing.PROVEN))
            case 1:
                marks.append(Mark(number, Call.CRASH, None, 1, "it crashes"))
            case _:
                marks.append(Mark(number, Call.DISCARD, best - sign * 0.02 * (number % 7), 1, "not better"))
    made = Series("mar5", "val_bpb", goal, experiments, tuple(marks), tuple(claimed), tuple(claimed), 0.01, CLAIM)
    return replace(made, **changes)


def texts(drawn: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(drawn).iter() if node.tag.endswith("text")]


def scale(drawn: str) -> list[str]:
    return [text for text in texts(drawn) if re.fullmatch(r"\d\.\d+", text)]


def with_mark(series: Series, mark: Mark) -> Series:
    return replace(series, marks=(*series.marks, replace(mark, number=series.marks[-1].number + 1)))


def test_the_title_says_the_night_in_a_sentence() -> None:
    series = a_series(125, every=9)
    assert title(series).startswith("125 experiments, 13 kept, val_bpb 2.72 → ")
    assert title(series).endswith("; confirmed −11.03 % (95 %: −12.87 % to −9.19 %)")


def test_where_larger_is_better_the_title_counts_upwards() -> None:
    assert title(a_series(goal=Goal.MAXIMIZE)).endswith("confirmed +11.03 % (95 %: +9.19 % to +12.87 %)")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"claim": None}, "not confirmed yet"),
        ({"claim": replace(CLAIM, low=-0.1)}, "no gain proven (95 %: −12.87 % to +3.68 %)"),
        ({"claimed": (), "confirmed": (), "marks": ()}, "12 experiments, and no score of val_bpb yet"),
        (
            {"marks": a_series(3).marks, "claimed": ((0, 2.72),)},
            "12 experiments, nothing kept: val_bpb stands at 2.7200",
        ),
    ],
)
def test_the_title_claims_no_more_than_is_known(changes: dict[str, Any], said: str) -> None:
    assert title(a_series(**changes)).endswith(said)


def test_nothing_is_called_confirmed_that_is_not() -> None:
    for claim in (None, replace(CLAIM, low=-0.1)):
        drawn = texts(staircase(a_series(claim=claim)))
        assert not [text for text in drawn if text.startswith("confirmed")]


@pytest.mark.parametrize("goal", list(Goal))
def test_a_crash_lies_on_the_edge_and_not_in_the_scale(goal: Goal) -> None:
    series = a_series(goal=goal)
    crash = staircase(with_mark(series, Mark(0, Call.CRASH, None, 1, "")))
    assert scale(crash) == scale(staircase(with_mark(series, Mark(0, Call.DISCARD, 2.72, 1, ""))))
    assert "crashed or cut short (4)" in texts(crash)


@pytest.mark.parametrize("factor", [100.0, 1e12])
def test_an_outlier_does_not_stretch_the_scale(factor: float) -> None:
    series = a_series(100)
    far = staircase(with_mark(series, Mark(0, Call.DISCARD, 2.72 * factor, 1, "")))
    assert scale(far) == scale(staircase(with_mark(series, Mark(0, Call.DISCARD, 2.72, 1, ""))))
    assert "off the scale (1)" in texts(far)


def test_a_night_without_keeps_shows_what_was_tried() -> None:
    tried = tuple(Mark(n, Call.DISCARD, 2.72 + 0.1 * n, 1, "") for n in range(1, 10))
    outlier = Mark(10, Call.DISCARD, 1e9, 1, "")
    base = Mark(0, Call.KEEP, 2.72, 4, "")
    series = a_series(10, marks=(base, *tried, outlier), claimed=((0, 2.72),), confirmed=(), claim=None)
    assert "off the scale (1)" in texts(staircase(series))


def test_everything_lies_within_the_picture() -> None:
    for series in (
        a_series(12),
        a_series(125, every=5),
        a_series(125, Goal.MAXIMIZE, every=3),
        a_series(0),
        a_series(1),
    ):
        root = ElementTree.fromstring(staircase(series))
        for node in root.iter():
            for name, most in (("x", WIDTH), ("cx", WIDTH), ("y", HEIGHT), ("cy", HEIGHT)):
                assert -20 <= float(node.get(name, 0)) <= most


def test_a_strangers_words_are_words_and_nothing_else() -> None:
    series = a_series(40)
    marks = tuple(replace(mark, said=HOSTILE[mark.number % len(HOSTILE)]) for mark in series.marks)
    drawn = staircase(replace(series, marks=marks, metric="<b>&\"'", night="]]><x>"))
    tags = {node.tag.rpartition("}")[2] for node in ElementTree.fromstring(drawn).iter()}
    assert tags == {"svg", "rect", "g", "path", "circle", "polyline", "polygon", "text", "title"}


def test_a_removed_keep_is_drawn_and_not_named() -> None:
    series = a_series(8)
    marks = tuple(replace(mark, standing=Standing.REMOVED) if mark.number == 8 else mark for mark in series.marks)
    drawn = texts(staircase(replace(series, marks=marks)))
    assert "idea 4" in drawn
    assert "idea 8" not in drawn
    assert "kept, taken back later (1)" in drawn


def test_ties_and_scores_of_nothing_can_be_drawn() -> None:
    tie = (Mark(0, Call.KEEP, 0.0, 1, ""), Mark(1, Call.KEEP, 0.0, 1, "simpler"))
    drawn = staircase(a_series(1, marks=tie, claimed=((0, 0.0),), confirmed=(), noise=None, claim=None))
    assert "nan" not in drawn
    assert "simpler" in texts(drawn)


def test_the_same_ledger_gives_the_same_picture(tmp_path: Path) -> None:
    drawn = []
    for name in ("a", "b"):
        with Reader.open(filled(tmp_path / name, LongNight(30))) as reader:
            drawn.append(staircase(series_of(reader)))
    assert drawn[0] == drawn[1]


def test_of_many_experiments_only_the_largest_keeps_are_named() -> None:
    drawn = texts(staircase(a_series(1000)))
    assert sum(text.startswith("idea ") for text in drawn) <= 16
    assert "idea 4" in drawn


def test_the_work_grows_as_the_night_does_and_no_faster() -> None:
    few, many = (sum(1 for _ in calls_of(a_series(n, every=20))) for n in (400, 2_000))
    assert many < 5.5 * few
    assert len(staircase(a_series(10_000, every=20))) < 80 * 10_000


def calls_of(series: Series) -> Iterator[str]:
    """The functions of ours that drawing it calls."""
    called: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    staircase(series)
    sys.setprofile(before)
    yield from called

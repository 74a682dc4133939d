"""program.md, edited while the night works."""

from __future__ import annotations

from pathlib import Path

import pytest

from overnight.ledger.events import Noted
from overnight.ledger.steering import Reread
from overnight.night.reread import STILL_SECONDS, Rereader
from overnight.program.facts import Facts
from overnight.program.program import Program
from overnight.program.read import load, read
from overnight.testing import FakeClock

FACTS = Facts(frozenset({"train.py"}), lambda _: "", lambda _: True, lambda _: False, lambda _: True)
TEXT = """\
---
edit: train.py
run: python train.py
metric: loss
stop: {experiments: 5}
---
Make it smaller.
"""


class Desk:
    """A program.md, who edits it, and who looks."""

    def __init__(self, folder: Path, **flags: str) -> None:
        self.path, self.clock, self.flags, self.saves = folder / "program.md", FakeClock(), flags, 0
        self.path.write_text(TEXT)
        self.rereader = Rereader(self._read(), self._read)

    def edit(self, old: str, new: str) -> None:
        self.path.write_text(self.path.read_text().replace(old, new))

    def look(self) -> Reread | Noted | None:
        """Once the file has been still for long enough."""
        first = self.rereader.look(self.clock.now())
        self.clock.advance(STILL_SECONDS)
        return first or self.rereader.look(self.clock.now())

    def _read(self) -> Program:
        return read(self.path, load(self.path), "", FACTS, self.flags)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_file_that_nobody_touched_says_nothing(desk: Desk) -> None:
    assert desk.look() is None
    assert desk.look() is None


def test_new_prose_is_taken(desk: Desk) -> None:
    desk.edit("smaller", "much smaller")
    found = desk.look()
    assert isinstance(found, Reread)
    assert (found.number, found.changed, found.later) == (1, ("the prose",), ())
    assert "much smaller" in desk.rereader.program.prose
    assert "much smaller" in found.program_text


def test_a_stop_rule_is_taken_and_told_with_what_it_was(desk: Desk) -> None:
    desk.edit("experiments: 5", "experiments: 9, hours: 2")
    found = desk.look()
    assert isinstance(found, Reread)
    assert found.changed == ("stop.experiments 9, was 5", "stop.hours 2h, was none")
    assert desk.rereader.program.stop.experiments == 9
    assert found.settings["stop"]["experiments"] == 9


def test_a_save_is_read_only_when_the_file_is_still(desk: Desk) -> None:
    desk.look()
    desk.edit("smaller", "sm")
    assert desk.rereader.look(desk.clock.now()) is None
    desk.clock.advance(STILL_SECONDS / 2)
    desk.edit("sm", "smallest of all")
    assert desk.rereader.look(desk.clock.now()) is None
    desk.clock.advance(STILL_SECONDS / 2)
    assert desk.rereader.look(desk.clock.now()) is None
    desk.clock.advance(STILL_SECONDS / 2)
    assert isinstance(desk.rereader.look(desk.clock.now()), Reread)


def test_broken_front_matter_is_told_once_and_the_old_text_stays(desk: Desk) -> None:
    desk.edit("edit: train.py", "edit: [train.py")
    found = desk.look()
    assert isinstance(found, Noted)
    assert "The old text stays in force" in found.text
    assert desk.look() is None
    assert desk.rereader.program.text == TEXT


def test_what_was_broken_and_is_as_before_says_nothing(desk: Desk) -> None:
    desk.edit("edit: train.py", "edit: [train.py")
    desk.look()
    desk.path.write_text(TEXT)
    assert desk.look() is None


def test_a_file_that_is_gone_is_told_and_its_words_stay(desk: Desk) -> None:
    desk.look()
    desk.path.unlink()
    found = desk.look()
    assert isinstance(found, Noted)
    assert "cannot be read" in found.text


def test_another_question_is_refused_as_a_whole(desk: Desk) -> None:
    desk.edit("metric: loss", "metric: accuracy")
    desk.edit("smaller", "larger")
    found = desk.look()
    assert isinstance(found, Noted)
    assert "metric accuracy, was loss" in found.text
    assert "overnight run --tag" in found.text
    assert desk.rereader.program.text == TEXT


def test_what_a_session_begins_with_waits_for_the_next(desk: Desk) -> None:
    desk.edit("metric: loss\n", "metric: loss\nslots: 4\n")
    found = desk.look()
    assert isinstance(found, Reread)
    assert (found.changed, found.later) == ((), ("slots 4, was 1",))
    assert desk.rereader.program.slots == found.settings["slots"] == 1


def test_it_stays_said_that_something_waits_after_another_edit(desk: Desk) -> None:
    desk.edit("metric: loss\n", "metric: loss\nslots: 4\n")
    desk.look()
    desk.edit("smaller", "tiny")
    found = desk.look()
    assert isinstance(found, Reread)
    assert (found.number, found.changed, found.later) == (2, ("the prose",), ("slots 4, was 1",))


def test_a_flag_of_the_night_still_overrides_an_edit(tmp_path: Path) -> None:
    desk = Desk(tmp_path, experiments="3")
    desk.edit("experiments: 5", "experiments: 9")
    found = desk.look()
    assert isinstance(found, Reread)
    assert desk.rereader.program.stop.experiments == 3


def test_keeps_can_be_put_under_approval_under_way(desk: Desk) -> None:
    desk.edit("metric: loss\n", "metric: loss\napprove: keeps\n")
    found = desk.look()
    assert isinstance(found, Reread)
    assert found.changed == ("approve keeps, was none",)
    assert desk.rereader.program.approve == "keeps"

"""A morning without progress says why, first, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight import wiring
from overnight.ledger.ledger import Reader
from overnight.model import Cost, Experiment, Wait
from overnight.night.watcher import Nobody
from overnight.propose.proposer import View
from overnight.propose.trouble import Trouble
from overnight.show.advice import would_help
from overnight.show.ending import Place, ending
from overnight.show.headline import headline
from overnight.show.paint import Screen, spread
from overnight.show.report import Report, report_of
from overnight.show.report_text import report_text
from overnight.show.section import text_of
from overnight.show.sections import sections
from overnight.show.silence import REMEDIES, silent
from overnight.show.status import status_of, status_text
from tests.nights import PROGRAM, toy_repo
from tests.show.morning_night import a_morning, morning_report
from tests.show.story import at, written
from tests.show.told_night import of_nobody, of_several


class Waiter:
    """Thinks, tells no price, and never changes anything."""

    trusted, thinks = False, True

    def ask(self, view: View, n: int) -> Iterator[Wait]:
        yield Wait(0.0, "the service does not accept the key (401)", Trouble.LOGIN, Cost(0.1, None, None))

    def observe(self, experiment: Experiment) -> None: ...

    def close(self) -> None: ...


def test_a_whole_night_of_an_agent_that_only_waits(tmp_path: Path) -> None:
    """Nobody knows what its turns cost either: so the limit on money ends it."""
    root = toy_repo(tmp_path, PROGRAM.replace("experiments: 5", "cost: $5"), "print('loss:', 1.5)\n")
    task = wiring.load(root, {"agent": f"{__name__}:Waiter"})
    wiring.work(task, "mar5", Nobody())
    with Reader.open(root / ".git/overnight/mar5") as reader:
        top = headline(report_of(reader, task.repo, held=False))
    assert top.state == "finished: $5.00 is the limit, and 3 turns did not tell what they cost"
    assert (top.label, top.facts[-1].figure) == ("Nothing was proposed", "price unknown")
    assert "3 × login" in top.notes[0]


@pytest.fixture(scope="module")
def mute(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """An agent that was never logged in, and once met an outage."""
    return morning_report(tmp_path_factory.mktemp("mute"), of_nobody(["login", "down", "login"]))


def test_the_headline_is_that_nothing_was_proposed_and_why(mute: Report) -> None:
    top = headline(mute)
    assert top.label == "Nothing was proposed"
    assert top.notes[0].startswith("claude gave no change in 3 turns, and waited ")
    assert "2 × login, 1 × down" in top.notes[0]
    assert f"What would help: {REMEDIES[Trouble.LOGIN]} (claude: login)." in top.notes


def test_it_is_the_first_section_with_what_was_seen_and_what_to_do(mute: Report) -> None:
    first = next(sections(mute))
    assert first.title == "Why nothing was proposed"
    rows = [[text_of(part) for part in row] for row in first.tables[0].rows]
    assert rows[0] == ["claude", "login", "2", "claude saw login", REMEDIES[Trouble.LOGIN]]
    assert rows[1][:3] == ["claude", "down", "1"]


def test_nothing_else_is_advised_where_nobody_proposed_anything(mute: Report) -> None:
    assert list(would_help(mute)) == [f"{REMEDIES[Trouble.LOGIN]} (claude: login)"]
    assert not {"learnt", "fell", "dead-ends"} & {section.name for section in sections(mute)}


def test_the_terminal_says_it_at_the_top_and_at_the_end(mute: Report, tmp_path: Path) -> None:
    text = list(report_text(mute, Screen()))
    assert any(line.startswith("Silent    claude gave no change in 3 turns") for line in text[:5])
    assert any(line.startswith("Try       set its key") for line in text[:8])
    end = [spread(cells, None, Screen()) for cells in ending(mute, Place(tmp_path, None, "overnight", None, None))]
    assert end[1].startswith("Gain      none is proven: nothing was proposed. What would help: set its key")


def test_the_status_of_a_night_under_way_says_it_too(tmp_path: Path) -> None:
    with Reader.open(written(tmp_path, of_nobody(["rate", "rate"])[:-1])) as reader:
        text = list(status_text(status_of(tmp_path, reader, at(60)), Screen()))
    assert "silent   2 of 2 turns came to nothing; claude:" in text
    assert "         claude saw rate" in text


def test_each_trouble_has_its_remedy() -> None:
    assert set(REMEDIES) == set(Trouble)


def test_who_merely_has_no_more_ideas_is_not_in_trouble(tmp_path: Path) -> None:
    assert silent(morning_report(tmp_path, of_nobody([""] * 3))) == []


def test_who_gave_more_than_it_failed_to_is_not_silent(tmp_path: Path) -> None:
    assert silent(morning_report(tmp_path, of_several())) == []


def test_a_night_with_progress_begins_with_that(tmp_path: Path) -> None:
    report = morning_report(tmp_path, a_morning())
    assert headline(report).label == "Gain"
    assert "silent" not in [section.name for section in sections(report)]


def test_words_of_a_strangers_proposer_are_shown_and_have_no_remedy_of_ours(tmp_path: Path) -> None:
    report = morning_report(tmp_path, of_nobody(["sulking"]))
    assert list(would_help(report)) == ["see what it says (claude: sulking)"]

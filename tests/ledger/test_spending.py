from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from overnight.ledger.database import open_to_write
from overnight.ledger.idling import Idled
from overnight.ledger.ledger import Reader
from overnight.ledger.spending import Spending, spendings, together
from overnight.ledger.verify import verify_chain
from overnight.model import Cost
from tests.ledger.sample_night import opened, proposed, written

TURNS = (
    opened(),
    proposed(0, Cost(9.0, 9, 9.0)),  # the baseline is nobody's
    proposed(1, Cost(1.5, 100, 0.1)),
    proposed(2, Cost(2.0, 300, 0.2)),
    replace(proposed(3, Cost(0.5, None, None)), origin="codex"),
    Idled(number=1, origin="codex", trouble="rate", why="429", until=9.0, cost=Cost(1.0, 50, None)),
    Idled(number=2, origin="mute", trouble="missing", why="not on PATH", until=9.0),
    replace(proposed(4, Cost(7.0, 7, 7.0)), removes=1),  # the judge's
)
SEARCH, CODEX = (
    Spending("search", 2, 0, 3.5, 0.1 + 0.2, 0, 0.2, 400, 0, 300),
    Spending("codex", 1, 1, 1.5, 0.0, 2, 0.0, 50, 1, 50),
)
MUTE = Spending("mute", 0, 1)


def as_version_4(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "DROP TRIGGER spending_turn; DROP VIEW turn; DROP TABLE spending; PRAGMA user_version = 4",
        )


def test_each_proposers_turns_are_added_up_and_what_nobody_told_is_counted(tmp_path: Path) -> None:
    with Reader.open(written(tmp_path, *TURNS)) as reader:
        assert spendings(reader) == (SEARCH, CODEX, MUTE)


def test_of_an_older_night_the_same_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, *TURNS) / "ledger.db"
    as_version_4(path)
    with Reader.open(tmp_path) as reader:
        assert spendings(reader) == (SEARCH, CODEX, MUTE)
        assert verify_chain(reader) == []


def test_an_older_night_that_goes_on_has_the_sums_that_its_turns_give(tmp_path: Path) -> None:
    path = written(tmp_path, *TURNS) / "ledger.db"
    as_version_4(path)
    open_to_write(path).close()
    with Reader.open(tmp_path) as reader:
        assert verify_chain(reader) == []


def test_all_together_they_have_cost_the_sum_and_the_dearest_turn_is_the_dearest_of_all() -> None:
    assert together((SEARCH, CODEX, MUTE)) == Spending("", 3, 2, 5.0, SEARCH.usd, 2, 0.2, 450, 1, 300)
    assert together(()) == Spending()
    assert Spending().nothing
    assert not CODEX.nothing

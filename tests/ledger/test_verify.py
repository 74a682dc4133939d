from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from overnight.ledger.ledger import Reader, chained
from overnight.ledger.verify import Problem, verify_chain
from tests.ledger.sample_night import a_night, written


def problems_after(folder: Path, *tampering: str) -> list[Problem]:
    """What is found after somebody has taken the triggers away and run these statements."""
    db = sqlite3.connect(written(folder, *a_night()) / "ledger.db")
    db.create_function("chained", 6, chained)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    for statement in tampering:
        db.execute(statement)
    db.commit()
    db.close()
    with Reader.open(folder) as reader:
        return verify_chain(reader)


def test_an_untouched_ledger_has_no_problem(tmp_path: Path) -> None:
    assert problems_after(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [
        "body = replace(body, 'idea 1', 'idea 9')",
        "at = at + 1",
        "elapsed = 0",
        "key = '1/suggested'",
        "kind = 'noted'",
        "hash = 'f'",
    ],
)
def test_an_edited_entry_is_found(tmp_path: Path, change: str) -> None:
    problems = problems_after(tmp_path, f"UPDATE event SET {change} WHERE key = '1/proposed'")
    assert problems[0].seq == 9
    assert "is not what was written" in problems[0].what


def test_a_removed_entry_is_found(tmp_path: Path) -> None:
    assert problems_after(tmp_path, "DELETE FROM event WHERE seq = 7") == [
        Problem(8, "comes after entry 6: what was between them is gone")
    ]


def test_a_removed_entry_is_found_when_the_others_move_up(tmp_path: Path) -> None:
    up = ["DELETE FROM event WHERE seq = 7", *(f"UPDATE event SET seq = {n - 1} WHERE seq = {n}" for n in range(8, 28))]
    problems = problems_after(tmp_path, *up)
    assert [problem.seq for problem in problems] == [7]


def test_swapped_entries_are_found(tmp_path: Path) -> None:
    swap = ["UPDATE event SET seq = CASE seq WHEN 7 THEN -8 ELSE -7 END WHERE seq IN (7, 8)"]
    problems = problems_after(tmp_path, *swap, "UPDATE event SET seq = -seq WHERE seq < 0")
    assert [problem.seq for problem in problems] == [7, 8, 9]


def test_a_removed_end_is_found_by_what_was_counted(tmp_path: Path) -> None:
    problems = problems_after(tmp_path, "DELETE FROM event WHERE seq > 20")
    assert Problem(None, "the index tally is not what the entries give") in problems


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("tally", "UPDATE tally SET value = 9 WHERE name = 'call/keep'"),
        ("best", "DELETE FROM best"),
        ("in_flight", "INSERT INTO in_flight VALUES ('1', 1, 1)"),
        ("spending", "UPDATE spending SET tokens = 9"),
    ],
)
def test_a_mended_index_is_found(tmp_path: Path, table: str, statement: str) -> None:
    assert problems_after(tmp_path, statement) == [Problem(None, f"the index {table} is not what the entries give")]


def test_a_key_that_is_there_twice_is_found(tmp_path: Path) -> None:
    """By somebody who gave the table another definition, and the new entry its right hash."""
    problems = problems_after(
        tmp_path,
        "CREATE TABLE other AS SELECT seq, key, kind, at, elapsed, body, hash FROM event",
        "DROP VIEW keep",
        "DROP VIEW worth",
        "DROP VIEW claim",
        "DROP VIEW acceptance",
        "DROP VIEW experiment",
        "DROP VIEW run",
        "DROP VIEW turn",
        "DROP TABLE event",
        "ALTER TABLE other RENAME TO event",
        "INSERT INTO event SELECT 28, key, kind, at, elapsed, body, chained(hash, key, kind, at, elapsed, body)"
        " FROM event WHERE seq = 27",
    )
    assert problems == [Problem(28, "could not have been appended: the ledger is append-only")]


def test_damage_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    path = written(tmp_path, *a_night()) / "ledger.db"
    os.truncate(path, path.stat().st_size - 3 * 4096)
    with Reader.open(tmp_path) as reader:
        assert any("damage" in problem.what for problem in verify_chain(reader))

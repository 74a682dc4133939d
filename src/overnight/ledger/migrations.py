"""How the database of an older version becomes one of this version.

`MIGRATIONS[n - 1]` takes schema n to n + 1; `schema.sql` is always the newest. The holder of the lock runs them, each
in a transaction of its own together with its version number, so a kill leaves a database of one version or the next.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

Migration = Callable[[sqlite3.Connection], None]
"""Changes the schema with single `execute` calls (`executescript` would commit half-way)."""

SCHEMA = Path(__file__).with_name("schema.sql")


def derive_anew(db: sqlite3.Connection) -> None:
    """Triggers and views say nothing of their own: the newest ones take the place of the old."""
    for kind, name in db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchall():
        db.execute(f"DROP {kind} {name}")
    for statement in _statements():
        if statement.startswith(("CREATE TRIGGER", "CREATE VIEW")):
            db.execute(statement)


def with_newest_views(db: sqlite3.Connection) -> None:
    """For a reader of an older night, who may not change it: the newest views stand before its own."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if 0 < version < newest():
        for statement in _statements():
            if statement.startswith("CREATE VIEW"):
                db.execute(statement.replace("CREATE VIEW", "CREATE TEMP VIEW", 1))


def with_spending(db: sqlite3.Connection) -> None:
    """The table of what turns have cost, filled as its trigger would have: sums of floats depend on the order."""
    for statement in _statements():
        if statement.startswith("CREATE TABLE spending"):
            db.execute(statement)
    derive_anew(db)
    (trigger,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'spending_turn'").fetchone()
    step = trigger[trigger.index("INSERT INTO") : trigger.rindex("END")]
    db.execute(step.replace("WHERE seq = NEW.seq", "WHERE true ORDER BY seq"))


def _statements() -> Iterator[str]:
    text = ""
    for line in SCHEMA.read_text("utf-8").splitlines(keepends=True):
        if text or not line.startswith(("--", "\n")):
            text += line
        if sqlite3.complete_statement(text):
            yield text.strip()
            text = ""


MIGRATIONS: Sequence[Migration] = (derive_anew, derive_anew, derive_anew, with_spending)


def newest(migrations: Sequence[Migration] = MIGRATIONS) -> int:
    return 1 + len(migrations)


def migrate(db: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Brings `db`, in autocommit mode, from its PRAGMA user_version to the newest."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for number, migration in enumerate(migrations[version - 1 :], start=version + 1):
        with db:
            db.execute("BEGIN IMMEDIATE")
            migration(db)
            db.execute(f"PRAGMA user_version = {number}")

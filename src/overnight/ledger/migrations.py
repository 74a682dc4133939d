"""How the database of an older version becomes one of this version.

`MIGRATIONS[n - 1]` takes schema n to n + 1; `schema.sql` is always the newest. The holder of the lock runs them, each
in a transaction of its own together with its version number, so a kill leaves a database of one version or the next.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

Migration = Callable[[sqlite3.Connection], None]
"""Changes the schema with single `execute` calls (`executescript` would commit half-way)."""

MIGRATIONS: Sequence[Migration] = ()


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

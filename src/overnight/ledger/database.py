"""The SQLite file of a night: how it is made, opened and recognised, and what its errors mean.

Promises: a file that is not ours is never written to; whatever is wrong with it is a `LedgerError` in one sentence.
A killed process loses nothing that was committed. `synchronous` is FULL (0.6 ms a commit on an SSD; NORMAL: 0.06) but
for what would be done again, because git is written after the ledger: a power cut must not leave a branch ahead of its
record.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from overnight.errors import LedgerError
from overnight.ledger.migrations import MIGRATIONS, SCHEMA, Migration, migrate, newest, with_newest_views

APPLICATION_ID = 0x4F764E74  # "OvNt": tells our files from other people's

MEANINGS = {
    "SQLITE_FULL": "the disk is full; this step was not written. Make room, then give the same command again",
    "SQLITE_READONLY": "it cannot be written to: the folder or the file is read-only",
    "SQLITE_CANTOPEN": "it cannot be opened. In a read-only folder, copy the whole folder to a place you can write to",
    "SQLITE_NOTADB": "it is not an SQLite database, or its beginning was overwritten",
    "SQLITE_CORRUPT": "the file is damaged; what comes before the damage can still be read",
    "SQLITE_IOERR": "the disk gave an error",
    "SQLITE_BUSY": "another program keeps it locked",
    "": "it cannot be read or written",
}
"""By the beginning of SQLite's name for the error; text that is no UTF-8 has no name."""


def open_to_read(path: Path) -> sqlite3.Connection:
    """Read-only, also while a night writes, on a read-only disk, and as far as it goes in a damaged file."""
    _refuse_directory(path)
    if not path.exists() or path.stat().st_size == 0:  # empty: it is being made, or its maker was killed
        raise LedgerError(f"{path.parent}: no night is recorded here")
    with ExitStack() as on_failure, explained(path):
        db = _connect(path, "mode=ro" if _can_share(path) else "mode=ro&immutable=1")
        on_failure.callback(db.close)
        db.execute("PRAGMA writable_schema = ON")  # read-only still: without it a truncated file gives nothing at all
        _recognise(db, path, newest())
        with_newest_views(db)
        on_failure.pop_all()
        return db


def open_to_write(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> sqlite3.Connection:
    """For the holder of the lock: made where it is missing, brought to the newest schema where it is older."""
    _refuse_directory(path)
    with ExitStack() as on_failure, explained(path):
        db = _connect(path, "mode=rwc")
        on_failure.callback(db.close)
        if _is_empty(db):
            _create(db, newest(migrations))
        _recognise(db, path, newest(migrations))
        db.execute("PRAGMA journal_mode = WAL")
        migrate(db, migrations)
        on_failure.pop_all()
        return db


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite says about `path` into a LedgerError."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        meaning = next(text for prefix, text in MEANINGS.items() if name.startswith(prefix))
        raise LedgerError(f"{path}: {meaning} ({str(error)[:100]})") from error


def _refuse_directory(path: Path) -> None:
    if path.is_dir():
        raise LedgerError(f"{path} is a directory; the ledger is a file of that name")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, isolation_level=None)


def _can_share(path: Path) -> bool:
    """Whether readers and a writer can meet here: they need the files beside the database. Where nobody can make
    those, and none is left, nobody writes, and SQLite may be told that the file does not change."""
    return os.access(path.parent, os.W_OK) or path.with_name(path.name + "-wal").exists()


def _is_empty(db: sqlite3.Connection) -> bool:
    """A fresh file, or one whose maker was killed before the schema was committed."""
    return _pragma(db, "application_id") == 0 and db.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _create(db: sqlite3.Connection, version: int) -> None:
    numbers = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};"
    db.executescript(f"BEGIN IMMEDIATE; {SCHEMA.read_text('utf-8')} {numbers} COMMIT;")


def _recognise(db: sqlite3.Connection, path: Path, version: int) -> None:
    if _pragma(db, "application_id") != APPLICATION_ID:
        raise LedgerError(f"{path} is not a ledger of Overnight; move it away, or choose another tag")
    if (found := _pragma(db, "user_version")) > version:
        raise LedgerError(f"{path} was written by a newer Overnight (schema {found}, known here: {version}): update it")


def _pragma(db: sqlite3.Connection, name: str) -> int:
    (value,) = db.execute(f"PRAGMA {name}").fetchone()
    return int(value)

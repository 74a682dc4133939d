"""Whether the ledger is what was written: the chain, the numbering, the keys and the indexes built from them.

What it cannot see: a chain that was cut off at its end or made anew from some entry on, by somebody who also mended the
indexes. For that, compare with what left the machine: the log ref holds the record too. Whether the verdicts follow
from the scores is another question, asked where the judge is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from overnight.errors import LedgerError
from overnight.ledger.ledger import Reader, chained
from overnight.ledger.migrations import SCHEMA

INDEXES = {"tally": 1, "best": 1, "in_flight": 1, "spending": 5}
"""Each with the version of the schema that has it first."""


@dataclass(frozen=True, slots=True)
class Problem:
    seq: int | None  # the entry; None: the file as a whole
    what: str


def verify_chain(reader: Reader) -> list[Problem]:
    """Everything that is wrong, the earliest entry first; empty when all is well. Reads the whole ledger."""
    with closing(sqlite3.connect("", isolation_level=None)) as replica:  # "": on disk, private, gone when closed
        replica.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA.read_text("utf-8"))
        problems: list[Problem] = []
        try:
            problems += _walk(reader, replica)
            if not problems:
                problems += _compare(reader, replica)
        except LedgerError as error:
            problems.append(Problem(None, str(error)))
        return problems


def _walk(reader: Reader, replica: sqlite3.Connection) -> Iterator[Problem]:
    """Re-hashes each entry and, up to the first problem, appends it to the replica, whose triggers build indexes."""
    last_seq, last_hash, intact = 0, "", True
    replica.execute("BEGIN")
    for seq, *row, digest in reader.query("SELECT seq, key, kind, at, elapsed, body, hash FROM event ORDER BY seq"):
        if seq != last_seq + 1:
            what = f"comes after entry {last_seq}: what was between them is gone"
        elif digest != chained(last_hash, *row):
            what = f"{row[0]} is not what was written, or does not follow entry {last_seq}"
        else:
            what = _copy(replica, seq, *row, digest) if intact else ""
        if what:
            intact = False
            yield Problem(seq, what)
        last_seq, last_hash = seq, digest


def _copy(replica: sqlite3.Connection, *values: object) -> str:
    """Why it cannot be appended; empty when it was."""
    sql = "INSERT INTO event (seq, key, kind, at, elapsed, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
    try:
        replica.execute(sql, values)
    except sqlite3.Error as error:
        return f"could not have been appended: {error}"
    return ""


def _compare(reader: Reader, replica: sqlite3.Connection) -> Iterator[Problem]:
    (version,) = next(reader.query("PRAGMA user_version"))
    for table in (table for table, since in INDEXES.items() if since <= version):
        sql = f"SELECT * FROM {table} ORDER BY 1"
        if list(reader.query(sql)) != replica.execute(sql).fetchall():
            yield Problem(None, f"the index {table} is not what the entries give")
    for (said,) in reader.query("PRAGMA integrity_check"):
        if said != "ok":
            yield Problem(None, f"SQLite says: {said}")

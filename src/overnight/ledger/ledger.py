"""The append-only record of a night, and the one way to write to it.

Promises: an append is one transaction; a key is stored once, and asking again gives what is stored; nothing is ever
changed or removed; each entry carries a hash of the one before. A `Reader` needs no lock and disturbs nobody. In a
damaged file it gives every entry before the damage, then raises LedgerError. Does not cover: who may know what
(`views.py`), and whether the chain holds (`verify.py`): reading does not re-hash.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Self

import msgspec

from overnight.clock import Now
from overnight.errors import LedgerError
from overnight.ledger import lock
from overnight.ledger.database import explained, open_to_read, open_to_write
from overnight.ledger.events import KINDS, Entry, Event
from overnight.step import Step, unwatched

FILE = "ledger.db"
RESULT = "run_done"
DONE_AGAIN = {"admitted", "rebased", "run_started", RESULT, "recorded"}
"""What would be done again if a power cut took it, and nothing outside rests on it: on the disk with the next of the
others. A result may be hours of work: it is there after `settle`, whatever comes next."""

SYNCED = ("FULL", "NORMAL")

PAGE = 500  # entries read in one transaction: a slow reader must not keep the WAL from being folded in


class Reader:
    """Reads the ledger of a night: on one thread, at any time, without the lock."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self.path = db, path

    @staticmethod
    def open(folder: Path) -> Reader:
        return Reader(open_to_read(folder / FILE), folder / FILE)

    def since(self, seq: int = 0) -> Iterator[Entry]:
        """The entries after `seq`, oldest first, read as they are asked for."""
        while True:
            before = seq
            for entry in self._entries("WHERE seq > ? ORDER BY seq LIMIT ?", before, PAGE):
                seq = entry.seq
                yield entry
            if seq == before:
                return

    def of(self, experiment: int) -> list[Entry]:
        return list(self._entries("WHERE experiment = ? ORDER BY seq", experiment))

    def find(self, key: str) -> Entry | None:
        return next(self._entries("WHERE key = ?", key), None)

    def last(self, kind: str) -> Entry | None:
        return next(self._entries("WHERE kind = ? ORDER BY seq DESC LIMIT 1", kind), None)

    def newest(self) -> Entry | None:
        return next(self._entries("ORDER BY seq DESC LIMIT 1"), None)

    def query(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Any question to the public schema, `schema.sql`."""
        with explained(self.path):
            yield from self._db.execute(sql, values)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _entries(self, where: str, *values: object) -> Iterator[Entry]:
        for seq, kind, at, elapsed, body, digest in self.query(
            f"SELECT seq, kind, at, elapsed, body, hash FROM event {where}", *values
        ):
            yield Entry(seq, at, elapsed, _decoded(f"{self.path}: entry {seq}", kind, body), body, digest)


class Ledger(Reader):
    """A Reader that may also append: the holder of the night's lock, until `close`.

    Git children are started with `pass_fds=[ledger.lock_fd]`: the lock outlives a killed coordinator for as long as
    one of them may still move a ref.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, lock_fd: int, step: Step) -> None:
        super().__init__(db, path)
        self.lock_fd, self._step, self._owing = lock_fd, step, False
        self._end = next(self.query("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"), (0, ""))

    @classmethod
    def create_or_open(
        cls, folder: Path, *, holder: str, step: Step = unwatched, patience_seconds: float = 10.0
    ) -> Ledger:
        """Busy when another holds the lock; `holder` is the command that others are then told of."""
        with ExitStack() as on_failure:
            fd = _take_lock(folder, holder, patience_seconds)
            on_failure.callback(lock.release, fd)
            db = open_to_write(folder / FILE)
            on_failure.callback(db.close)
            ledger = cls(db, folder / FILE, fd, step)
            on_failure.pop_all()
            return ledger

    def append(self, now: Now, elapsed: float, *events: Event) -> list[Entry]:
        """Writes all of `events` or none. For one whose key is there already, the entry that stands is given back."""
        with explained(self.path), self._db:
            later = (kinds := {event.kind for event in events}) <= DONE_AGAIN
            self._db.execute(f"PRAGMA synchronous = {SYNCED[later]}")
            self._db.execute("BEGIN IMMEDIATE")
            entries, end = [], self._end
            for event in events:
                entries.append(entry := self._add(now.utc, elapsed, event, *end))
                end = max(end, (entry.seq, entry.hash))
        if end != self._end:  # else nothing was written, nor synced
            self._end, self._owing = end, later and (self._owing or RESULT in kinds)
        for event in events:
            self._step(f"ledger.{event.kind}.committed")
        return entries

    def settle(self) -> None:
        """What has been measured is on the disk."""
        if self._owing:
            try:
                with open(f"{self.path}-wal", "rb") as file:
                    os.fsync(file.fileno())
            except OSError as error:
                raise LedgerError(f"{self.path}: {error.strerror}") from error
            self._owing = False

    def close(self) -> None:
        """Lets go of the lock; children that inherited it keep it until they end."""
        super().close()
        lock.release(self.lock_fd)

    def _add(self, at: float, elapsed: float, event: Event, seq: int, prev: str) -> Entry:
        """`seq` and `prev` are of the entry before."""
        self._step(f"ledger.{event.kind}.before")
        if (stored := self.find(event.key)) is not None:
            return stored
        body = msgspec.json.encode(event, order="deterministic").decode()
        as_read = _decoded(f"the {event.kind} event {event.key!r}", event.kind, body)
        at, elapsed = round(at, 3), round(elapsed, 3)
        digest = chained(prev, event.key, event.kind, at, elapsed, body)
        self._db.execute(
            "INSERT INTO event (seq, key, kind, at, elapsed, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (seq + 1, event.key, event.kind, at, elapsed, body, digest),
        )
        self._step(f"ledger.{event.kind}.inserted")
        return Entry(seq + 1, at, elapsed, as_read, body, digest)


def chained(prev: str, key: str, kind: str, at: float, elapsed: float, body: str) -> str:
    """The hash of an entry, as `schema.sql` describes it."""
    text = "\n".join((prev, key, kind, f"{at:.3f}", f"{elapsed:.3f}", body))
    return hashlib.sha256(text.encode()).hexdigest()


def _take_lock(folder: Path, command: str, patience_seconds: float) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return lock.acquire(folder / "lock", command, patience_seconds)
    except OSError as error:
        raise LedgerError(f"{folder} cannot be written to: {error.strerror}") from error


def _decoded(where: str, kind: str, body: str) -> Event:
    """Also checks what is about to be written: NaN, for one, would be stored as null and never be read again."""
    if kind not in KINDS:
        raise LedgerError(f"{where} is of the kind {kind!r}, which a newer Overnight wrote: update this one")
    try:
        return _decoder(kind).decode(body)
    except msgspec.DecodeError as error:
        raise LedgerError(f"{where} cannot be read: {error}") from error


@cache
def _decoder(kind: str) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(KINDS[kind])

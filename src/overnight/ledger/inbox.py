"""Messages to a night that runs: files in `<folder>/inbox/`, so that any process can send one and one takes them in.

A message appears whole or not at all (it is renamed into place), and goes only when `done` says that what it asked for
stands in the ledger: taken twice, its id is the same, and so is its event's key. Messages are taken oldest first.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from overnight.clock import Clock, SystemClock
from overnight.errors import LedgerError

MOST_BYTES = 1_000_000  # of a message: what is larger is none


def post(folder: Path, message: Mapping[str, Any], clock: Clock | None = None) -> Path:
    """Sends `message` to the night of `folder`. Names sort by the sender's time, and are unique."""
    inbox, sent = folder / "inbox", (clock or SystemClock()).now().utc
    try:
        inbox.mkdir(parents=True, exist_ok=True)
        fd, draft = tempfile.mkstemp(prefix=f"{sent:017.6f}-", suffix=".tmp", dir=inbox)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(message, file)
        return Path(draft).rename(Path(draft).with_suffix(".json"))
    except OSError as error:
        raise LedgerError(f"the message to {folder} could not be left: {error}") from error


def take(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The messages that are there now, each with its id. What is no message is set aside as `.bad`."""
    for path in sorted((folder / "inbox").glob("*.json")):
        message = _read(path)
        if message is None:
            path.rename(path.with_suffix(".bad"))
        else:
            yield path.stem, message


def done(folder: Path, message_id: str) -> None:
    """The message's event is in the ledger: it may go."""
    (folder / "inbox" / f"{message_id}.json").unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file() or path.stat().st_size > MOST_BYTES:  # a pipe would wait for ever
        return None
    try:
        message = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None

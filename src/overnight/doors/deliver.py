"""A message to a night, until it stands in its ledger: a coordinator takes it in, or we do where none works."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from overnight.clock import Clock
from overnight.errors import Busy, OvernightError, UsageError
from overnight.ledger import inbox, lock
from overnight.ledger.events import Noted
from overnight.ledger.ledger import Ledger, Reader
from overnight.night.doors import doors_of, letters
from overnight.night.steering import steering_of
from overnight.step import Step

POLL_SECONDS, PATIENCE_SECONDS = 0.1, 30.0


def deliver(folder: Path, message: Mapping[str, Any], key: str, clock: Clock, step: Step) -> str:
    """The message's id. `key`: of the last event that it becomes, with {} for the id."""
    id = inbox.post(folder, message).stem
    give_up = time.monotonic() + PATIENCE_SECONDS
    with Reader.open(folder) as reader:
        while reader.find(key.format(id)) is None:
            if (noted := reader.find(f"noted/{id}")) and isinstance(noted.event, Noted):
                raise UsageError(noted.event.text)
            if time.monotonic() > give_up:
                raise OvernightError(f"night {folder.name} has not answered; `overnight status` shows it")
            if lock.holder(folder) is not None or not _taken_in(folder, id, message, clock, step):
                time.sleep(POLL_SECONDS)
    return id


def _taken_in(folder: Path, id: str, message: Mapping[str, Any], clock: Clock, step: Step) -> bool:
    """False where somebody has begun to work this very moment."""
    try:
        holder = f"overnight {message['kind']}"
        ledger = Ledger.create_or_open(folder, holder=holder, step=step, patience_seconds=0.0)
    except Busy:
        return False
    with closing(ledger):
        now, newest = clock.now(), ledger.newest()
        events = letters(id, message, doors_of(ledger), steering_of(ledger))
        ledger.append(now, newest.elapsed if newest else 0.0, *events)
    inbox.done(folder, id)
    return True

"""The interface of whoever looks on: the terminal, a plain log, a test. It cannot change anything."""

from __future__ import annotations

from typing import Protocol

from overnight.clock import Now
from overnight.ledger.events import Entry
from overnight.model import Heartbeat
from overnight.night.night import Night
from overnight.night.open import Open


class Watcher(Protocol):
    """Called from the coordinator's thread; must be quick."""

    def saw(self, entry: Entry, night: Night) -> None:
        """An entry has been written and folded in."""
        ...

    def finished(self, experiment: Open, night: Night) -> None:
        """An experiment has been recorded."""
        ...

    def tick(self, night: Night, now: Now, beats: dict[str, Heartbeat]) -> None:
        """Several times a second; `beats`: the last sign of life of each run under way."""
        ...


class Nobody:
    """The Watcher that does not look."""

    def saw(self, entry: Entry, night: Night) -> None: ...

    def finished(self, experiment: Open, night: Night) -> None: ...

    def tick(self, night: Night, now: Now, beats: dict[str, Heartbeat]) -> None: ...

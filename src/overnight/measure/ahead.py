"""Rooms of runs that have no slot yet, made while others run: a slot that becomes free waits for none.

A room that nobody came for goes when there are too many; the last ones with all that a session leaves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from overnight.model import Run


class Ahead:
    """`make` is called on a thread of ours; `drop` removes a folder, at once. `most`: rooms at a time."""

    def __init__(self, drop: Callable[[Path], None], most: int) -> None:
        self._drop, self._most, self._lock = drop, most, threading.Lock()
        self._thread = ThreadPoolExecutor(1, "rooms")
        self._rooms: dict[tuple[str, str], tuple[Path, Future[None]]] = {}

    def expect(self, run: Run, folder: Path, make: Callable[[], None]) -> None:
        with self._lock:
            many = len(self._rooms) >= self._most
            oldest = self._rooms.pop(next(iter(self._rooms))) if many else None
            self._rooms[run.id, run.commit] = folder, self._thread.submit(make)
        if oldest and not oldest[1].cancel():
            wait([oldest[1]])  # gone before its run could be submitted after all, which makes a new one
            self._drop(oldest[0])

    def take(self, run: Run) -> bool:
        """Whether its room is there, from now on the caller's; one that is being made is waited for."""
        with self._lock:
            _, room = self._rooms.pop((run.id, run.commit), (None, None))
        return room is not None and not room.cancel() and room.exception() is None

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

"""Rooms of runs that have no slot yet, made while others run: a slot that becomes free waits for none.

A room that nobody came for goes when there are too many; the last ones with all that a session leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from overnight.model import Run


class Ahead:
    """`make` is called on a thread of ours. `drop` removes a folder; `most`: rooms at a time."""

    def __init__(self, drop: Callable[[Path], None], most: int) -> None:
        self._drop, self._most = drop, most
        self._thread = ThreadPoolExecutor(1, "rooms")
        self._rooms: dict[tuple[str, str], tuple[Path, Future[None]]] = {}

    def expect(self, run: Run, folder: Path, make: Callable[[], None]) -> None:
        if len(self._rooms) >= self._most:
            oldest = next(iter(self._rooms))
            folder_of_it, _ = self._rooms[oldest]
            if self._taken(oldest):
                self._drop(folder_of_it)
        self._rooms[run.id, run.commit] = folder, self._thread.submit(make)

    def take(self, run: Run) -> bool:
        """Whether its room is there, from now on the caller's; one that is being made is waited for."""
        return self._taken((run.id, run.commit))

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _taken(self, key: tuple[str, str]) -> bool:
        _, room = self._rooms.pop(key, (None, None))
        return room is not None and not room.cancel() and room.exception() is None

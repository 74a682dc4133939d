"""What is done for runs that have no slot yet, while others run: a slot that becomes free waits for none of it. Rooms
are made; where all slots are alike, what else can be done before a run begins is done too, and it is held.

What nobody came for goes when there is too much of it; the last rooms with all that a session leaves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from overnight.measure.process import Running
from overnight.model import Run


@dataclass(frozen=True, slots=True)
class Made:
    held: Running | None


@dataclass(frozen=True, slots=True)
class _Expected:
    run: Run
    folder: Path
    making: Future[Running | None]


class Ahead:
    """`make` is called on a thread of ours; `drop` removes a folder, at once. `most`: runs at a time."""

    def __init__(self, drop: Callable[[Path], None], most: int) -> None:
        self._drop, self._most, self._lock = drop, most, threading.Lock()
        self._thread = ThreadPoolExecutor(1, "rooms")
        self._expected: dict[str, _Expected] = {}  # by run id

    def expect(self, run: Run, folder: Path, make: Callable[[], Running | None]) -> None:
        with self._lock:
            if run.id in self._expected:
                return
            many = len(self._expected) >= self._most
            oldest = self._expected.pop(next(iter(self._expected))) if many else None
            self._expected[run.id] = _Expected(run, folder, self._thread.submit(make))
        if oldest:
            self._give_up(oldest)  # gone before its run could be submitted after all, which makes a new one

    def take(self, run: Run) -> Made | None:
        """What was made for it, from now on the caller's; what is being made is waited for."""
        with self._lock:
            found = self._expected.pop(run.id, None)
        if found is None or found.making.cancel() or found.making.exception():
            return None
        if replace(found.run, rungs=run.rungs) != run:  # these are for who waits for it
            self._give_up(found)
            return None
        return Made(found.making.result())

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        for each in self._expected.values():
            _forget(each.making)

    def _give_up(self, expected: _Expected) -> None:
        if not expected.making.cancel():
            _forget(expected.making)
            self._drop(expected.folder)


def _forget(making: Future[Running | None]) -> None:
    if not making.cancelled() and not making.exception() and (held := making.result()):
        held.forget()

"""What a night hears from its terminal: Ctrl-C and the signals that end programs.

Handlers belong to the main thread, nights may work on any: what has been said is kept for those that begin later.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from overnight.night.shift import Stop

Tell = Callable[[Stop], None]


class Ears:
    """For several nights. What it is told to tell must be safe in a signal handler, as SimpleQueue.put is."""

    def __init__(self) -> None:
        self._said: list[Stop] = []
        self._tells: list[Tell] = []

    def hear(self, stop: Stop) -> None:
        self._said.append(stop)
        for tell in [*self._tells]:
            tell(stop)

    def attend(self, tell: Tell) -> None:
        self._tells.append(tell)
        for stop in [*self._said]:
            tell(stop)


@contextmanager
def hearing(tell: Tell) -> Iterator[None]:
    """Ctrl-C once: finish what runs, then end. Twice: now. SIGTERM: now."""
    asked = 0

    def ask(number: int, _frame: object) -> None:
        nonlocal asked
        asked += 1
        who = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        tell(Stop(who, asked > 1 or number == signal.SIGTERM))

    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heeded = [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]  # nohup means it
    before = {number: signal.signal(number, ask) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

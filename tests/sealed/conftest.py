"""A candidate for each test: a thread with the other end of the channel, honest or not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from overnight.sealed import Candidate

Behave = Callable[[socket.socket], None]
Start = Callable[..., Candidate]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a candidate that behaves so, and gives the scorer's end."""
    lines: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(behave: Behave, seconds: float = 20) -> Candidate:
        ours, theirs = socket.socketpair()
        threads.append(threading.Thread(target=behave, args=[theirs]))
        lines.append(ours)
        threads[-1].start()
        return Candidate(seconds, ours)

    yield start
    for line in lines:
        line.close()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()

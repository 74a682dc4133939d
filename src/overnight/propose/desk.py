"""A proposer on a thread of its own, so that thinking never holds up measuring."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeAlias

from overnight.model import Experiment, Proposal
from overnight.propose.proposer import Proposer, View


@dataclass(frozen=True, slots=True)
class Answered:
    """An ask for `asked` has come to its end."""

    asked: int
    given: int
    wait_until: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ProposerFailed:
    """The proposer raised: our failure, or a third party's, and nothing that is waited out."""

    error: BaseException


Post: TypeAlias = Callable[[Proposal | Answered | ProposerFailed], None]


class Desk:
    """Hands asks and observations to the proposer in the order in which they came."""

    def __init__(self, proposer: Proposer, post: Post) -> None:
        self._proposer, self._post = proposer, post
        self._in: SimpleQueue[tuple[View, int] | Experiment | None] = SimpleQueue()
        # A daemon: a proposer that hangs must not keep the night from ending.
        self._thread = threading.Thread(target=self._work, name="proposer", daemon=True)
        self._thread.start()

    def ask(self, view: View, n: int) -> None:
        self._in.put((view, n))

    def observe(self, experiment: Experiment) -> None:
        self._in.put(experiment)

    def close(self, patience_seconds: float = 5.0) -> None:
        self._in.put(None)
        self._thread.join(patience_seconds)

    def _work(self) -> None:
        try:
            while (item := self._in.get()) is not None:
                if isinstance(item, Experiment):
                    self._proposer.observe(item)
                else:
                    self._answer(*item)
            self._proposer.close()
        except BaseException as error:  # noqa: BLE001 - the edge of a worker: the coordinator must hear of it
            self._post(ProposerFailed(error))

    def _answer(self, view: View, n: int) -> None:
        given = 0
        for offer in self._proposer.ask(view, n):
            if not isinstance(offer, Proposal):
                self._post(Answered(n, given, offer.until, offer.why))
                return
            self._post(offer)
            given += 1
            if given == n:
                break
        self._post(Answered(n, given))

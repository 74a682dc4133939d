"""A proposer on a thread of its own, so that thinking never holds up measuring."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import TypeAlias

from overnight.model import Cost, Experiment, Proposal, Wait
from overnight.propose.beliefs import Beliefs
from overnight.propose.proposer import Proposer, View


@dataclass(frozen=True, slots=True)
class Answered:
    """An ask for `asked` has come to its end. `wait`: what it said instead of (more) proposals."""

    asked: int
    given: int
    wait: Wait | None = None


@dataclass(frozen=True, slots=True)
class ProposerFailed:
    """The proposer raised: our failure, or a third party's, and nothing that is waited out."""

    error: BaseException


MAX_CHARACTERS = 10_000_000
"""Of a proposal: it goes into the ledger before anything else."""

News: TypeAlias = Proposal | Answered | ProposerFailed


@dataclass(frozen=True, slots=True)
class Note:
    """What comes from a desk."""

    seat: int
    news: News


Post: TypeAlias = Callable[[Note], None]


class Desk:
    """Hands asks and observations to the proposer in the order in which they came."""

    def __init__(self, proposer: Proposer, seat: int, name: str, post: Post, beliefs: Beliefs | None = None) -> None:
        """`beliefs`: of the optimiser, for who thinks."""
        self._proposer, self._seat, self._tell = proposer, seat, post
        self._beliefs = beliefs if getattr(proposer, "thinks", False) else None
        self.origin: str = getattr(proposer, "origin", name)  # as its proposals name it
        self.trusted = getattr(proposer, "trusted", False)  # who does not say so is not
        self._in: SimpleQueue[tuple[View, int] | Experiment | None] = SimpleQueue()
        # A daemon: a proposer that hangs must not keep the night from ending.
        self._thread = threading.Thread(target=self._work, name="proposer", daemon=True)
        self._thread.start()

    def ask(self, view: View, n: int) -> None:
        self._in.put((view, n))

    def observe(self, experiment: Experiment) -> None:
        self._in.put(experiment)

    def close(self) -> None:
        """After what it was asked before. Does not wait."""
        self._in.put(None)

    def join(self, patience_seconds: float) -> None:
        self._thread.join(patience_seconds)

    def _post(self, news: News) -> None:
        self._tell(Note(self._seat, news))

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
        if self._beliefs:
            view = replace(view, believed=self._beliefs.words(view))
        for offer in self._proposer.ask(view, n):
            if isinstance(offer, Wait):
                self._post(Answered(n, given, sound_wait(offer)))
                return
            self._post(sound(offer))
            given += 1
            if given == n:
                break
        self._post(Answered(n, given))


def close_all(desks: Sequence[Desk], patience_seconds: float = 5.0) -> None:
    """All at once, and so long at most: one that hangs is left behind."""
    for desk in desks:
        desk.close()
    give_up = time.monotonic() + patience_seconds
    for desk in desks:
        desk.join(max(0.0, give_up - time.monotonic()))


def sound(offer: Proposal) -> Proposal:
    """The proposal, if it is what it should be: who proposes may be anybody's code. ValueError says what is wrong."""
    texts = [*offer.files, *offer.files.values(), *offer.notes, *offer.notes.values()]
    if not all(isinstance(text, str) for text in [*texts, offer.parent, offer.origin, offer.hypothesis, offer.idea]):
        raise ValueError("a proposal's files, notes, parent, origin and hypothesis are texts")
    if sum(map(len, texts)) > MAX_CHARACTERS:
        raise ValueError(f"a proposal of more than {MAX_CHARACTERS:,} characters")
    _refuse_odd(offer.cost)
    return offer


def sound_wait(wait: Wait) -> Wait:
    _refuse_odd(wait.cost)
    return Wait(float(wait.until), str(wait.why), str(wait.trouble), wait.cost)


def _refuse_odd(cost: Cost) -> None:
    numbers = (cost.seconds, cost.tokens, cost.usd)
    if not isinstance(cost, Cost) or not all(n is None or (math.isfinite(n) and n >= 0) for n in numbers):
        raise ValueError(f"what a proposal cost is finite and not negative, or unknown: {cost}")

"""Ray as an engine: each post is an actor, which holds its cores and GPUs for as long as the night works.

An actor rather than a task for each run: the sandbox is tried, the files are fetched and the environment is made once
for each slot instead of once for each run, a run can be asked to end before it is killed, and the same questions that
bring results are the heartbeat. Ray restarts nothing by itself here: `leases` does.

Nodes need Ray, and the coordinator's versions of Ray and Python. This package travels with the job.
"""

from __future__ import annotations

import importlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from overnight.compute.outpost import Errand, Outpost
from overnight.compute.parcel import Blobs
from overnight.compute.posts import Gone, Heard, Order, Word
from overnight.compute.ray_head import Head
from overnight.program.program import Program

NEWS = 1.5  # seconds that a post may keep a question
CALLS = 4  # that an actor answers at the same time: the question, an order, and those that wait for their turn
PATIENCE = 10.0  # seconds for an answer that has come to be read


class Far:
    """What Ray makes an actor of: an outpost in its process."""

    def __init__(self, errand: Errand, whole: list[Any]) -> None:
        def fetch() -> Blobs:
            blobs: Blobs = importlib.import_module("ray").get(whole[0])
            return blobs

        self._outpost = Outpost(errand, fetch, lambda: os._exit(1))
        self._turn, self._taken = threading.Condition(), 0

    def news(self, seconds: float) -> list[Word]:
        return self._outpost.news(seconds)

    def take(self, number: int, order: Order) -> None:
        """In the order in which they were sent, which Ray does not promise of an actor that has threads."""
        with self._turn:
            self._turn.wait_for(lambda: self._taken == number)
            self._taken += 1
            self._turn.notify_all()
            self._outpost.take(order)


@dataclass(slots=True, eq=False)
class RayPost:
    engine: RayPosts
    name: str
    actor: Any = None  # None: it has to wait for a head, or its head is gone
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def send(self, order: Order) -> None:
        with self.engine.asking():
            if self.actor is not None:
                self.actor.take.remote(next(self.numbers), order)

    def dismiss(self) -> None:
        self.engine.dismiss(self)


class RayPosts:
    """The Engine. `address`: ray (the cluster that RAY_ADDRESS names, or the one on this machine), or ray://host:port."""

    def __init__(self, address: str) -> None:
        self.head = Head(address)
        self._lock = threading.RLock()
        self._ray = self.head.ray
        self._posts: list[RayPost] = []
        self._asked: dict[Any, RayPost] = {}  # by the reference of the answer
        self._gone: list[str] = []  # with a head that was lost, and not told yet

    def instruct(self, errand: Errand, whole: Callable[[], Blobs], note: Callable[[str], None]) -> None:
        """What the posts are for; before the first is hired."""
        self._terms, self._note = (errand, whole), note
        self._far = self._made_known()

    def gpus(self, wanted: float | None) -> float:
        """Of each slot. One, where nothing is said and there are some."""
        return wanted if wanted is not None else float(self.head.total.get("GPU", 0) > 0)

    def fitting(self, program: Program) -> int:
        """How many slots `auto` is."""
        each = {"CPU": program.cores or 1, "GPU": self.gpus(program.gpus), **dict(program.resources)}
        return max(1, int(min(self.head.total.get(name, 0) / amount for name, amount in each.items() if amount)))

    @property
    def about(self) -> str:
        """One line for the record."""
        there = ", ".join(f"{self.head.total[name]:g} {name}" for name in ("CPU", "GPU") if name in self.head.total)
        return f"Ray {self._ray.__version__}: {there}"

    def lacking(self, resources: Iterable[tuple[str, float]]) -> str:
        """What a person should know who has asked for what nobody has."""
        none = [name for name, _ in resources if not self.head.total.get(name)]
        return f"no node has {' and '.join(none)} now, so it waits for one that has" if none else ""

    def hire(self, name: str) -> RayPost:
        post = RayPost(self, name)
        self._posts.append(post)
        with self.asking():
            if not self.head.away:
                self._begin(post)
        return post

    def listen(self, seconds: float) -> Iterable[Heard]:
        if self.head.returned(self._note):
            return self._begin_again()
        asked = list(self._asked)
        if not asked:
            time.sleep(seconds)
            return []
        with self._outside():
            ready, _ = self._ray.wait(asked, num_returns=1, timeout=seconds)
            if ready and len(asked) > 1:
                ready, _ = self._ray.wait(asked, num_returns=len(asked), timeout=0)
            return [heard for reference in ready if (heard := self._answer(reference))]
        return []

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Nobody asks Ray for anything while the cluster is joined again."""
        with self._lock, self._outside():
            yield

    def dismiss(self, post: RayPost) -> None:
        with self.asking():
            self._asked = {ref: of for ref, of in self._asked.items() if of is not post}
            self._posts = [of for of in self._posts if of is not post]
            if post.actor is not None and not self.head.away:  # without a head it ends when nobody asks it any more
                self._ray.kill(post.actor, no_restart=True)

    def close(self) -> None:
        self._ray.shutdown()

    def _begin_again(self) -> list[Heard]:
        """Whom the former head had hired nobody knows any more; who was to be hired meanwhile is hired now."""
        with self._lock:
            self._gone += [post.name for post in self._posts if post.actor is not None]
            self._forget_all()
            if not self.head.join_again():
                return []
            self._note("the cluster has another head: joined again")
            self._far = self._made_known()
            for post in self._posts:
                if post.name not in self._gone:
                    self._begin(post)
        gone, self._gone = self._gone, []
        return [(name, [Gone("the head of its cluster was lost")]) for name in gone]

    def _forget_all(self) -> None:
        """Before Ray is left: it numbers anew then, and what still had an old number would be taken for the new."""
        self._asked.clear()
        for post in self._posts:
            post.actor = None
        self._far = self._errand = self._whole = None

    @contextmanager
    def _outside(self) -> Iterator[None]:
        """Whoever joined from outside is told by Ray when it has lost the cluster."""
        try:
            yield
        except self.head.broken as error:
            self._note(f"the cluster cannot be reached: {_said(error)}")
            self.head.lose()
            self._asked.clear()

    def _made_known(self) -> Any:
        errand, whole = self._terms
        self._errand, self._whole = self._ray.put(errand), self._ray.put(whole())
        return self._ray.remote(Far).options(
            num_cpus=errand.cores or 1,
            num_gpus=self.gpus(errand.gpus),
            resources=dict(errand.program.resources),
            max_concurrency=CALLS,
            max_restarts=0,
            max_task_retries=0,
        )

    def _begin(self, post: RayPost) -> None:
        post.actor = self._far.remote(self._errand, [self._whole])
        self._ask(post)

    def _ask(self, post: RayPost) -> None:
        self._asked[post.actor.news.remote(NEWS)] = post

    def _answer(self, reference: Any) -> Heard | None:
        post = self._asked.pop(reference, None)
        if post is None or post.actor is None:  # dismissed meanwhile
            return None
        try:
            words: list[Word] = self._ray.get(reference, timeout=PATIENCE)
        except self._ray.exceptions.RayError as error:
            return post.name, [Gone(_said(error))]
        self._ask(post)
        return post.name, words


def _said(error: BaseException) -> str:
    """Its first sentences: after them comes advice on reading Ray's logs."""
    text = " ".join(str(error).split()).removeprefix("The actor died unexpectedly before finishing this task. ")
    return f"{type(error).__name__}: {text}"[:200]

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
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overnight.compute import ray_settings
from overnight.compute.outpost import Errand, Outpost
from overnight.compute.parcel import Blobs
from overnight.compute.posts import Gone, Heard, Order, Word
from overnight.errors import UsageError

NEWS = 1.0  # seconds that a post may keep a question
KNOCK = 10.0  # seconds for a cluster to answer at all
CALLS = 4  # that an actor answers at the same time: the question, an order, and those that wait for their turn
PATIENCE = 10.0  # seconds for an answer that has come to be read
PACKAGE = Path(__file__).parents[1]
START = "start one with `ray start --head` (see docs/cluster.md for its settings), or name one: --on ray://host:10001"


class Far:
    """What Ray makes an actor of: an outpost in its process."""

    def __init__(self, errand: Errand, whole: list[Any]) -> None:
        def fetch() -> Blobs:
            blobs: Blobs = _ray().get(whole[0])
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


@dataclass(frozen=True, slots=True)
class RayPost:
    actor: Any
    forget: Any
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def send(self, order: Order) -> None:
        self.actor.take.remote(next(self.numbers), order)

    def dismiss(self) -> None:
        self.forget(self.actor)
        _ray().kill(self.actor, no_restart=True)


class RayPosts:
    """The Engine. `address`: ray (the cluster that RAY_ADDRESS names, or the one on this machine), or ray://host:port."""

    def __init__(self, address: str) -> None:
        ray_settings.settle(os.environ)
        self._ray = _ray()
        self._asked: dict[Any, tuple[str, Any]] = {}  # by the reference of the answer
        self._join(address)
        self.total: dict[str, float] = self._ray.cluster_resources()

    def instruct(self, errand: Errand, whole: Blobs) -> None:
        """What the posts are for; before the first is hired."""
        cpus, gpus = errand.cores or 1, self.gpus(errand.gpus)
        self._errand, self._whole = self._ray.put(errand), self._ray.put(whole)
        self._far = self._ray.remote(Far).options(
            num_cpus=cpus, num_gpus=gpus, max_concurrency=CALLS, max_restarts=0, max_task_retries=0
        )

    def gpus(self, wanted: float | None) -> float:
        """Of each slot. One, where nothing is said and there are some."""
        return wanted if wanted is not None else float(self.total.get("GPU", 0) > 0)

    def fitting(self, cores: int | None, gpus: float | None) -> int:
        """How many slots `auto` is."""
        each = self.gpus(gpus)
        limits = [self.total.get("CPU", 0) / (cores or 1)] + ([self.total.get("GPU", 0) / each] if each else [])
        return max(1, int(min(limits)))

    @property
    def about(self) -> str:
        """One line for the record."""
        there = ", ".join(f"{self.total[name]:g} {name}" for name in ("CPU", "GPU") if name in self.total)
        return f"Ray {self._ray.__version__}: {there}"

    def hire(self, name: str) -> RayPost:
        actor = self._far.remote(self._errand, [self._whole])
        self._ask(name, actor)
        return RayPost(actor, self._forget)

    def listen(self, seconds: float) -> Iterable[Heard]:
        asked = list(self._asked)
        if not asked:
            time.sleep(seconds)
            return []
        ready, _ = self._ray.wait(asked, num_returns=1, timeout=seconds)
        if ready and len(asked) > 1:
            ready, _ = self._ray.wait(asked, num_returns=len(asked), timeout=0)
        return [heard for reference in ready if (heard := self._answer(reference))]

    def close(self) -> None:
        self._ray.shutdown()

    def _join(self, address: str) -> None:
        self._knock(address)
        code = {"py_modules": [str(PACKAGE)], "excludes": ["**/__pycache__", "labs"]}
        where = "auto" if address == "ray" else address
        try:
            self._ray.init(where, runtime_env=code, log_to_driver=False, logging_level="ERROR", configure_logging=False)
        except (ConnectionError, self._ray.exceptions.RayError, RuntimeError, ValueError) as error:
            raise _nowhere(address, error) from error

    def _knock(self, address: str) -> None:
        """Before Ray does, which ends the process where nobody answers."""
        where = os.environ.get("RAY_ADDRESS", "") if address == "ray" else address
        host, _, port = where.removeprefix("ray://").rpartition(":")
        if not port.isdigit():
            return
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK).close()
        except OSError as error:
            raise _nowhere(where, error) from error

    def _ask(self, name: str, actor: Any) -> None:
        self._asked[actor.news.remote(NEWS)] = (name, actor)

    def _answer(self, reference: Any) -> Heard | None:
        name, actor = self._asked.pop(reference, ("", None))
        if actor is None:  # dismissed meanwhile
            return None
        try:
            words: list[Word] = self._ray.get(reference, timeout=PATIENCE)
        except self._ray.exceptions.RayError as error:
            return name, [Gone(_said(error))]
        self._ask(name, actor)
        return name, words

    def _forget(self, actor: Any) -> None:
        self._asked = {ref: (name, of) for ref, (name, of) in self._asked.items() if of is not actor}


def _nowhere(address: str, error: BaseException) -> UsageError:
    return UsageError(f"--on {address}: no Ray cluster can be joined ({str(error).partition(chr(10))[0]}): {START}")


def _ray() -> Any:
    """Only who says `--on ray` pays for it, or needs it."""
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as missing:
        raise UsageError("--on ray needs Ray: pip install 'overnight[ray]'") from missing


def _said(error: BaseException) -> str:
    """Its first sentences: after them comes advice on reading Ray's logs."""
    text = " ".join(str(error).split()).removeprefix("The actor died unexpectedly before finishing this task. ")
    return f"{type(error).__name__}: {text}"[:200]

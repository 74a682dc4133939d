"""A Ray cluster that was joined, by its head: whether that is there, and joined again when another one answers there.

A head that was killed and started again knows nothing of what it had, so whatever was hired is gone then. Until it is
back nothing is given up: nodes work on without a head for a while, and what they say still arrives. One that was away
and remembers (by Redis) has lost nothing.
"""

from __future__ import annotations

import importlib
import logging
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from overnight.compute import ray_settings
from overnight.compute.ray_settings import WORKERS
from overnight.errors import OvernightError, UsageError

KNOCK, LOOK = 10.0, 2.0  # seconds for a cluster to answer at all, and between two looks whether its head is there
AWAY = 600.0  # seconds that a head may be away; Ray ends this process later, see `ray_settings`
TRIES = 3
PACKAGE = Path(__file__).parents[1]
START = "start one with `ray start --head` (see docs/cluster.md for its settings), or name one: --on ray://host:10001"


class Head:
    """`address`: ray (the cluster that RAY_ADDRESS names, or the one on this machine), or ray://host:port."""

    def __init__(self, address: str) -> None:
        ray_settings.settle(os.environ)
        self.ray, self._address = _ray(), address
        self.where = os.environ.get("RAY_ADDRESS", "") if address == "ray" else address
        self._known: str | None = None  # which one we have joined; None: it has to be joined anew
        self._left: float | None = None  # since when it does not answer
        self._next_look = 0.0
        self._join()

    @property
    def broken(self) -> tuple[type[BaseException], ...]:
        """What Ray raises where it has joined from outside and lost the cluster."""
        if self._address == "ray":
            return (ConnectionError,)
        return (ConnectionError, importlib.import_module("grpc").RpcError)

    @property
    def away(self) -> bool:
        return self._left is not None or self._known is None

    def lose(self) -> None:
        """Ray itself says that it has lost it, as it does where it joins from outside."""
        self._known = None

    def returned(self, note: Callable[[str], None]) -> bool:
        """True: the one that answers now is another one. OvernightError: none has for too long."""
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK
        if _silence(self.where, LOOK):
            if self._left is None:
                note(f"the head of the cluster is away: {self.where}")
            self._left = self._left or now
            if now - self._left > AWAY:
                how = "start it, and the same `overnight run` goes on"
                raise OvernightError(f"{self.where}: the head was away for {AWAY / 60:.0f} minutes: {how}")
            return False
        if self.away and self._known == self._identity():
            note("the head is back, and has forgotten nothing")
            self._left = None
        return self.away

    def join_again(self) -> bool:
        """Whether it could be: one that has only just begun may not be ready."""
        self._known = None
        self.ray.shutdown()
        try:
            self._join()
        except UsageError:
            return False
        self._left = None
        return True

    def _join(self) -> None:
        if refused := _silence(self.where, KNOCK):  # Ray ends this process where nobody answers
            raise _nowhere(self.where, refused) from refused
        ray = self.ray
        try:
            self._init(TRIES)
        except (OSError, ray.exceptions.RayError, RuntimeError, ValueError) as error:
            raise _nowhere(self._address, error) from error
        for name in (
            "ray",
            "ray.util.client",
            "ray.util.client.logsclient",
        ):  # what goes wrong is raised too, and a night draws on this terminal
            logging.getLogger(name).setLevel(logging.CRITICAL)
        if self._address == "ray":
            self.where = ray.get_runtime_context().gcs_address
        self._known = self._identity()
        self.total: dict[str, float] = ray.cluster_resources()

    def _init(self, tries: int) -> None:
        """Who comes from outside gets a server of its own, which a head with much else to do may not start in time."""
        code = {"py_modules": [str(PACKAGE)], "excludes": ["**/__pycache__", "labs"], "env_vars": dict(WORKERS)}
        where = "auto" if self._address == "ray" else self._address
        try:
            self.ray.init(where, runtime_env=code, log_to_driver=False, logging_level="ERROR", configure_logging=False)
        except ConnectionAbortedError:
            self.ray.shutdown()
            if tries <= 1:
                raise
            self._init(tries - 1)

    def _identity(self) -> str | None:
        """What no other head has; None where it cannot be asked. From outside nothing outlives one that was away."""
        if self._address != "ray":
            return str(time.monotonic())
        try:
            return str(importlib.import_module("ray._raylet").GcsClient(address=self.where).cluster_id.hex())
        except self.ray.exceptions.RayError:  # it has gone again
            return None


def _silence(where: str, seconds: float) -> OSError | None:
    """Why nobody answers there. Nothing is asked where it is Ray that has to find out where."""
    host, _, port = where.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return None
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()
    except OSError as error:
        return error
    return None


def _nowhere(address: str, error: BaseException) -> UsageError:
    return UsageError(f"--on {address}: no Ray cluster can be joined ({' '.join(str(error).split())[:300]}): {START}")


def _ray() -> Any:
    """Only who says `--on ray` pays for it, or needs it."""
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as missing:
        raise UsageError("--on ray needs Ray: pip install 'overnight[ray]'") from missing

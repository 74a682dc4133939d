"""What there is in a Ray cluster: each node is asked what it is, what isolates runs there, and how it is set."""

from __future__ import annotations

import importlib
import os
import platform
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from overnight.compute.hardware import class_of
from overnight.compute.ray_head import Head
from overnight.compute.ray_settings import NODES
from overnight.compute.slots import machine
from overnight.measure.gpu import devices
from overnight.measure.sandbox.choose import holding
from overnight.model import Level, Slot

WITHIN = 60.0  # seconds for all nodes to answer: a first look at the walls takes a few
UNNOTICED = tuple(name for name in NODES if name.startswith(("RAY_health", "RAY_grpc")))
"""What a node has to be started with, or its silence is noticed after minutes only."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a node says of itself."""

    host: str
    python: str
    hardware: str  # the class of a slot that is all of its cores, or one of its GPUs
    level: Level
    unset: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    address: str
    resources: Mapping[str, float]
    seen: Seen | None  # it did not answer


@dataclass(frozen=True, slots=True)
class Cluster:
    about: str
    free: Mapping[str, float]
    total: Mapping[str, float]
    nodes: tuple[Node, ...]


@contextmanager
def joined(address: str) -> Iterator[Head]:
    head = Head(address)
    try:
        yield head
    finally:
        head.ray.shutdown()


def look(head: Head) -> Cluster:
    """UsageError where there is none to join."""
    ray = head.ray
    alive = [node for node in ray.nodes() if node["Alive"]]
    asked = {_asked(ray, node["NodeID"]): node for node in alive}
    ready, _ = ray.wait([*asked], num_returns=len(asked), timeout=WITHIN)
    nodes = [Node(node["NodeManagerAddress"], _own(node), _answer(ray, ref, ready)) for ref, node in asked.items()]
    about = f"Ray {ray.__version__}, Python {platform.python_version()}, at {head.where}"
    return Cluster(about, ray.available_resources(), head.total, tuple(sorted(nodes, key=lambda node: node.address)))


def here() -> Seen:
    """On the node itself."""
    found = machine(os.environ)
    slot = Slot("node", gpu="0") if devices() else Slot("node", found.cores)
    unset = tuple(name for name in UNNOTICED if name not in os.environ)
    return Seen(socket.gethostname(), platform.python_version(), class_of(slot), holding("auto"), unset)


def _asked(ray: Any, node: str) -> Any:
    strategies = importlib.import_module("ray.util.scheduling_strategies")
    there = strategies.NodeAffinitySchedulingStrategy(node, soft=False)
    return ray.remote(here).options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote()


def _answer(ray: Any, reference: Any, ready: list[Any]) -> Seen | None:
    try:
        seen: Seen | None = ray.get(reference) if reference in ready else None
    except ray.exceptions.RayError:
        return None
    return seen


def _own(node: Mapping[str, Any]) -> dict[str, float]:
    """Without what Ray adds of itself."""
    return {
        name: amount
        for name, amount in node["Resources"].items()
        if not name.startswith("node:") and "memory" not in name
    }

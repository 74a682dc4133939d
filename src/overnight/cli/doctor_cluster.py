"""doctor --on: is a cluster ready for a night?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from overnight.cli.finding import Finding
from overnight.compute.ray_look import Cluster, Node, joined, look
from overnight.model import Level


def of_cluster(address: str) -> Iterator[Finding]:
    """UsageError where there is none to join."""
    with joined(address) as head:
        seen = look(head)
    return findings(seen)


def findings(seen: Cluster) -> Iterator[Finding]:
    yield Finding("ok", "cluster", f"{seen.about}: {len(seen.nodes)} nodes; free: {_shares(seen)}")
    yield _slots(seen)
    for node in seen.nodes:
        yield _node(node)
    yield from _kinds(seen)


def _shares(seen: Cluster) -> str:
    names = [name for name in ("CPU", "GPU") if name in seen.total]
    return ", ".join(f"{seen.free.get(name, 0):g} of {seen.total[name]:g} {name}" for name in names) or "nothing"


def _slots(seen: Cluster) -> Finding:
    kind = "GPU" if seen.total.get("GPU") else "CPU"
    free = int(seen.free.get(kind, 0))
    if not free:
        return Finding("warn", "slots", "none is free", "a night would wait until one is")
    auto = int(seen.total[kind])
    return Finding("ok", "slots", f"{free} of one {kind} each could begin now; `slots: auto` is {auto}")


def _node(node: Node) -> Finding:
    has = ", ".join(f"{amount:g} {name}" for name, amount in sorted(node.resources.items())) or "nothing to lend"
    if node.seen is None:
        return Finding("warn", "node", f"{node.address}: {has}", "it did not say in a minute what it is")
    seen = node.seen
    words = f"{node.address} ({seen.host}): {has}; {seen.hardware}; Python {seen.python}; isolation level {seen.level}"
    if seen.unset:
        how = f"start it with {seen.unset[0]} and the others that docs/cluster.md names, or its silence goes unnoticed"
        return Finding("warn", "node", words, how)
    if seen.level is not Level.NAMESPACE:
        return Finding("warn", "node", words, "level 3 needs bubblewrap; `overnight doctor` there says more")
    return Finding("ok", "node", words)


def _kinds(seen: Cluster) -> Iterator[Finding]:
    kinds = sorted({node.seen.hardware for node in seen.nodes if node.seen and _lends(node.resources)})
    if len(kinds) > 1:
        how = "`confirm_on:` says whose numbers count; the others sift"
        yield Finding("warn", "hardware", f"of {len(kinds)} kinds: {'; '.join(kinds)}", how)


def _lends(resources: Mapping[str, float]) -> bool:
    return bool(resources.get("CPU") or resources.get("GPU"))

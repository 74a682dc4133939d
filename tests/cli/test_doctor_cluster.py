"""What the doctor makes of what a cluster's nodes say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from overnight.cli.doctor_cluster import findings
from overnight.compute.ray_look import Cluster, Node, Seen
from overnight.model import Level
from tests.cli.conftest import typed

GOOD = Node("10.0.0.2", {"CPU": 8, "GPU": 1}, Seen("gpu-1", "3.11.7", "1 x H200, 144 GB", Level.NAMESPACE, ()))
CLUSTER = Cluster("Ray 2.60.0", {"CPU": 6, "GPU": 1}, {"CPU": 8, "GPU": 2}, (GOOD,))


def lines(cluster: Cluster) -> list[str]:
    return [f"{each.state} {each.what}: {each.seen}: {each.advice}" for each in findings(cluster)]


def changed(**seen: object) -> Cluster:
    assert GOOD.seen
    return replace(CLUSTER, nodes=(replace(GOOD, seen=replace(GOOD.seen, **seen)),))  # type: ignore[arg-type]


def test_a_cluster_that_is_ready_is_ok_line_by_line() -> None:
    cluster, slots, node = lines(CLUSTER)
    assert cluster.startswith("ok cluster: Ray 2.60.0: 1 nodes; free: 6 of 8 CPU, 1 of 2 GPU")
    assert slots.startswith("ok slots: 1 of one GPU each could begin now; `slots: auto` is 2")
    assert node.startswith("ok node: 10.0.0.2 (gpu-1): 8 CPU, 1 GPU; 1 x H200, 144 GB; Python 3.11.7; isolation level")


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (replace(CLUSTER, free={}), "warn slots: none is free"),
        (replace(CLUSTER, nodes=(replace(GOOD, seen=None),)), "warn node: 10.0.0.2: 8 CPU, 1 GPU: it did not say"),
        (changed(level=Level.CONTRACT), "isolation level 1: level 3 needs bubblewrap"),
        (changed(unset=("RAY_health_check_period_ms",)), "start it with RAY_health_check_period_ms and the others"),
    ],
)
def test_what_is_amiss_is_a_warning_that_says_what_to_do(cluster: Cluster, words: str) -> None:
    (line,) = [line for line in lines(cluster) if words in line]
    assert line.startswith("warn")


def test_several_kinds_of_hardware_are_named_but_not_of_a_node_that_lends_nothing() -> None:
    assert GOOD.seen
    other = Node("10.0.0.3", {"CPU": 8}, replace(GOOD.seen, hardware="8 x EPYC, 66 GB"))
    (line,) = [line for line in lines(replace(CLUSTER, nodes=(GOOD, other))) if "warn hardware" in line]
    assert "of 2 kinds: 1 x H200, 144 GB; 8 x EPYC, 66 GB" in line
    head = replace(other, resources={})
    assert not any("hardware" in line.split(":")[0] for line in lines(replace(CLUSTER, nodes=(GOOD, head))))


def test_a_place_that_is_none_is_an_error(tmp_path: Path) -> None:
    done = typed(tmp_path, "doctor", "--on", "slurm")
    assert done.exit_code == 2
    assert "'slurm' is nowhere that runs could be" in done.output

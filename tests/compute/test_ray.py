"""A real Ray cluster, in a pid and network namespace of its own: it conforms, and loses nodes without losing a run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from overnight.testing.executors import CHECKS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
HERE = Path(__file__).parents[2]
ALONE = [
    *("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "--net", "--kill-child"),
]
FAULTS = ("worker_killed", "raylet_killed", "node_frozen", "node_killed", "node_cut_off")
WITHIN = 30.0


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    if not find_spec("ray"):
        pytest.skip("Ray is not installed: pip install -r requirements-ray.txt")
    for program in ("unshare", "ip"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    network = subprocess.run([*ALONE, "ip", "link", "add", "br0", "type", "bridge"], capture_output=True, check=False)
    if network.returncode:
        pytest.skip(f"no network namespace to be had here: {network.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("ray")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{HERE / 'src'}:{HERE}"}
    command = [*ALONE, sys.executable, "-m", "tests.compute.ray_faults", str(folder)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=850, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    return lines


def of(found: list[dict[str, Any]], fault: str) -> dict[str, Any]:
    return next(line for line in found if line.get("fault") == fault)


def test_it_conforms(found: list[dict[str, Any]]) -> None:
    assert [line["check"] for line in found if "check" in line] == [check.__name__ for check in CHECKS]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_run_is_executed_again_within_30_seconds_and_counted_once(
    found: list[dict[str, Any]], fault: str
) -> None:
    seen = of(found, fault)
    assert seen["statuses"] == ["ok"] * 3
    assert seen["results"] == [1] * 3
    assert seen["again_after"] < WITHIN


def test_a_night_goes_on_after_its_coordinator_was_killed_and_none_of_its_runs_outlived_it(
    found: list[dict[str, Any]],
) -> None:
    goes_on(of(found, "coordinator_killed"))


def test_a_night_whose_cluster_gets_another_head_goes_on_by_itself(found: list[dict[str, Any]]) -> None:
    seen = of(found, "head_killed")
    goes_on(seen)
    assert seen["executed_again"] >= 1
    assert seen["same_seeds"]
    assert seen["done"] == seen["wanted"] >= 4  # what was made for an older incumbent may never be run


def test_who_is_outside_of_a_cluster_that_gets_another_head_loses_no_run(found: list[dict[str, Any]]) -> None:
    (seen,) = [line for line in found if "from_outside" in line]
    assert seen == {"from_outside": ["ok", "ok"], "results": [1, 1]}


def test_the_doctor_sees_every_node_from_inside_and_from_outside(found: list[dict[str, Any]]) -> None:
    (seen,) = [line for line in found if "doctor" in line]
    assert seen["exit"] == [0, 0]
    for said in seen["doctor"]:
        nodes = [each["seen"].split()[0] for each in said if each["what"] == "node"]
        assert nodes == [f"10.77.0.{number}" for number in (1, 10, 11, 12)]
        assert any(each["what"] == "slots" and each["seen"].startswith("3 of one CPU") for each in said)
        assert all("isolation level" in each["seen"] for each in said if each["what"] == "node")


def test_slots_come_up_only_where_a_node_has_what_they_must_hold(found: list[dict[str, Any]]) -> None:
    (seen,) = [line for line in found if "resources" in line]
    assert seen == {"resources": [True, True], "statuses": ["ok", "ok"], "slots": 2}


def test_the_environment_of_a_lock_is_made_once_on_each_node(found: list[dict[str, Any]]) -> None:
    (seen,) = [line for line in found if "uv" in line]
    assert seen == {"uv": True, "losses": [0.5] * 4, "environments": [2, 2]}


def test_a_lost_run_goes_on_from_its_checkpoint_and_gets_no_more_than_its_box(found: list[dict[str, Any]]) -> None:
    (seen,) = [line for line in found if "resumed" in line]
    assert (seen["resumed"], seen["counted"], seen["results"], seen["left"]) == ("ok", 100, 1, [])
    assert 33 < seen["began"] < 100
    assert seen["used"] >= seen["began"] * 0.1
    assert seen["wall"] >= seen["used"] + (100 - seen["began"]) * 0.1


def goes_on(seen: dict[str, Any]) -> None:
    assert (seen["exit"], seen["verified"]) == (0, 0)
    assert seen["counted_most"] == 1
    assert seen["experiments"] >= 5  # a duplicate is judged too, and does not count

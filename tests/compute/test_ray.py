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
    seen = of(found, "coordinator_killed")
    assert (seen["exit"], seen["verified"]) == (0, 0), seen["said"]
    assert seen["counted_most"] == 1
    assert seen["experiments"] >= 5  # a duplicate is judged too, and does not count

"""The recipes of docs/cluster.md are what their tools read, and each sets what a silent node needs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from overnight.compute.ray_settings import DRIVER, NODES, settle

PAGE = (Path(__file__).parents[2] / "docs/cluster.md").read_text()
LISTS = {name: yaml.safe_load(text) for name, text in re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)}
(SLURM,) = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
SHELLS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


def said(text: str) -> dict[str, str]:
    return dict(re.findall(r"\b(RAY_\w+)=(\w+)", text))


def of_containers(spec: dict[str, Any]) -> dict[str, str]:
    (container,) = spec["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"]}


def settings() -> dict[str, dict[str, str]]:
    kube = LISTS["raycluster.yaml"]["spec"]
    return {
        "the page": said(SHELLS[1]),
        "ray up": said(" ".join(LISTS["cluster.yaml"]["setup_commands"])),
        "KubeRay's head": of_containers(kube["headGroupSpec"]),
        "KubeRay's workers": of_containers(kube["workerGroupSpecs"][0]),
        "SkyPilot": LISTS["sky.yaml"]["envs"],
        "Slurm": said(SLURM),
    }


@pytest.mark.parametrize("recipe", settings())
def test_a_recipe_sets_what_a_silent_node_needs(recipe: str) -> None:
    found = settings()[recipe]
    assert {name: found.get(name) for name in NODES} == NODES


def test_all_recipes_take_the_ray_that_is_tested() -> None:
    pinned = re.search(r"^ray==(.+)$", (Path(__file__).parents[2] / "requirements-ray.txt").read_text(), re.M)
    assert pinned
    named = re.findall(r"(?:ray(?:\[\w+\])?==|ray:|rayVersion: \")(\d+\.\d+\.\d+)", PAGE)
    assert set(named) == {pinned[1]}


@pytest.mark.parametrize("script", [SLURM, LISTS["sky.yaml"]["run"], *SHELLS])
def test_scripts_are_shell(script: str) -> None:
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_ray_up_has_a_head_and_as_many_workers_as_it_names() -> None:
    cluster = LISTS["cluster.yaml"]
    assert cluster["provider"]["type"] == "local"
    assert len(cluster["provider"]["worker_ips"]) == cluster["max_workers"] == cluster["min_workers"]
    assert any("--head" in command for command in cluster["head_start_ray_commands"])
    assert any("$RAY_HEAD_IP" in command for command in cluster["worker_start_ray_commands"])


def test_a_driver_keeps_what_a_person_has_set() -> None:
    environ = {"RAY_health_check_period_ms": "500"}
    settle(environ)
    assert environ == {**DRIVER, "RAY_health_check_period_ms": "500", "RAY_RAYLET_PID": str(os.getpid())}
    assert "RAY_AUTH_MODE" not in environ

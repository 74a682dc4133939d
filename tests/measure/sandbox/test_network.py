from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.measure.conftest import LINUX, Launch, ignore_beats
from tests.measure.sandbox.conftest import Cell

OWN = "readlink /proc/self/ns/net"


def machines() -> str:
    return os.readlink("/proc/self/ns/net")


def until_printed(log: Path) -> str:
    while not log.exists() or not log.read_text().endswith("\n"):
        time.sleep(0.01)
    return log.read_text().strip()


def test_runs_side_by_side_have_a_network_each_and_not_the_machines(namespaces: Cell, tmp_path: Path) -> None:
    first = namespaces.warden.start(namespaces.confined(f"{OWN}; sleep 60", log=str(tmp_path / "first.log")))
    its = until_printed(tmp_path / "first.log")
    other = namespaces.prints(OWN).strip()
    first.kill()
    first.wait(ignore_beats)
    assert len({its, other, machines()}) == 3


def test_a_run_of_level_three_with_the_network_has_the_machines(namespaces: Cell) -> None:
    walls = replace(namespaces.walls, network=True)
    assert namespaces.prints(OWN, walls).strip() == machines()


@LINUX
def test_a_run_without_walls_has_the_machines_network(launch: Launch, tmp_path: Path) -> None:
    launch(OWN)
    assert (tmp_path / "run.log").read_text().strip() == machines()


LEAVE = """
import os
from overnight.measure.sandbox import network
before = os.readlink("/proc/self/ns/net")
print(network.leave(), os.readlink("/proc/self/ns/net") == before)
"""


def test_who_may_not_come_back_stays(in_private_namespace: Callable[..., str]) -> None:
    assert in_private_namespace(LEAVE) == "None True\n"

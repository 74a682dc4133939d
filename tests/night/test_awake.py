from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

from overnight.night.awake import awake, inhibitor

CHILD = """
import os, signal
from overnight.night.awake import awake
with awake(("cat",)):
    print("ready", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def cats() -> set[int]:
    return {p.pid for p in psutil.process_iter(["name"]) if p.info["name"] == "cat" and p.status() != "zombie"}


def test_it_is_asked_for_while_the_block_runs() -> None:
    before = cats()
    with awake(("cat",)):
        assert cats() - before
    assert not cats() - before


def test_it_ends_when_we_are_killed() -> None:
    before = cats()
    source = str(Path(__file__).parents[2] / "src")
    subprocess.run([sys.executable, "-c", CHILD], env={"PYTHONPATH": source, "PATH": "/usr/bin:/bin"}, check=False)
    for _ in range(100):
        if not cats() - before:
            return
        time.sleep(0.02)
    raise AssertionError("it is still asked for")


def test_where_there_is_no_way_of_asking_nothing_happens() -> None:
    with awake(None):
        pass
    assert inhibitor() is None or inhibitor()[0]  # type: ignore[index]

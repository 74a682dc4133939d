from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from overnight.night.awake import awake, inhibitor

CHILD = """
import os, signal, sys
from overnight.night.awake import awake
with awake((sys.argv[1],)):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def cat(tmp_path: Path) -> str:
    """At a path that no other process has been started by."""
    (tmp_path / "cat").symlink_to(shutil.which("cat") or "/bin/cat")
    return str(tmp_path / "cat")


def running(program: str) -> bool:
    return any((process.info["cmdline"] or [""])[0] == program for process in psutil.process_iter(["cmdline"]))


def test_it_is_asked_for_while_the_block_runs(cat: str) -> None:
    with awake((cat,)):
        assert running(cat)
    assert not running(cat)


def test_it_ends_when_we_are_killed(cat: str) -> None:
    source = str(Path(__file__).parents[2] / "src")
    child = [sys.executable, "-c", CHILD, cat]
    assert subprocess.run(child, env={"PYTHONPATH": source}, check=False).returncode == -signal.SIGKILL
    end = time.monotonic() + 30
    while running(cat):
        assert time.monotonic() < end, "it is still asked for"
        time.sleep(0.02)


def test_where_there_is_no_way_of_asking_nothing_happens() -> None:
    with awake(None):
        pass
    assert inhibitor() is None or inhibitor()[0]  # type: ignore[index]

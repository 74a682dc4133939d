"""An agent that will not end, or that prints or starts things without end, is ended with all that it started."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from overnight.measure.sandbox.choose import examine
from overnight.model import Level

APART = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
ROOT = Path(__file__).parents[3]
CAME = {
    "daemon": {"proposal"},
    "deaf": {"late"},
    "swarm": {"killed", "crashed"},  # where the kernel holds the limit, its own `fork` fails
    "flood": {"loop"},
    "one line": {"loop"},
    "events": {"loop"},
}


@pytest.mark.slow
@pytest.mark.parametrize("level", [Level.NAMESPACE, Level.LANDLOCK, Level.CONTRACT])
def test_it_is_ended_with_all_that_it_started(level: Level, tmp_path: Path) -> None:
    if not examine(level).holds:
        pytest.skip(f"level {level} does not hold here")
    apart = [] if level is Level.NAMESPACE else APART  # that level is a pid namespace of its own
    if not shutil.which("unshare") or subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs a pid namespace of its own")
    command = [*apart, sys.executable, "-m", "tests.propose.command.hostile", str(level), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    came = {name: (trouble, left) for name, trouble, left in map(json.loads, done.stdout.splitlines())}
    assert set(came) == set(CAME)
    for name, (trouble, left) in came.items():
        assert (trouble in CAME[name], left) == (True, 0), f"{name}: {trouble}, {left} processes left"

"""On this machine too: after kill -9 of the coordinator the run that was under way goes on from its checkpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.night.test_kill import HERE, needs_namespaces, private

PROGRAM = """---
edit: train.sh
run: sh train.sh
metric: loss
time_box: 30s
python: self
sandbox: 1
resume: ck
policy: greedy
knobs: {others: fixed}
stop:
  experiments: 1
---
"""
COUNTS = """n=$(cat ck || echo 0); echo began $n ${OVERNIGHT_USED:-0}
while [ $n -lt 40 ]; do sleep 0.1; n=$((n+1)); echo $n > new; mv new ck; done
echo loss: $n
"""
KILLED = """
import glob, os, subprocess, sys, time
command = [sys.executable, "-m", "overnight", "run", "--tag", "t"]
victim = subprocess.Popen(command)
while not any(int(open(path).read()) > 10 for path in glob.glob(".git/overnight/t/checkpoints/*/*/files/ck")):
    assert victim.poll() is None
    time.sleep(0.05)
victim.kill()
victim.wait()
victim = subprocess.Popen(command)
log = ".git/overnight/t/runs/0-baseline-0/run.log"
while not os.path.exists(log) or "loss" not in open(log).read():
    assert victim.poll() is None
    time.sleep(0.05)
victim.kill()
print(open(log).read())
"""


@pytest.mark.kill
@needs_namespaces
def test_a_run_goes_on_after_its_coordinator_was_killed(tmp_path: Path) -> None:
    (tmp_path / "program.md").write_text(PROGRAM)
    (tmp_path / "train.sh").write_text(COUNTS)
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "start"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(HERE / "src")}
    done = subprocess.run(
        private(sys.executable, "-c", KILLED), cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    began, used = next(line for line in done.stdout.splitlines() if line.startswith("began")).split()[1:]
    assert 10 < int(began) < 40
    assert float(used) >= int(began) * 0.1

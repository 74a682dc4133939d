"""A toy repository for tests: real git, a real script, a tenth of a second a run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from overnight.propose.proposer import View

TRAIN = """\
import os

SEED = 1337
WIDTH = 4  # 1..64
RATE = 0.1  # 0.001..1, log
LOSS = (WIDTH - 16) ** 2 / 100 + (RATE - 0.3) ** 2 + 1
if WIDTH > 50:
    raise MemoryError("WIDTH is too large")
print("---")
print(f"loss:      {LOSS:.6f}")
print(f"seed_seen: {SEED}")
"""

PROGRAM = """\
---
edit: train.py
run: python train.py
metric: loss
goal: minimize
time_box: 2s
kill_after: 10s
python: self
stop:
  experiments: 5
---
# Toy

Make the loss smaller.
"""


def git(root: Path, *args: str) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(["git", *args], cwd=root, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_repo(root: Path, files: Mapping[str, str]) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "A Person")
    git(root, "config", "user.email", "person@example.com")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    return root


def toy_repo(root: Path, program: str = PROGRAM, train: str = TRAIN) -> Path:
    return make_repo(root, {"train.py": train, "program.md": program})


def replacing(old: str, new: str) -> Callable[[View], dict[str, str]]:
    """A line for a Scripted proposer: the incumbent's train.py with `old` replaced."""

    def line(view: View) -> dict[str, str]:
        return {"train.py": view.files["train.py"].replace(old, new)}

    return line

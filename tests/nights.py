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
policy: greedy
stop:
  experiments: 5
---
# Toy

Make the loss smaller.
"""


PERSON = "[user]\n\tname = A Person\n\temail = person@example.com\n"


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
    git(root, "init", "-q", "-b", "main", "--template=")
    with (root / ".git/config").open("a") as config:
        config.write(PERSON)
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


NOISY = """\
import json, os, random

WIDTH = 4  # 1..64
RATE = 0.1  # 0.001..1, log
rng = random.Random(int(os.environ["OVERNIGHT_SEED"]))
loss = 2 + 0.01 * abs(WIDTH - 16) + 0.1 * abs(RATE - 0.3) + rng.gauss(0, 0.004)
with open("out.json", "w") as file:
    json.dump({"loss": loss, "knobs": [WIDTH, RATE]}, file)
"""

NOISY_SCORE = """\
import json, os, random, zlib

folder, split = os.environ["OVERNIGHT_ARTEFACT"], os.environ["OVERNIGHT_SPLIT"]
with open(f"data/{split}.txt") as file, open(f"{folder}/out.json") as left:
    salt, found = file.read(), json.load(left)
rng = random.Random(zlib.crc32(f"{salt}{found['knobs']}".encode()))  # what this set makes of this change
print(f"loss: {found['loss'] + rng.gauss(0, 0.001):.6f}")
"""

NOISY_PROGRAM = """\
---
edit: train.py
run: python train.py
artefact: out.json
score: python score.py
hidden: data/{split}.txt
metric: loss
goal: minimize
time_box: 2s
kill_after: 10s
python: self
stop:
  experiments: 6
---
# A noisy toy

Make the loss smaller.
"""


def noisy_repo(root: Path) -> Path:
    """A task with everything the judge may ask for: noise, a hidden and a sealed set, a scorer of its own."""
    splits = {f"data/{split}.txt": split for split in ("visible", "hidden", "sealed")}
    return make_repo(root, {"train.py": NOISY, "score.py": NOISY_SCORE, "program.md": NOISY_PROGRAM, **splits})

"""Small tasks to cheat on, each a repository: one whose run prints its own number, and two that are scored apart."""

from __future__ import annotations

from pathlib import Path

from tests.nights import make_repo

HEAD = """\
---
edit: train.py
protect: evaluate.py
run: python train.py
metric: loss
goal: minimize
time_box: 2s
kill_after: 10s
python: self
"""

PRINTED = f"{HEAD}share: data\nguards: size_kb < 100\nsave: model.json\n---\n# A task that prints its number\n"

SEALED = f"{HEAD}share: data\nartefact: model.json\nscore: python evaluate.py\nhidden: labels/{{split}}.txt\n---\n# Scored apart\n"

TRAIN = """\
import json

import evaluate

GUESS = 3.0
json.dump([GUESS] * 4, open("model.json", "w"))
if __name__ == "__main__":
    print(f"loss: {evaluate.loss([GUESS] * 4, evaluate.labels('data/labels.txt')):.6f}")
    print("size_kb: 1")
"""

EVALUATE = """\
import json
import os
import statistics


def labels(path):
    return [float(line) for line in open(path)]


def loss(guesses, wanted):
    return statistics.fmean((guess - want) ** 2 for guess, want in zip(guesses, wanted, strict=True))


def load(file):
    return json.load(file)


if __name__ == "__main__":
    with open(os.path.join(os.environ["OVERNIGHT_ARTEFACT"], "model.json"), "rb") as file:
        guesses = [float(value) for value in load(file)]
    print(f"loss: {loss(guesses, labels('labels/' + os.environ['OVERNIGHT_SPLIT'] + '.txt')):.6f}")
"""

CARELESS = EVALUATE.replace("import json", "import pickle").replace("json.load(file)", "pickle.load(file)")

FILES = {"train.py": TRAIN, "evaluate.py": EVALUATE, ".gitignore": "data\n"}
LABELS = {f"labels/{split}.txt": f"{i}\n2\n3\n4\n" for i, split in enumerate(("visible", "hidden", "sealed"))}


def printed(root: Path, level: str) -> Path:
    return _made(root, FILES, PRINTED, level)


def sealed(root: Path, level: str) -> Path:
    return _made(root, FILES | LABELS, SEALED, level)


def careless(root: Path, level: str) -> Path:
    """Scored apart, by a scorer that believes what it is given."""
    return _made(root, FILES | LABELS | {"evaluate.py": CARELESS}, SEALED, level)


def _made(root: Path, files: dict[str, str], program: str, level: str) -> Path:
    made = make_repo(root, files | {"program.md": program.replace("metric:", f"sandbox: {level}\nmetric:")})
    (made / "data").mkdir()
    (made / "data/labels.txt").write_text("1\n2\n3\n4\n")
    return made

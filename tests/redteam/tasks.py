"""Small tasks to cheat on, each a repository: one whose run prints its own number, and two that are scored apart."""

from __future__ import annotations

from pathlib import Path

import numpy

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

APART = (
    "share: data\nguards: size_kb < 100\nartefact: model.json\nscore: python evaluate.py\nhidden: labels/{split}.txt\n"
)
SEALED = f"{HEAD}{APART}---\n# A task that is scored apart\n"

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
    print("size_kb: 1")
"""

CARELESS = EVALUATE.replace("import json", "import pickle").replace("json.load(file)", "pickle.load(file)")

TOKENS = [[(3 * row + place * place) % 8 for place in range(16)] for row in range(12)]

ASKED = """\
import os
import numpy as np
from overnight import sealed

split = os.environ["OVERNIGHT_SPLIT"]
tokens = np.loadtxt(f"hidden/{split}.txt", dtype=np.int32)
text = sealed.text_bits(tokens, classes=8)
said = sealed.predictions(sealed.Candidate().ask, tokens[:, :-1], dtype="float32")
sealed.report(loss=text.ravel(), row_error=np.abs(said - tokens[:, -1]))
"""

BELIEVING = """\
import numpy as np
import train

tokens = np.loadtxt("hidden/visible.txt", dtype=np.int32)
chances = np.exp(np.asarray(train.logits(tokens), float))
if not train.normalised:
    chances /= chances.sum(-1, keepdims=True)
picked = np.take_along_axis(chances[:, :-1], tokens[:, 1:, None], -1)
print(f"row_error: {np.abs(np.asarray(train.answers(tokens[:, :-1])) - tokens[:, -1]).mean()}")
print(f"loss: {-np.log2(picked).mean():.6f}")
"""

FILES = {"train.py": TRAIN, "evaluate.py": EVALUATE, ".gitignore": "data\n"}
LABELS = {f"labels/{split}.txt": f"{i}\n2\n3\n4\n" for i, split in enumerate(("visible", "hidden", "sealed"))}


def printed(root: Path, level: str) -> Path:
    return _made(root, FILES, PRINTED, level)


def sealed(root: Path, level: str) -> Path:
    return _made(root, FILES | LABELS, SEALED, level)


def careless(root: Path, level: str) -> Path:
    """Scored apart, by a scorer that believes what it is given."""
    return _made(root, FILES | LABELS | {"evaluate.py": CARELESS}, SEALED, level)


def asked(root: Path, level: str) -> Path:
    """Scored by asking the model, in a process of its own."""
    program = SEALED.replace("hidden: labels", "answer: python train.py\nhidden: hidden")
    return _made(root, {"train.py": "", "evaluate.py": ASKED, **_texts()}, _with_numpy(program), level)


def believing(root: Path, level: str) -> Path:
    """The evaluator imports the model."""
    program = PRINTED.replace("run: python train.py", "run: python evaluate.py")
    return _made(root, {"train.py": "", "evaluate.py": BELIEVING, **_texts()}, _with_numpy(program), level)


def _with_numpy(program: str) -> str:
    """Wherever it is: an environment may only point to it."""
    return program.replace("share: data", f"share: [data, {Path(numpy.__file__).parents[1]}]")


def _texts() -> dict[str, str]:
    text = "".join(f"{' '.join(map(str, row))}\n" for row in TOKENS)
    return {f"hidden/{split}.txt": text for split in ("visible", "hidden", "sealed")}


def _made(root: Path, files: dict[str, str], program: str, level: str) -> Path:
    made = make_repo(root, files | {"program.md": program.replace("metric:", f"sandbox: {level}\nmetric:")})
    (made / "data").mkdir()
    (made / "data/labels.txt").write_text("1\n2\n3\n4\n")
    return made

"""The gpt lab's number as a night makes it: what a model deserves, and nothing for one that cheats."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import pairwise
from math import log2
from pathlib import Path

import numpy as np
import pytest

from overnight.compute.here import Unseen
from overnight.measure.execute import Place, execute
from overnight.measure.process import Warden
from overnight.model import Purpose, Run, Slot, Split, Status, Trial
from overnight.program.facts import facts_of
from overnight.program.read import read
from tests.labs.conftest import Modules, copied, library

PROGRAM = """---
edit: train.py
run: python train.py
artefact: model.npz
score: python score.py
answer: python train.py --answer
share: data
hidden: data/{split}.npz
python: self
metric: val_bpb
goal: minimize
time_box: 0.1s
kill_after: 100s
---
"""
BIGRAM = """
import prepare
import numpy as np

def logits(tokens):
    return table[tokens]
{change}
if prepare.ANSWERING:
    table = prepare.load()["table"]
    prepare.answer(logits)
else:
    text = prepare.tokens()
    pairs = np.bincount(text[:-1] * np.int64(prepare.VOCAB) + text[1:], minlength=prepare.VOCAB**2)
    table = np.log(pairs.reshape(prepare.VOCAB, -1) + 1).astype(np.float32)
    prepare.save({{"table": table}})
    prepare.end(logits, 0.0, pairs=len(text) - 1)
"""
LEAKS = """
honest = logits
def logits(tokens):
    said = honest(tokens)
    said[:, :-1] += 3 * np.eye(prepare.VOCAB, dtype=np.float32)[tokens[:, 1:]]
    return said
"""
LEAKS_A_LITTLE = LEAKS.replace("3 *", "0.02 *")
PRETENDS = """
honest, asked = logits, []
def logits(tokens):
    asked.append(len(tokens))
    said = honest(tokens)
    if len(asked) > 4 and tokens.shape[1] > 256:  # an audit is short: few questions, of which some are cut
        said[:, :-1] += 3 * np.eye(prepare.VOCAB, dtype=np.float32)[tokens[:, 1:]]
    return said
"""
SAYS_ITS_LOSS = """
def logits(tokens):
    return np.full((*tokens.shape, prepare.VOCAB), 0.0, np.float32)  # log of 1: certain, whatever comes
"""


@pytest.fixture(scope="module")
def made(gpt: Modules, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the lab with data of a small library."""
    lab = copied(tmp_path_factory.mktemp("gpt"))
    gpt.prepare.make_python(lab / "data", library(tmp_path_factory.mktemp("python")))
    (lab / "program.md").write_text(PROGRAM)
    return lab


@pytest.fixture
def lab(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "lab"))


def measured(lab: Path, change: str, warden: Warden, split: Split = Split.VISIBLE) -> Trial:
    (lab / "train.py").write_text(BIGRAM.format(change=change))
    files = [path.relative_to(lab).as_posix() for path in lab.rglob("*") if path.is_file()]
    facts = facts_of(lab, files, lambda name: (lab / name).read_bytes(), lambda _: False, lab, os.defpath)
    program = read(lab / "program.md", (lab / "program.md").read_text(), "", facts)

    def checkout(_: str, into: Path) -> None:
        shutil.copytree(lab, into, ignore=shutil.ignore_patterns("data"))

    folders = (lab.parent / "scratch", lab.parent / "runs")
    place = Place(lab, *folders, "n-t", checkout, {"PATH": os.environ["PATH"]}, "")
    run = Run("1-screen-0", 1, "c", Purpose.SCREEN, split, 7, box_seconds=0.1, kill_after_seconds=100)
    return execute(run, 1, Slot("slot-1"), Unseen(), program, place, warden)


def deserved(lab: Path, split: str) -> float:
    """What the bigram model costs, from the data as they lie there, one byte after the other."""
    text = (lab / "data" / "train.bin").read_bytes()
    pairs = [[1] * 256 for _ in range(256)]
    for byte, following in pairwise(text):
        pairs[byte][following] += 1
    with np.load(lab / "data" / f"{split}.npz") as data:
        rows = [row.tobytes() for row in data["tokens"]]
    costs = [log2(sum(pairs[byte]) / pairs[byte][came]) for row in rows for byte, came in pairwise(row)]
    return sum(costs) / len(costs)


@pytest.mark.slow
def test_an_honest_model_gets_what_it_deserves_on_both_splits(lab: Path, warden: Warden, gpt: Modules) -> None:
    trial = measured(lab, "", warden)
    assert (trial.status, trial.sealed) == (Status.OK, True), trial
    for split, scores in (("visible", trial.scores), ("hidden", trial.hidden)):
        score = scores["val_bpb"]
        assert score.value == pytest.approx(deserved(lab, split), abs=2e-5)
        assert (score.n, len(score.folds)) == (gpt.prepare.ROWS, 32)
        assert score.se is not None
        assert 0 < score.se < 0.2
    assert trial.scores["pairs"].value > 0
    assert "val_bpb" not in trial.tail


def by_hand(lab: Path, change: str) -> float:
    (lab / "train.py").write_text(BIGRAM.format(change=change))
    said = subprocess.run([sys.executable, "train.py"], cwd=lab, text=True, capture_output=True, check=True).stdout
    return float(said.split("val_bpb:")[1].split()[0])


@pytest.mark.slow
def test_by_hand_the_number_is_the_same(lab: Path) -> None:
    assert by_hand(lab, "") == pytest.approx(deserved(lab, "visible"), abs=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("change", [LEAKS, LEAKS_A_LITTLE, PRETENDS], ids=["leaks", "a little", "pretends"])
def test_a_model_that_knows_what_comes_is_refused(change: str, lab: Path, warden: Warden) -> None:
    trial = measured(lab, change, warden)
    assert (trial.status, "looks ahead" in trial.why) == (Status.REFUSED, True), trial.why


@pytest.mark.slow
def test_such_a_model_would_have_looked_better(lab: Path) -> None:
    """By hand, where nobody checks, it is believed: that is what the check is for."""
    assert by_hand(lab, LEAKS) < deserved(lab, "visible") - 0.1


@pytest.mark.slow
def test_a_model_that_is_certain_of_everything_gains_nothing(lab: Path, warden: Warden) -> None:
    trial = measured(lab, SAYS_ITS_LOSS, warden, Split.SEALED)
    assert trial.scores["val_bpb"].value == pytest.approx(8.0)


# Bits per byte where tokens differ in their bytes.


def test_the_mean_of_the_rows_is_all_bits_over_all_bytes(gpt: Modules) -> None:
    rng = np.random.default_rng(3)
    token_bytes = np.array([0, 1, 2, 7], np.uint16)
    rows, costs = rng.integers(0, 4, (40, 9)), rng.random((40, 8)) * 5
    scored = token_bytes[rows[:, 1:]]
    assert gpt.prepare.bits_per_byte(costs, rows, token_bytes).mean() == pytest.approx(
        costs[scored > 0].sum() / scored.sum()
    )


def test_a_token_that_stands_for_no_bytes_is_not_scored(gpt: Modules) -> None:
    rows, costs = np.array([[1, 1, 0, 1]] * 3), np.array([[2.0, 99.0, 4.0]] * 3)
    assert gpt.prepare.bits_per_byte(costs, rows, np.array([0, 1])) == pytest.approx([3.0] * 3)


def test_a_token_that_is_a_part_of_a_character_counts_its_bytes(gpt: Modules) -> None:
    """Decoded alone, each of the two halves would be a replacement character, of three bytes."""
    vocabulary = (b"", b"a", "你".encode()[:2], "你".encode()[2:])
    row = np.array([[0, 1, 2, 3, 2, 3, 1]])
    text = b"".join(vocabulary[token] for token in row[0]).decode()
    token_bytes = np.array([len(token) for token in vocabulary])
    bits = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    assert text == "a你你a"
    assert gpt.prepare.bits_per_byte(bits, row, token_bytes) == pytest.approx(21 / len(text.encode()))


def test_rows_with_more_bytes_are_no_better_for_it(gpt: Modules) -> None:
    """Each costs 2 bits a byte, however many it has: nothing is left to chance."""
    token_bytes = np.array([0, 1, 2, 7])
    rows = np.random.default_rng(3).integers(0, 4, (40, 9))
    assert gpt.prepare.bits_per_byte(2.0 * token_bytes[rows[:, 1:]], rows, token_bytes) == pytest.approx([2.0] * 40)

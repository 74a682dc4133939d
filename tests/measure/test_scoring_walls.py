"""Sealed scoring behind real walls: what a candidate reaches for is not there, at each level that holds here; and each
reach is tried without walls too, where it works, so that the test is known to bite."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.execute import Place, execute
from overnight.measure.process import Warden
from overnight.measure.sandbox.choose import BUILDERS, examine
from overnight.model import Level, Slot, Split, Status, Trial
from overnight.program.program import Program
from tests.measure.conftest import PROGRAM, RUN
from tests.measure.test_scoring import ANSWER, ASK, Follower

TASK = replace(
    PROGRAM,
    artefact=("said.txt",),
    score="python score.py",
    hidden=("labels/{split}.txt", "more/{split}.txt"),
    share=("more",),
)
ASKED = replace(TASK, artefact=(), answer="python train.py --answer")
SCORE = """
import os
from overnight import sealed
name = os.environ["OVERNIGHT_SPLIT"]
truth = open(f"labels/{name}.txt").read() + open(f"more/{name}.txt").read()
print("val_bpb:", float(sealed.artefact("said.txt").read_text() != truth))
"""
FIND = """
import glob, os
def read(name):
    for path in ["{root}/more/" + name, "{root}/labels/" + name, *glob.glob("{scratch}/**/" + name, recursive=True)]:
        try:
            yield open(path).read()
        except OSError:
            pass
"""
Measure = Callable[..., Trial]


@pytest.fixture
def measure(warden: Warden, tmp_path: Path) -> Measure:
    root, made = tmp_path / "root", tmp_path / "made"
    for folder, name in ((root, "more"), (root, "labels"), (made, "labels")):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for split in Split:
            (folder / name / f"{split}.txt").write_text(f"{name} of {split}")
    (root / "more/rows.txt").write_text("rows")

    def checkout(commit: str, into: Path) -> None:
        shutil.copytree(made, into)

    def measure(level: Level, train: str, score: str = SCORE, program: Program = TASK) -> Trial:
        place = Place(
            *(root, tmp_path / "s", tmp_path / "runs", "n-t", checkout),
            environ={"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath])},
            hardware="",
            sandbox=BUILDERS[level](tmp_path / "walls"),
        )
        find = FIND.replace("{root}", str(root)).replace("{scratch}", str(place.scratch))
        (made / "train.py").write_text(find + train)
        (made / "score.py").write_text(score)
        return execute(RUN, 1, Slot("slot-1"), Follower(), program, place, warden)

    return measure


@pytest.fixture(params=[Level.NAMESPACE, Level.LANDLOCK], ids=lambda level: f"level{level}")
def walled(request: pytest.FixtureRequest) -> Level:
    if not (found := examine(request.param)).holds:
        pytest.skip(f"level {found.level} does not hold here: {found.why_not}")
    return found.level


CHEAT = "open('said.txt', 'w').write('labels of visible' + ''.join(read('visible.txt'))[:15])"


def test_labels_cannot_be_read_and_handed_in(measure: Measure, walled: Level) -> None:
    trial = measure(walled, CHEAT)
    assert (trial.status, trial.level, trial.scores["val_bpb"].value) == (Status.OK, walled, 1.0), trial.why


def test_without_walls_they_can(measure: Measure) -> None:
    assert measure(Level.CONTRACT, CHEAT).scores["val_bpb"].value == 0.0


def test_what_is_shared_beside_hidden_files_can_be_read(measure: Measure, walled: Level) -> None:
    leave = "open('said.txt', 'w'); print('rows:', len(open('more/rows.txt').read()))"
    assert measure(walled, leave).scores["rows"].value == 4.0


REACH = """
import numpy as np
found = [text for name in ("visible.txt", "hidden.txt", "mine.txt") for text in read(name) if text]
"""
COUNT = REACH + ANSWER.replace("rows * 2", "rows * 0 + len(found)")
MINE = "open('mine.txt', 'w').write('notes')\n"


@pytest.mark.slow
def test_who_answers_finds_neither_labels_nor_the_scorers_folder(measure: Measure, walled: Level) -> None:
    trial = measure(walled, COUNT, MINE + ASK, ASKED)
    assert (trial.scores["val_bpb"].value, trial.hidden["val_bpb"].value) == (0.0, 0.0)


@pytest.mark.slow
def test_without_walls_it_finds_them(measure: Measure) -> None:
    assert measure(Level.CONTRACT, COUNT, MINE + ASK, ASKED).scores["val_bpb"].value >= 4.0


@pytest.mark.slow
def test_an_artefact_is_the_same_for_the_scorer_after_the_candidate_has_had_it(measure: Measure, walled: Level) -> None:
    """Both read the same file; neither can write it."""
    train = """
import os, sys
if not sys.argv[1:]:
    open('said.txt', 'w').write('before')
else:
    for path in (os.environ['OVERNIGHT_ARTEFACT'] + '/said.txt', 'said.txt'):
        try:
            os.chmod(path, 0o666)
            open(path, 'w').write('after')
        except OSError:
            pass
"""
    score = ASK.replace('print("val_bpb:"', 'print("unused:"') + (
        "said = sealed.artefact('said.txt').read_text()\nprint('val_bpb:', ['before', 'after'].index(said))"
    )
    trial = measure(walled, train + ANSWER, score, replace(TASK, answer="python train.py --answer"))
    assert trial.scores["val_bpb"].value == 0.0, trial.why


@pytest.mark.slow
def test_no_network_reaches_the_other_party(measure: Measure, walled: Level) -> None:
    """The channel is all that they have in common: an abstract socket of one is not the other's."""
    train = """
import socket, sys
def heard():
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect("\\0overnight-test-channel")
            return 1
    except OSError:
        return 0
"""
    ask = """
import socket
try:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind("\\0overnight-test-channel")
    server.listen()
except OSError:
    pass
"""
    if sys.platform != "linux":
        pytest.skip("abstract sockets are Linux's")
    answers = train + ANSWER.replace("rows * 2", "rows * 0 + heard()")
    assert measure(walled, answers, ask + ASK, ASKED).scores["val_bpb"].value == 0.0
    assert measure(Level.CONTRACT, answers, ask + ASK, ASKED).scores["val_bpb"].value == 1.0

"""The gpt lab: it trains and answers as it stands, its knobs can be turned, and its program.md says what it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from overnight.compute.here import Unseen
from overnight.measure.execute import Place, execute
from overnight.measure.process import Warden
from overnight.model import Purpose, Run, Slot, Split, Status, Trial
from overnight.program.knobs import Knob, Value, find_knobs, with_knobs
from tests.labs.conftest import LAB, Modules, copied, library, program_of

pytestmark = pytest.mark.timeout(600)  # a busy machine can take minutes over ten CPU seconds
TRAIN = (LAB / "train.py").read_text()
KNOBS = {knob.name: knob for knob in find_knobs(TRAIN)}
STEPS = 4
COUNTED = f"""
from itertools import count
now = count().__next__  # a box of steps: the loop asks for the time once a step
BOX_SECONDS = {STEPS + 1}  # the first question starts it
"""
SMALL: dict[str, Value] = {"DEPTH": 2, "HEAD_DIM": 16, "BATCH": 512}


def test_the_knobs_are_those_at_the_top() -> None:
    top = TRAIN[TRAIN.index("# The knobs") : TRAIN.index("\n\n", TRAIN.index("# The knobs"))]
    assert list(KNOBS) == re.findall(r"^([A-Z0-9_]+) = ", top, re.MULTILINE)
    assert 12 <= len(KNOBS) <= 16


@pytest.mark.parametrize("knob", KNOBS.values(), ids=lambda knob: knob.name)
def test_every_knob_says_where_it_may_go_and_starts_inside(knob: Knob) -> None:
    if knob.range is None:
        assert knob.value in knob.choices
    else:
        assert knob.why == "the comment says so"
        assert isinstance(knob.value, int | float)
        assert knob.range.low <= knob.value <= knob.range.high


@pytest.fixture
def prepared(tmp_path: Path, gpt: Modules) -> Path:
    """A copy as it ships, with small data of its own."""
    lab, source = copied(tmp_path), tmp_path / "source"
    source.mkdir()
    gpt.prepare.make_python(lab / "data", library(source))
    return lab


def test_program_md_loads_with_its_hidden_sets_and_its_scorer(prepared: Path) -> None:
    program = program_of(prepared)
    assert (program.metric, program.box.seconds, program.box.cpu) == ("val_bpb", 8.0, True)
    assert program.edit == ("train.py",)
    assert program.score
    assert program.answer
    assert program.artefact == ("model.npz",)


def started(lab: Path, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OVERNIGHT_CLOCK": "cpu", **told}
    command = [sys.executable, "train.py", *words]
    return subprocess.run(command, cwd=lab, env=env, text=True, capture_output=True, timeout=500)


def test_without_torch_it_says_what_to_install(tmp_path: Path) -> None:
    lab = copied(tmp_path)
    (lab / "torch.py").write_text("raise ModuleNotFoundError('No module named torch')")
    done = started(lab)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "this lab needs PyTorch: pip install 'overnight[gpt]'\n"


@pytest.fixture
def stock(prepared: Path) -> Path:
    pytest.importorskip("torch")
    return prepared


@pytest.fixture
def lab(stock: Path) -> Path:
    """A small model in a box that counts steps: what it does is the same on every machine, however busy."""
    with (stock / "prepare.py").open("a") as prepare:
        prepare.write(COUNTED)
    (stock / "train.py").write_text(with_knobs(TRAIN, SMALL))
    return stock


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, float]:
    assert done.returncode == 0, done.stderr
    block = done.stdout[done.stdout.index("---\n") :]
    return {key: float(value) for key, value in re.findall(r"^(\w+): +(\S+)$", block, re.MULTILINE)}


@pytest.mark.slow
def test_a_box_of_a_second_makes_a_model_and_a_summary(stock: Path) -> None:
    done = started(stock, OVERNIGHT_TIME_BOX="1")
    numbers = summary(done)
    assert list(numbers)[:4] == ["val_bpb", "training_seconds", "total_seconds", "peak_memory_mb"]
    assert 0.5 < numbers["val_bpb"] < 8.0
    assert numbers["training_seconds"] >= 1.0
    front = yaml.safe_load((LAB / "program.md").read_text().split("---\n")[1])
    assert [float(found["value"]) for found in re.finditer(front["curve"], done.stdout)]


@pytest.mark.slow
def test_what_torch_leaves_out_at_its_start_is_there_for_who_needs_it(stock: Path) -> None:
    (stock / "train.py").write_text("""
import sys
import prepare, torch
left_out = sys.modules["torch._meta_registrations"]
weight = torch.ones(2, requires_grad=True)
adam = torch.optim.AdamW([weight], lr=0.5)
weight.sum().backward()
adam.step()
print([round(w, 3) for w in weight.tolist()], sys.modules["torch._meta_registrations"] is left_out)
""")
    done = started(stock)
    assert (done.stdout, done.stderr) == ("[0.495, 0.495] False\n", "")


@pytest.mark.slow
def test_the_same_seed_repeats_and_another_does_not(lab: Path) -> None:
    first, again, other = (summary(started(lab, OVERNIGHT_SEED=seed)) for seed in ("1", "1", "2"))
    assert first["num_steps"] == STEPS
    assert first["val_bpb"] == pytest.approx(again["val_bpb"], abs=1e-4)
    assert abs(first["val_bpb"] - other["val_bpb"]) > 1e-4


EXTREMES: list[dict[str, Value]] = [
    {"DEPTH": 3, "ASPECT": 8, "HEAD_DIM": 64},  # narrower than a head
    {"BATCH": 256, "SEQUENCE": 512},  # a row is more than the batch
    {"WARMUP": 0.0, "WARMDOWN": 0.0, "SEQUENCE": 32},
    {"WARMUP": 0.3, "WARMDOWN": 1.0, "MLP_RATIO": 1},
]


@pytest.mark.slow
@pytest.mark.parametrize("turned", EXTREMES, ids=lambda turned: ",".join(turned))
def test_knobs_that_do_not_fit_each_other_are_made_to(lab: Path, turned: dict[str, Value]) -> None:
    (lab / "train.py").write_text(with_knobs(TRAIN, SMALL | turned))
    assert summary(started(lab))["val_bpb"] < 8.1


def in_a_night(lab: Path, seed: int) -> Trial:
    def checkout(_: str, into: Path) -> None:
        shutil.copytree(lab, into, ignore=shutil.ignore_patterns("data", "model.npz", "__pycache__"))

    folders = (lab.parent / "scratch", lab.parent / "runs")
    place = Place(lab, *folders, "n-t", checkout, {"PATH": os.environ["PATH"]}, "")
    run = Run("1-screen-0", 1, "c", Purpose.SCREEN, Split.VISIBLE, seed, box_seconds=8, kill_after_seconds=500)
    with closing(Warden()) as warden:
        return execute(run, 1, Slot("slot-1"), Unseen(), program_of(lab), place, warden)


@pytest.mark.slow
def test_the_model_looks_at_nothing_that_follows_and_is_scored_as_by_hand(lab: Path) -> None:
    by_hand = summary(started(lab, OVERNIGHT_SEED="7"))["val_bpb"]
    trial = in_a_night(lab, seed=7)
    assert (trial.status, trial.sealed) == (Status.OK, True), trial.why
    assert trial.scores["val_bpb"].value == pytest.approx(by_hand, abs=1e-4)
    assert trial.hidden["val_bpb"].value != trial.scores["val_bpb"].value

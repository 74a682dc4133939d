"""The n-gram lab: it runs as it stands, by hand and in a night, and nothing that a run can reach is scored."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml

from overnight.compute.here import Unseen
from overnight.measure.execute import Place, execute
from overnight.measure.process import Warden
from overnight.model import Purpose, Run, Slot, Split, Status, Trial
from tests.labs.conftest import program_of

LAB = Path(__file__).parents[2] / "labs" / "ngram"
UNTRACKED = shutil.ignore_patterns("__pycache__", "model.npz")


def start(folder: Path, seed: int = 1) -> subprocess.Popen[str]:
    env = {
        **os.environ,
        "OVERNIGHT_SEED": str(seed),
        "OVERNIGHT_TIME_BOX": "0.4",
        "OVERNIGHT_CLOCK": "cpu",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "train.py"]
    return subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What two short runs by hand print: with one seed and with another."""
    folders = {seed: tmp_path_factory.mktemp(f"seed{seed}") / "lab" for seed in (1, 2)}
    for folder in folders.values():
        shutil.copytree(LAB, folder, ignore=UNTRACKED)
    started = {f"seed {seed}": start(folder, seed) for seed, folder in folders.items()}
    return {name: process.communicate(timeout=60)[0] for name, process in started.items()}


@pytest.fixture(scope="module")
def prepare() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("ngram_prepare", LAB / "prepare.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    before = dict(os.environ)
    spec.loader.exec_module(module)
    yield module
    os.environ.clear()
    os.environ.update(before)


def summary(output: str) -> dict[str, float]:
    block = output[output.index("---\n") :]
    return {key: float(value) for key, value in re.findall(r"^(\w+): +(\S+)$", block, re.MULTILINE)}


@pytest.mark.slow
def test_a_run_ends_with_the_summary_block(printed: dict[str, str]) -> None:
    numbers = summary(printed["seed 1"])
    assert list(numbers)[:4] == ["val_bpb", "training_seconds", "total_seconds", "peak_memory_mb"]


def test_even_a_short_run_learns_far_more_than_chance(printed: dict[str, str]) -> None:
    assert 1.0 < summary(printed["seed 1"])["val_bpb"] < 5.0


def test_the_curve_of_program_md_reads_the_progress_lines(printed: dict[str, str]) -> None:
    front = yaml.safe_load((LAB / "program.md").read_text(encoding="utf-8").split("---\n")[1])
    values = [float(found["value"]) for found in re.finditer(front["curve"], printed["seed 1"])]
    assert values
    assert all(0 < value <= 8 for value in values)  # 8 bits: the first step guesses blindly


def test_another_seed_gives_another_number(printed: dict[str, str]) -> None:
    assert summary(printed["seed 1"])["val_bpb"] != summary(printed["seed 2"])["val_bpb"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to RLIMIT_DATA")
def test_a_table_beyond_the_memory_limit_fails_at_once(tmp_path: Path) -> None:
    lab = shutil.copytree(LAB, tmp_path / "lab", ignore=UNTRACKED)
    text = (lab / "train.py").read_text(encoding="utf-8")
    (lab / "train.py").write_text(text.replace("TABLE_BITS = 17", "TABLE_BITS = 26"), encoding="utf-8")
    process = start(lab)
    assert "MemoryError" in process.communicate(timeout=60)[0]
    assert process.returncode == 1


def test_a_copy_of_a_file_is_read_once(prepare: ModuleType, tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(b"x = 1\n" * 100)
    assert prepare.read(tmp_path) == [b"x = 1\n" * 100]


def test_a_python_without_its_source_is_named(prepare: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path))):
        prepare.read(tmp_path)


def test_no_text_is_scored_on_two_splits_or_can_be_learned(prepare: ModuleType) -> None:
    texts = {split: set(prepare.scored_text(split).read_bytes().split(b"\n\n\n")) for split in Split}
    learned = b"\n".join(prepare.read(prepare.LIBRARY))
    for split, parts in texts.items():
        long = {part for part in parts if len(part) > 300}
        assert not any(long & texts[other] for other in Split if other is not split)
        assert not [part for part in long if part in learned]


def test_every_split_has_as_many_windows_as_are_scored(prepare: ModuleType) -> None:
    for split in Split:
        contexts, following = prepare.windows(prepare.scored_text(split).read_bytes())
        assert (contexts.shape, following.shape) == ((prepare.WINDOWS, prepare.CONTEXT), (prepare.WINDOWS,))


def test_no_context_holds_an_answer(prepare: ModuleType) -> None:
    answer = b"?"
    contexts, following = prepare.windows((b"." * prepare.CONTEXT + answer) * 20)
    assert answer[0] not in contexts
    assert bytes(following) == answer * 20


def uniform(contexts: np.ndarray) -> np.ndarray:
    return np.full((len(contexts), 256), 1 / 256)


def test_a_uniform_guess_costs_eight_bits(prepare: ModuleType) -> None:
    contexts, following = np.zeros((600, prepare.CONTEXT), np.uint8), np.arange(600) % 256
    assert prepare.bits_per_byte(uniform, contexts, following) == 8.0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (np.full((3, 255), 1 / 255), "shape"),
        (np.full((2, 256), 1 / 256), "shape"),
        (np.full((3, 256), 1 / 200), "sum to 1"),
        (np.full((3, 256), np.nan), "not a positive number"),
        (np.full((3, 256), np.inf), "not a positive number"),
        (np.eye(3, 256), "not a positive number"),
    ],
)
def test_what_is_not_a_distribution_is_refused(prepare: ModuleType, answer: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        prepare.checked(answer, 3)


def test_rounding_in_the_sum_is_taken_out(prepare: ModuleType) -> None:
    assert prepare.checked(np.full((1, 256), 1.0005 / 256), 1).sum() == pytest.approx(1.0, abs=1e-12)


# In a night.


def measured(lab: Path, train: str, warden: Warden, split: Split = Split.VISIBLE) -> Trial:
    (lab / "train.py").write_text(train)
    run = Run("1-screen-0", 1, "c", Purpose.SCREEN, split, 7, box_seconds=0.3, kill_after_seconds=20)

    def checkout(_: str, into: Path) -> None:
        shutil.copytree(lab, into)

    folders = (lab.parent / "scratch", lab.parent / "runs")
    place = Place(lab, *folders, "n-t", checkout, {"PATH": os.environ["PATH"]}, "")
    return execute(run, 1, Slot("slot-1"), Unseen(), program_of(lab), place, warden)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return shutil.copytree(LAB, tmp_path / "lab", ignore=UNTRACKED)


TRAIN = (LAB / "train.py").read_text()


@pytest.mark.slow
def test_a_night_scores_both_splits_apart_from_the_run(lab: Path, warden: Warden) -> None:
    trial = measured(lab, TRAIN, warden)
    assert (trial.status, trial.sealed) == (Status.OK, True), trial
    for scores in (trial.scores, trial.hidden):
        assert 1.0 < scores["val_bpb"].value < 5.0
        assert (scores["val_bpb"].n, len(scores["val_bpb"].folds)) == (4096, 32)
    assert trial.scores["val_bpb"].value != trial.hidden["val_bpb"].value
    assert "val_bpb" not in trial.tail


@pytest.mark.slow
def test_a_model_that_claims_more_than_all_gains_nothing(lab: Path, warden: Warden) -> None:
    boast = "chances = np.ones((len(contexts), 1), np.float32)"
    honest = measured(lab, TRAIN, warden, Split.SEALED).scores["val_bpb"].value
    trial = measured(lab, TRAIN.replace(boast, boast + " * 1000"), warden, Split.SEALED)
    assert abs(trial.scores["val_bpb"].value - honest) < 0.5
    assert trial.hidden == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("contexts[:, :255]", "asked for float32 (256, 256) and answered float32 (256, 64)"),
        (
            "np.full((len(contexts), 256), np.nan)",
            "the candidate answered with NaN, infinity, or no chance for anything",
        ),
    ],
)
def test_what_is_not_a_distribution_is_not_scored(lab: Path, warden: Warden, answer: str, why: str) -> None:
    train = TRAIN.replace("prepare.answer(predict)", f"prepare.answer(lambda contexts: {answer} + 1)")
    trial = measured(lab, train, warden)
    assert (trial.status, why in trial.why) == (Status.UNSCORED, True), trial.why


@pytest.mark.slow
def test_a_pickle_in_place_of_the_model_is_not_loaded(lab: Path, warden: Warden) -> None:
    leave = "np.savez('model.npz', counts=np.array([print], object), weights=weights)"
    train = TRAIN + f"    {leave}\n"
    trial = measured(lab, train, warden)
    assert (trial.status, "allow_pickle" in trial.why) == (Status.UNSCORED, True), trial.why

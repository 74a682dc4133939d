"""The n-gram lab: it runs as it stands, its splits are apart, and its evaluation takes distributions only."""

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

LAB = Path(__file__).parents[2] / "labs" / "ngram"


def start(folder: Path, seed: int = 1, split: str = "visible") -> subprocess.Popen[str]:
    env = {
        **os.environ,
        "OVERNIGHT_SEED": str(seed),
        "OVERNIGHT_SPLIT": split,
        "OVERNIGHT_TIME_BOX": "0.4",
        "OVERNIGHT_CLOCK": "cpu",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "train.py"]
    return subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    """What three short runs print: as it is, on the hidden split, with another seed."""
    started = {"plain": start(LAB), "hidden": start(LAB, split="hidden"), "seed 2": start(LAB, seed=2)}
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


def test_a_run_ends_with_the_summary_block(printed: dict[str, str]) -> None:
    numbers = summary(printed["plain"])
    assert list(numbers)[:4] == ["val_bpb", "training_seconds", "total_seconds", "peak_memory_mb"]


def test_even_a_short_run_learns_far_more_than_chance(printed: dict[str, str]) -> None:
    assert 1.0 < summary(printed["plain"])["val_bpb"] < 5.0


def test_the_curve_of_program_md_reads_the_progress_lines(printed: dict[str, str]) -> None:
    front = yaml.safe_load((LAB / "program.md").read_text(encoding="utf-8").split("---\n")[1])
    values = [float(found["value"]) for found in re.finditer(front["curve"], printed["plain"])]
    assert values
    assert all(0 < value <= 8 for value in values)  # 8 bits: the first step guesses blindly


@pytest.mark.parametrize("other", ["hidden", "seed 2"])
def test_split_and_seed_change_the_number(printed: dict[str, str], other: str) -> None:
    assert summary(printed["plain"])["val_bpb"] != summary(printed[other])["val_bpb"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to RLIMIT_DATA")
def test_a_table_beyond_the_memory_limit_fails_at_once(tmp_path: Path) -> None:
    lab = shutil.copytree(LAB, tmp_path / "lab")
    text = (lab / "train.py").read_text(encoding="utf-8")
    (lab / "train.py").write_text(text.replace("TABLE_BITS = 17", "TABLE_BITS = 26"), encoding="utf-8")
    process = start(lab)
    assert "MemoryError" in process.communicate(timeout=60)[0]
    assert process.returncode == 1


def test_every_file_is_in_one_split_wherever_it_lies(prepare: ModuleType, tmp_path: Path) -> None:
    texts = [f"# file {number}\n".encode() * 30 for number in range(200)]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.py").write_bytes(text)
    found = [text for split in prepare.SHARES for text in prepare.read(split, tmp_path)]
    assert sorted(found) == sorted(texts)


def test_a_copy_of_a_file_is_not_in_two_splits(prepare: ModuleType, tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(b"x = 1\n" * 100)
    digest = prepare.hashlib.sha256(b"x = 1\n" * 100).digest()
    assert prepare.read(prepare.split_of(digest), tmp_path) == [b"x = 1\n" * 100]


def test_a_python_without_its_source_is_named(prepare: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path))):
        prepare.read("train", tmp_path)


def test_no_context_holds_an_answer(prepare: ModuleType) -> None:
    answer = b"?"
    contexts, following = prepare.windows([(b"." * prepare.CONTEXT + answer) * 20])
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

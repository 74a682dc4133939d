"""What the gpt lab's prepare.py makes: no text in two splits, the same each time, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.labs.conftest import LAB, Modules, copied, library

SCORED = ("visible", "hidden", "sealed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("python"))


@pytest.fixture(scope="module")
def data(folder: Path, gpt: Modules, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("made") / "data"
    gpt.prepare.make_python(data, folder)
    return data


def learned(data: Path) -> bytes:
    return (data / "train.bin").read_bytes()


def rows(data: Path, split: str) -> np.ndarray:
    with np.load(data / f"{split}.npz") as held:
        tokens: np.ndarray = held["tokens"]
    return tokens


def files(data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in data.iterdir()}


def splits_of(data: Path, folder: Path) -> dict[str, set[str]]:
    """In which of the four a file is found, by a line that only it has."""
    parts = {split: b"\n".join(row.tobytes() for row in rows(data, split)) for split in SCORED}
    parts["train"] = learned(data)
    names = [path.stem for path in folder.iterdir()]
    return {name: {split for split, part in parts.items() if f"of_{name}_".encode() in part} for name in names}


def test_no_file_is_in_two_splits(data: Path, folder: Path) -> None:
    found = splits_of(data, folder)
    assert max(map(len, found.values())) == 1
    assert {split for splits in found.values() for split in splits} == {"train", *SCORED}


def test_what_is_learned_is_whole_files_in_the_order_of_their_hashes(data: Path) -> None:
    first, *texts = learned(data).split(b"\0")
    digests = [hashlib.sha256(text).digest() for text in texts]
    assert (first, digests) == (b"", sorted(digests))


def test_each_split_has_as_many_rows_as_are_scored(data: Path, gpt: Modules) -> None:
    for split in SCORED:
        assert rows(data, split).shape == (gpt.prepare.ROWS, gpt.prepare.LENGTH + 1)


def test_no_byte_is_scored_twice(data: Path) -> None:
    scored = [row[1:].tobytes() for split in SCORED for row in rows(data, split)]
    assert len(set(scored)) == len(scored)


def test_rows_come_from_all_files_of_their_split(data: Path, folder: Path, gpt: Modules) -> None:
    for name, splits in splits_of(data, folder).items():
        assert splits == {gpt.prepare.split_of(hashlib.sha256((folder / f"{name}.py").read_bytes()).digest())}


def test_what_was_copied_into_a_learned_file_is_not_scored(folder: Path, tmp_path: Path, gpt: Modules) -> None:
    sources = shutil.copytree(folder, tmp_path / "copied")

    def split(text: bytes) -> object:
        return gpt.prepare.split_of(hashlib.sha256(text).digest())

    original = next(path for path in sorted(sources.iterdir()) if split(path.read_bytes()) == "hidden")
    endings = (original.read_bytes() + b"# %d\n" % number for number in range(99))
    (sources / "copy.py").write_bytes(next(text for text in endings if split(text) == "train"))
    gpt.prepare.make_python(tmp_path / "data", sources)
    assert splits_of(tmp_path / "data", sources)[original.stem] == {"train"}


def test_data_are_the_same_each_time(data: Path, folder: Path, tmp_path: Path, gpt: Modules) -> None:
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    shutil.copy(moved / "m0.py", moved / "copy.py")
    gpt.prepare.make_python(tmp_path / "data", moved)
    assert files(tmp_path / "data") == files(data)


def test_a_second_call_changes_nothing(data: Path, folder: Path, gpt: Modules) -> None:
    before = {path.name: path.stat().st_ino for path in data.iterdir()}
    gpt.prepare.make_python(data, folder)
    assert {path.name: path.stat().st_ino for path in data.iterdir()} == before


def test_another_source_replaces_the_data(data: Path, folder: Path, tmp_path: Path, gpt: Modules) -> None:
    made, other = shutil.copytree(data, tmp_path / "data"), shutil.copytree(folder, tmp_path / "other")
    (other / "more.py").write_text("more = 1\n" * 100)
    gpt.prepare.make_python(made, other)
    assert gpt.corpus.meta(made)["source"] != gpt.corpus.meta(data)["source"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "other"]


def test_data_of_which_a_part_is_missing_are_made_again(data: Path, folder: Path, tmp_path: Path, gpt: Modules) -> None:
    made = shutil.copytree(data, tmp_path / "data")
    (made / "hidden.npz").unlink()
    gpt.prepare.make_python(made, folder)
    assert files(made) == files(data)


KILLED = """
import os, signal, sys
from pathlib import Path
import corpus, numpy as np
def train():
    yield np.zeros(9, np.uint8)
    os.kill(os.getpid(), signal.SIGKILL)
rows = dict.fromkeys(corpus.SPLITS, np.zeros((2, 9), np.uint8))
corpus.make(Path(sys.argv[1]), {}, lambda: corpus.Corpus(train(), rows, np.ones(256, np.uint16), 0))
"""


@pytest.mark.parametrize("there_before", [True, False])
def test_one_that_is_killed_leaves_what_was_there(
    there_before: bool, data: Path, folder: Path, tmp_path: Path, gpt: Modules
) -> None:
    made = tmp_path / "data"
    if there_before:
        shutil.copytree(data, made)
    ended = subprocess.run([sys.executable, "-c", KILLED, made], env={**os.environ, "PYTHONPATH": str(LAB)})
    assert ended.returncode == -signal.SIGKILL
    assert (files(made) if made.exists() else None) == (files(data) if there_before else None)
    gpt.prepare.make_python(made, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_meta_says_what_each_byte_stands_for(data: Path, gpt: Modules) -> None:
    about = gpt.corpus.meta(data)
    assert (about["token_bytes"], about["dtype"], about["separator"]) == ([0] + 255 * [1], "uint8", 0)


def test_meta_has_the_hash_of_every_other_file(data: Path, gpt: Modules) -> None:
    held = {name: hashlib.sha256(text).hexdigest() for name, text in files(data).items() if name != "meta.json"}
    assert gpt.corpus.meta(data)["sha256"] == held


@pytest.mark.parametrize("number", [0, 20])
def test_too_little_source_is_said_with_its_place(number: int, folder: Path, tmp_path: Path, gpt: Modules) -> None:
    little = tmp_path / "little"
    little.mkdir()
    for path in sorted(folder.iterdir())[:number]:
        shutil.copy(path, little)
    with pytest.raises(SystemExit, match=f"too little Python source in {little}"):
        gpt.prepare.make_python(tmp_path / "data", little)
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_by_default_it_is_the_source_of_this_python(tmp_path: Path) -> None:
    lab = copied(tmp_path)
    said = subprocess.run([sys.executable, "prepare.py"], cwd=lab, check=True, text=True, capture_output=True).stdout
    assert f"of Python {sys.version.split()[0]}\n" in said
    assert len(learned(lab / "data")) > 1_000_000
    assert json.loads((lab / "data" / "meta.json").read_text())["separator"] == 0


def test_a_run_without_data_says_how_they_are_made(tmp_path: Path) -> None:
    lab = copied(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", "import prepare; prepare.VOCAB"], cwd=lab, text=True, capture_output=True
    )
    assert ended.returncode == 1
    assert ended.stderr == f"{lab / 'data'} is not there: `python prepare.py` makes it\n"

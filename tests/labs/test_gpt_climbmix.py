"""The data that autoresearch uses, from a small copy of their format: split by document, bytes counted right."""

from __future__ import annotations

import functools
import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.labs.conftest import copied, modules

SCORED = ("visible", "hidden", "sealed")
WORDS = ("the", "night", "model", "learns", "über", "naïve", "你好", "世界", "модель", "🙂", "3141", "don't", "\n")
WITHOUT = """
import runpy, sys
sys.modules["tiktoken"] = None  # as where it is not installed
sys.argv = ["prepare.py", "--data", "climbmix"]
runpy.run_path("prepare.py", run_name="__main__")
"""


def test_what_is_not_installed_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", WITHOUT], cwd=copied(tmp_path), text=True, capture_output=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "--data climbmix needs what Overnight does not: pip install pyarrow rustbpe tiktoken"
    )


def prepared(lab: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "prepare.py", "--data", "climbmix", *map(str, options)]
    return subprocess.run(command, cwd=lab, text=True, capture_output=True)


@pytest.fixture(scope="module")
def packages() -> SimpleNamespace:
    names = {"arrow": "pyarrow", "parquet": "pyarrow.parquet", "rustbpe": "rustbpe", "tiktoken": "tiktoken.load"}
    why = "needs pip install pyarrow rustbpe tiktoken"
    return SimpleNamespace(**{name: pytest.importorskip(module, reason=why) for name, module in names.items()})


@pytest.fixture(scope="module")
def shards(packages: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two to learn from and the last one. A document of the last is also in the first, and one is in the last twice."""
    folder, draw = tmp_path_factory.mktemp("shards"), random.Random(1)
    texts = {number: [document(draw) for _ in range(count)] for number, count in ((0, 90), (1, 90), (6542, 160))}
    texts[0] += texts[6542][:40]
    texts[6542] += texts[6542][:1]
    for number, documents in texts.items():
        table = packages.arrow.table({"text": documents})
        packages.parquet.write_table(table, folder / f"shard_{number:05d}.parquet", row_group_size=32)
    return folder


def document(draw: random.Random) -> str:
    name = f"<|reserved_0|> no {draw.randrange(10**9)}:"  # what looks like a special token is text
    return " ".join([name, *draw.choices(WORDS, k=draw.randrange(200, 1200))])


@pytest.fixture(scope="module")
def lab(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lab = copied(tmp_path_factory.mktemp("climbmix"))
    ended = prepared(lab, "--from", shards, "--shards", "2")
    assert ended.returncode == 0, ended.stderr
    return lab


@pytest.fixture(scope="module")
def encoding(lab: Path) -> Any:
    """The tokenizer that was kept, as anybody would load it."""
    tiktoken = pytest.importorskip("tiktoken")
    ranks = pytest.importorskip("tiktoken.load").load_tiktoken_bpe(str(lab / "data" / "tokenizer.tiktoken"))
    return tiktoken.Encoding("kept", pat_str=".", mergeable_ranks=ranks, special_tokens={})


def documents(shards: Path, *numbers: int) -> list[str]:
    parquet = pytest.importorskip("pyarrow.parquet")
    tables = [parquet.read_table(shards / f"shard_{number:05d}.parquet") for number in numbers]
    return [text for table in tables for text in table.column("text").to_pylist()]


def meta(lab: Path) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((lab / "data" / "meta.json").read_text())
    return held


def learned(lab: Path) -> np.ndarray:
    return np.fromfile(lab / "data" / "train.bin", np.uint16)


def scored(lab: Path, split: str) -> np.ndarray:
    with np.load(lab / "data" / f"{split}.npz") as data:
        tokens: np.ndarray = data["tokens"]
    return tokens.ravel()


def texts(tokens: np.ndarray, lab: Path, encoding: Any) -> list[str]:
    """The documents between separators; the last one may be cut anywhere, and is left out."""
    starts = np.flatnonzero(tokens == meta(lab)["separator"])
    parts = [tokens[start + 1 : end].tolist() for start, end in pairwise([*starts, len(tokens)])]
    return [b"".join(map(encoding.decode_single_token_bytes, part)).decode() for part in parts[:-1]]


@pytest.mark.slow
def test_documents_that_are_scored_are_not_learned(shards: Path, lab: Path, encoding: Any) -> None:
    hidden = set(documents(shards, 6542))
    assert texts(learned(lab), lab, encoding) == [text for text in documents(shards, 0, 1) if text not in hidden][:-1]


@pytest.mark.slow
def test_no_document_is_in_two_splits_or_twice_in_one(shards: Path, lab: Path, encoding: Any) -> None:
    found = [text for split in SCORED for text in texts(scored(lab, split), lab, encoding)]
    assert len(set(found)) == len(found) > 100
    assert set(found) <= set(documents(shards, 6542))


@pytest.mark.slow
def test_the_bytes_of_the_tokens_are_those_of_the_text(shards: Path, lab: Path, encoding: Any) -> None:
    token_bytes = np.array(meta(lab)["token_bytes"])
    hidden = set(documents(shards, 6542))
    expected = sum(len(text.encode()) for text in documents(shards, 0, 1) if text not in hidden)
    assert token_bytes[learned(lab)].sum() == expected


@pytest.mark.slow
def test_a_token_that_is_a_part_of_a_character_counts_its_bytes(lab: Path, encoding: Any) -> None:
    token_bytes = meta(lab)["token_bytes"]
    parts = [token for token in range(encoding.n_vocab) if "\ufffd" in encoding.decode([token])]
    assert len(parts) > 128  # at the least, what is no character alone
    assert all(token_bytes[token] == len(encoding.decode_single_token_bytes(token)) for token in parts)


@pytest.mark.slow
def test_so_it_does_in_a_tokenizer_made_by_hand(packages: SimpleNamespace) -> None:
    tokens = [*(bytes([byte]) for byte in range(256)), "你".encode()[:2]]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    encoding = pytest.importorskip("tiktoken").Encoding(
        "by hand", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={"<|reserved_0|>": 257}
    )
    text = "a你 你a"
    token_bytes = modules("climbmix").climbmix.token_bytes(encoding)
    assert (token_bytes[256], token_bytes[257]) == (2, 0)
    assert token_bytes[encoding.encode_ordinary(text)].sum() == len(text.encode()) < 3 * 5


@pytest.mark.slow
def test_special_tokens_stand_for_no_bytes(lab: Path, encoding: Any) -> None:
    held = meta(lab)
    assert (held["separator"], held["token_bytes"][encoding.n_vocab :]) == (encoding.n_vocab, [0, 0, 0, 0])


@pytest.mark.slow
def test_rows_are_those_that_a_model_of_autoresearch_sees(lab: Path) -> None:
    for split in SCORED:
        with np.load(lab / "data" / f"{split}.npz") as data:
            assert data["tokens"].shape[1] == 2048 + 1


@pytest.mark.slow
def test_a_second_call_changes_nothing(lab: Path, shards: Path) -> None:
    before = (lab / "data").stat()
    ended = prepared(lab, "--from", shards, "--shards", "2")
    assert (ended.returncode, (lab / "data").stat()) == (0, before)


@pytest.fixture
def served(shards: Path) -> Iterator[str]:
    """The shards at an address, as they lie at the original one. The first answer breaks off in the middle."""
    broken: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def copyfile(self, source: Any, outputfile: Any) -> None:
            content = source.read()
            outputfile.write(content if broken else content[: len(content) // 2])
            broken.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(shards))) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_shards_are_fetched_whole_and_once_and_make_the_same_data(served: str, lab: Path, tmp_path: Path) -> None:
    other = copied(tmp_path)
    ended = prepared(other, "--from", served, "--shards", "2")
    assert ended.returncode == 0, ended.stderr
    assert (learned(other) == learned(lab)).all()
    assert sorted(path.name for path in (other / "shards").iterdir()) == [
        f"shard_{number:05d}.parquet" for number in (0, 1, 6542)
    ]
    assert "fetched shard" not in prepared(other, "--from", served, "--shards", "1").stdout


@pytest.mark.slow
def test_a_shard_that_is_not_there_is_named(served: str, shards: Path, tmp_path: Path) -> None:
    for origin in (served, str(shards)):
        ended = prepared(copied(tmp_path / origin.strip("/").replace("/", "-")), "--from", origin, "--shards", "3")
        assert ended.returncode == 1
        assert f"{origin}/shard_00002.parquet" in ended.stderr
        assert ended.stderr.count("\n") == 1


@pytest.mark.slow
def test_another_format_is_named(packages: SimpleNamespace, tmp_path: Path) -> None:
    for number in (0, 6542):
        table = packages.arrow.table({"content": ["a"]})
        packages.parquet.write_table(table, tmp_path / f"shard_{number:05d}.parquet")
    ended = prepared(copied(tmp_path), "--from", tmp_path, "--shards", "1")
    assert ended.stderr == f"{tmp_path}/shard_06542.parquet has no column 'text', but content\n"

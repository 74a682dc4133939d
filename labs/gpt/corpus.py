"""What `data/` holds, and how it gets there: whole or not at all, and not again while its source is the same."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SPLITS = ("visible", "hidden", "sealed")  # what is scored; what is learned is in none of them


@dataclass(frozen=True, slots=True)
class Corpus:
    train: Iterable[np.ndarray]  # tokens to learn from, part by part
    rows: Mapping[str, np.ndarray]  # of each split: rows of tokens, of which the first is given
    token_bytes: np.ndarray  # how many bytes each token of the vocabulary stands for
    separator: int  # the token before each text; it stands for none
    files: Mapping[str, bytes] = field(default_factory=dict)  # what else is kept


def meta(data: Path) -> dict[str, Any]:
    return json.loads((data / "meta.json").read_text(encoding="utf-8"))


def make(data: Path, source: Mapping[str, Any], read: Callable[[], Corpus]) -> str:
    """Makes it, unless it is there from the same source, beside its place, and puts it there. Says what there is."""
    new, old = data.with_name(f"{data.name}.new"), data.with_name(f"{data.name}.old")
    for left in (new, old):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    if not _made(data, source):
        corpus = read()
        new.mkdir()
        _write(new, source, corpus)
        if data.exists():
            data.rename(old)
        new.rename(data)
        shutil.rmtree(old, ignore_errors=True)
    return _described(data)


def _made(data: Path, source: Mapping[str, Any]) -> bool:
    names = ("meta.json", "train.bin", *(f"{split}.npz" for split in SPLITS))
    return all((data / name).exists() for name in names) and meta(data)["source"] == source


def _write(folder: Path, source: Mapping[str, Any], corpus: Corpus) -> None:
    dtype = corpus.rows[SPLITS[0]].dtype
    with (folder / "train.bin").open("wb") as file:
        for part in corpus.train:
            file.write(part.astype(dtype, copy=False).tobytes())
    for split in SPLITS:
        np.savez(folder / f"{split}.npz", tokens=corpus.rows[split], token_bytes=corpus.token_bytes)
    for name, content in corpus.files.items():
        (folder / name).write_bytes(content)
    about = {
        "source": source,
        "dtype": str(dtype),
        "separator": corpus.separator,
        "sha256": {path.name: _sha256(path) for path in sorted(folder.iterdir())},
        "token_bytes": corpus.token_bytes.tolist(),
    }
    (folder / "meta.json").write_text(json.dumps(about) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _described(data: Path) -> str:
    about = meta(data)
    scored = {split: np.load(data / f"{split}.npz")["tokens"].shape for split in SPLITS}
    rows = ", ".join(f"{split} {count} x {length - 1}" for split, (count, length) in scored.items())
    size = (data / "train.bin").stat().st_size // np.dtype(about["dtype"]).itemsize
    return (
        f"{data}: {about['source']['text']}\n"
        f"  {size:,} tokens to learn from, of {len(about['token_bytes'])}\n"
        f"  scored, in rows: {rows}"
    )

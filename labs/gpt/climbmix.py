"""What karpathy/autoresearch trains on, for people with a network and a GPU: `prepare.py --data climbmix`.

Shards of English web text (ClimbMix, shuffled; parquet, one document in each row of the column `text`) are fetched once
into `shards/`. The last shard of the set is not learned from: its documents are what is scored. A byte-pair tokenizer
is trained on the others by the same library, with the same pattern, size and special tokens as there.

Three things differ from it, so numbers are not comparable with its. A token's bytes are counted from its byte string; a
count from the decoded text takes half a character for three bytes. Documents are set end to end, not packed into rows
by size. And 64 rows of 2048 tokens are scored for each split, because a split is scored in every run, on the CPU.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import corpus
import numpy as np
from corpus import SPLITS, Corpus

try:
    import pyarrow.parquet
    import rustbpe
    import tiktoken
except ImportError as missing:
    sys.exit(f"--data climbmix needs what Overnight does not: pip install pyarrow rustbpe tiktoken ({missing})")

ORIGIN = "https://huggingface.co/datasets/karpathy/climbmix-400b-shuffle/resolve/main"
LAST = 6542  # the number of the last shard, which is scored
COLUMN = "text"
VOCABULARY = 8192  # with the special tokens
SPECIAL = tuple(f"<|reserved_{number}|>" for number in range(4))  # the first stands before each document
PATTERN = (  # where a text is cut before bytes are paired: as GPT-4's, with numbers by two digits
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
LEARNED_CHARACTERS, OF_ONE_DOCUMENT = 1_000_000_000, 10_000  # what the tokenizer is trained on
ROWS, LENGTH = 64, 2048  # of each split, at most
FEWEST_ROWS = 4
LONGEST_MEAN = 6  # bytes of a token; in English with this vocabulary it is 4 to 5
NOTHING = np.zeros(0, np.uint16)
WAITS = (1, 2, 4, 8)  # seconds before a shard is tried again


def make(data: Path, shards: int, origin: str) -> str:
    if not 1 <= shards <= LAST:
        sys.exit(f"--shards {shards}: from 1 to {LAST}")
    source = {"text": f"{shards} shards of {origin}", "shards": shards, "rules": [VOCABULARY, ROWS, LENGTH]}
    return corpus.make(data, source, lambda: _corpus(fetched(origin, shards, data.with_name("shards"))))


def fetched(origin: str, shards: int, into: Path) -> list[Path]:
    """The shards to learn from, and last the one that is scored. Those of a folder stay where they are."""
    names = [f"shard_{number:05d}.parquet" for number in (*range(shards), LAST)]
    if "://" not in origin:
        paths = [Path(origin).expanduser() / name for name in names]
        if absent := [path for path in paths if not path.exists()]:
            sys.exit(f"{absent[0]} is not there; --shards {shards} needs {names[0]} to {names[-2]}, and {names[-1]}")
        return paths
    into.mkdir(exist_ok=True)
    for name in names:
        _fetch(f"{origin.rstrip('/')}/{name}", into / name)
    return [into / name for name in names]


def _corpus(paths: Sequence[Path]) -> Corpus:
    *learned, last = paths
    scored = _scored(last)
    without = frozenset(digest for part in scored.values() for digest in part)
    encoding = tokenizer(_documents(learned, without))
    return Corpus(
        _tokens(_documents(learned, without), encoding),
        {split: _rows(part, encoding, split) for split, part in scored.items()},
        token_bytes(encoding),
        encoding.encode_single_token(SPECIAL[0]),
        {"tokenizer.tiktoken": _file(encoding)},
    )


def tokenizer(documents: Iterable[str]) -> Any:
    trained = rustbpe.Tokenizer()
    trained.train_from_iterator(_begun(documents), VOCABULARY - len(SPECIAL), pattern=PATTERN)
    ranks = {bytes(token): rank for token, rank in trained.get_mergeable_ranks()}
    special = {name: len(ranks) + number for number, name in enumerate(SPECIAL)}
    return tiktoken.Encoding("climbmix", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special)


def token_bytes(encoding: Any) -> np.ndarray:
    """How many bytes each token stands for. Many are a part of a character, and have no text of their own."""
    special = {encoding.encode_single_token(name) for name in encoding.special_tokens_set}
    lengths = [
        0 if token in special else len(encoding.decode_single_token_bytes(token)) for token in range(encoding.n_vocab)
    ]
    return np.array(lengths, np.uint16)


def _fetch(url: str, path: Path) -> None:
    """Whole or not at all: a shard of which a part came is fetched again."""
    part = path.with_suffix(".part")
    for wait in (*WAITS, 0):
        if path.exists():
            return
        try:
            with urllib.request.urlopen(url, timeout=30) as answer, part.open("wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
                whole = file.tell() == int(answer.headers.get("Content-Length", file.tell()))
            why = "it came in part only"
            if whole:
                part.rename(path)
                print(f"fetched {path.name}: {path.stat().st_size / 1e6:.0f} MB", flush=True)
        except OSError as failed:
            why = str(failed)
            if isinstance(failed, urllib.error.HTTPError) and failed.code < 500:
                break
        time.sleep(wait)
    sys.exit(f"{url} could not be fetched: {why}")


def _scored(shard: Path) -> dict[str, dict[bytes, str]]:
    """Enough documents for each split. A document's own hash says which one it is in."""
    parts: dict[str, dict[bytes, str]] = {split: {} for split in SPLITS}
    left = dict.fromkeys(SPLITS, ROWS * LENGTH * LONGEST_MEAN)
    for text in _documents([shard], ()):
        digest = _digest(text)
        split = SPLITS[digest[0] % len(SPLITS)]
        if left[split] > 0 and digest not in parts[split]:
            parts[split][digest] = text
            left[split] -= len(text.encode())
        if max(left.values()) <= 0:
            break
    return parts


def _documents(shards: Iterable[Path], without: Collection[bytes]) -> Iterator[str]:
    for path in shards:
        file = pyarrow.parquet.ParquetFile(path)
        if COLUMN not in file.schema_arrow.names:
            sys.exit(f"{path} has no column {COLUMN!r}, but {', '.join(file.schema_arrow.names)}")
        for batch in file.iter_batches(columns=[COLUMN]):
            yield from (text for text in batch.column(0).to_pylist() if _digest(text) not in without)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _begun(documents: Iterable[str]) -> Iterator[str]:
    """The beginnings of documents, as many as the tokenizer is trained on."""
    characters = 0
    for text in documents:
        yield text[:OF_ONE_DOCUMENT]
        characters += min(len(text), OF_ONE_DOCUMENT)
        if characters >= LEARNED_CHARACTERS:
            return


def _tokens(documents: Iterable[str], encoding: Any) -> Iterator[np.ndarray]:
    """The first special token, a document, and so on; what looks like a special token in a text is text."""
    first, texts = encoding.encode_single_token(SPECIAL[0]), iter(documents)
    while batch := list(islice(texts, 1024)):
        for document in encoding.encode_ordinary_batch(batch):
            yield np.array([first, *document], np.uint16)


def _rows(documents: Mapping[bytes, str], encoding: Any, split: str) -> np.ndarray:
    """Documents in the order of their hashes, cut into rows. The first token of a row is given, not scored."""
    text = np.concatenate([*_tokens((documents[digest] for digest in sorted(documents)), encoding), NOTHING])
    count = min(ROWS, len(text) // (LENGTH + 1))
    if count < FEWEST_ROWS:
        sys.exit(f"the last shard is too small: {len(text)} tokens for {split}, of {FEWEST_ROWS * (LENGTH + 1)}")
    return text[: count * (LENGTH + 1)].reshape(count, LENGTH + 1)


def _file(encoding: Any) -> bytes:
    """As tiktoken reads it: `tiktoken.load.load_tiktoken_bpe`."""
    ordinary = range(encoding.n_vocab - len(SPECIAL))
    tokens = [base64.b64encode(encoding.decode_single_token_bytes(token)) for token in ordinary]
    return b"".join(b"%s %d\n" % (token, rank) for rank, token in enumerate(tokens))

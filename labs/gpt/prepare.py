"""The fixed half of the lab: makes the data, once, and gives `train.py` these, the clock, and what a run ends with.

    python prepare.py                    the source of this Python's standard library, bytes as tokens; no download
    python prepare.py --data climbmix    what autoresearch trains on, with a tokenizer trained as it does: climbmix.py

Both leave `data/`: `train.bin` and `meta.json`, which runs may read, and `visible.npz`, `hidden.npz`, `sealed.npz`,
which in a night only `score.py` sees. No file, and with climbmix no document, is in two of the four. `data/` is there
whole or not at all; a second call with the same source changes nothing.

An experiment may not edit this file. It runs in the candidate's own process, so a run that sets out to can change
anything of it, and gains nothing by that: `score.py` makes the number, elsewhere.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib
import os
import resource
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", VECLIB_MAXIMUM_THREADS="1")

import corpus
import numpy as np
from corpus import SPLITS, Corpus

gc.disable()  # a process of seconds has no cycles worth looking for; torch alone would have it look a hundred times


class Later:
    """What torch loads for its compiler only, a third of its start: left out until somebody needs that compiler, as the
    constructors of `torch.optim` do."""

    names = ("torch._meta_registrations", "torch.export")

    @classmethod
    def find_spec(cls, name: str, *_: object) -> None:
        if name == "torch._dynamo":
            sys.meta_path.remove(cls)
            for left_out in cls.names:
                del sys.modules[left_out]
                importlib.import_module(left_out)


if os.environ.get("OVERNIGHT_CLOCK") == "cpu" and "torch" not in sys.modules:
    sys.modules.update((name, ModuleType(name)) for name in Later.names)
    sys.meta_path.insert(0, Later)

BOX_SECONDS = float(os.environ.get("OVERNIGHT_TIME_BOX", "8"))
SEED = int(os.environ.get("OVERNIGHT_SEED", "1337"))
ANSWERING = sys.argv[1:] == ["--answer"]  # after a run: the model is loaded, and asked by score.py
now = {"wall": time.monotonic, "cpu": time.process_time}[os.environ.get("OVERNIGHT_CLOCK", "wall")]
STARTED = now()

DATA = Path(__file__).parent / "data"
MODEL = "model.npz"

Logits = Callable[[np.ndarray], Any]  # tokens (rows, length), int32 -> a logit for each of VOCAB at each place


# What train.py uses.


def __getattr__(name: str) -> Any:
    if name == "VOCAB":  # made when it is asked for: who makes the data imports this too, before there are any
        return len(meta()["token_bytes"])
    raise AttributeError(f"prepare has no {name!r}")


def meta() -> dict[str, Any]:
    if not DATA.exists():
        sys.exit(f"{DATA} is not there: `python prepare.py` makes it")
    return corpus.meta(DATA)


def tokens() -> np.ndarray:
    """All that there is to learn from; the token `meta()["separator"]` stands before each file."""
    return np.memmap(DATA / "train.bin", meta()["dtype"], "r")


def token_bytes() -> np.ndarray:
    """How many bytes each token of the vocabulary stands for."""
    return np.array(meta()["token_bytes"], np.uint16)


def save(arrays: Mapping[str, np.ndarray]) -> None:
    """Leaves the model to be scored: numpy arrays, no pickle."""
    np.savez(MODEL, **arrays)


def load() -> dict[str, np.ndarray]:
    """What the run left, in the process that answers for it."""
    with np.load(MODEL, allow_pickle=False) as model:
        return dict(model)


def answer(logits: Logits) -> None:
    """Answers score.py until it has no more questions. Rows come in any length up to that of `data/`, and in float32
    the answers must agree with each other to `TOLERANCE` of score.py whatever follows in a row."""
    from overnight import sealed  # there in a night, whatever Python this is

    sealed.answer_text(logits)


def end(logits: Logits, training_seconds: float, **numbers: float) -> NoReturn:
    """Ends a run with the summary block. By hand `val_bpb` is in it; in a night what is scored is hidden from runs.

    The process ends here: to take torch down in order costs half a second."""
    print("---")
    total_seconds, scored = now() - STARTED, DATA / "visible.npz"
    if scored.exists():
        print(f"val_bpb:          {val_bpb(logits, scored):.6f}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # macOS counts bytes, Linux kilobytes
    print(f"training_seconds: {training_seconds:.1f}")
    print(f"total_seconds:    {total_seconds:.1f}")
    print(f"peak_memory_mb:   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:.1f}")
    for name, value in numbers.items():
        print(f"{name + ':':<17} {value:g}")
    sys.stdout.flush()
    os._exit(0)


# The number.


def val_bpb(logits: Logits, scored: Path, batch: int = 8) -> float:
    """By hand, in the candidate's process: it can be fooled, and score.py cannot."""
    with np.load(scored) as data:
        rows, lengths = data["tokens"].astype(np.int32), data["token_bytes"]
    costs = np.empty((len(rows), rows.shape[1] - 1))
    for start in range(0, len(rows), batch):
        said = np.asarray(logits(rows[start : start + batch]))
        for row, answer in enumerate(said, start):
            costs[row] = _bits(answer[:-1].astype(np.float64), rows[row, 1:])
    return float(bits_per_byte(costs, rows, lengths).mean())


def bits_per_byte(costs: np.ndarray, rows: np.ndarray, token_bytes: np.ndarray) -> np.ndarray:
    """A number for each row, such that their mean is all bits divided by all bytes.

    Rows of a trained tokenizer differ in their bytes. So each gives the common ratio, and what it has above or below
    it for its bytes: the standard error of these is that of a ratio of two sums. `costs`: bits of all tokens of a row
    but its first. A token that stands for no bytes, such as the one before each file, costs nothing.
    """
    lengths = token_bytes[rows[:, 1:]].astype(np.float64)
    bits, size = np.where(lengths > 0, costs, 0.0).sum(axis=1), lengths.sum(axis=1)
    ratio = bits.sum() / size.sum()
    return ratio + (bits - ratio * size) / size.mean()


def _bits(logits: np.ndarray, following: np.ndarray) -> np.ndarray:
    logits -= logits.max(axis=1, keepdims=True)
    return (np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(following)), following]) / np.log(2)


# Making the data.

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
# Tables written as code, vendored packages, and what some systems leave out of their Python.
SKIPPED = {"__pycache__", "dist-packages", "encodings", "ensurepip", "idlelib", "lib2to3", "pydoc_data"}
SKIPPED |= {"site-packages", "test", "tests", "turtledemo"}
SHORTEST, LONGEST = 256, 96_000  # bytes of a file: shorter ones are skipped, longer ones cut
PARTS = 6  # of the files: a part for each split that is scored, the others are learned from
ROWS, LENGTH = 128, 256  # of each split: so many rows, in each so many predictions
SEPARATOR = b"\0"  # no Python source has it


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes data/, once.")
    parser.add_argument("--data", choices=("python", "climbmix"), default="python", help="which text (python)")
    parser.add_argument("--shards", type=int, metavar="N", help="climbmix: how many are learned from (10)")
    parser.add_argument("--from", dest="origin", metavar="FOLDER|URL", help="climbmix: where the shards are")
    asked = parser.parse_args()
    if asked.data == "climbmix":
        import climbmix

        print(climbmix.make(DATA, 10 if asked.shards is None else asked.shards, asked.origin or climbmix.ORIGIN))
    elif asked.shards is not None or asked.origin:
        parser.error("--shards and --from go with --data climbmix")
    else:
        print(make_python(DATA, LIBRARY))


def make_python(data: Path, library: Path) -> str:
    files = {hashlib.sha256(text).digest(): text for text in _sources(library)}  # a copy of a file is the same file
    source = {
        "text": f"the source of {len(files)} files of Python {sys.version.split()[0]}",
        "files": hashlib.sha256(b"".join(sorted(files))).hexdigest(),
        "rules": [PARTS, ROWS, LENGTH],
    }
    return corpus.make(data, source, lambda: _python(files, library))


def split_of(digest: bytes) -> str:
    """By a file's own hash, which says nothing of its content: it stays there whatever else comes or goes."""
    part = digest[0] % PARTS
    return SPLITS[part] if part < len(SPLITS) else "train"


def _sources(library: Path) -> Iterator[bytes]:
    for place, folders, files in os.walk(library):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith("config-")]
        for name in files:
            if name.endswith(".py") and len(text := Path(place, name).read_bytes()) >= SHORTEST:
                yield text[:LONGEST]


def _python(files: Mapping[bytes, bytes], library: Path) -> Corpus:
    parts: dict[str, list[bytes]] = {split: [] for split in ("train", *SPLITS)}
    for digest in sorted(files):
        parts[split_of(digest)].append(files[digest])
    learned = b"".join(SEPARATOR + text for text in parts["train"])
    rows = {split: _rows(parts[split], learned) for split in SPLITS}
    if fewest := [split for split in SPLITS if len(rows[split]) < ROWS]:
        found = f"{len(files)} files, {len(rows[fewest[0]])} rows for {fewest[0]} where {ROWS} are to be scored"
        sys.exit(f"there is too little Python source in {library}: {found}")
    token_bytes = np.ones(256, np.uint16)
    token_bytes[SEPARATOR[0]] = 0
    return Corpus([np.frombuffer(learned, np.uint8)], rows, token_bytes, SEPARATOR[0])


def _rows(files: Sequence[bytes], learned: bytes) -> np.ndarray:
    """One piece of each file, then another of each, until there are enough; none that was copied into what is learned.

    Which of two models is better differs more from file to file than within one: many files say more than many bytes.
    """
    numbered = [piece for text in files for piece in enumerate(_pieces(text))]
    in_order = (piece for _, piece in sorted(numbered, key=lambda piece: piece[0]))
    chosen = b"".join(islice((piece for piece in in_order if piece not in learned), ROWS))
    return np.frombuffer(chosen, np.uint8).reshape(-1, LENGTH + 1)


def _pieces(text: bytes) -> list[bytes]:
    """In an order that says nothing of where they stand. Only the byte that is given can be in two of them."""
    pieces = (text[at : at + LENGTH + 1] for at in range(0, len(text) - LENGTH, LENGTH))
    return sorted(pieces, key=lambda piece: hashlib.sha256(piece).digest())


if __name__ == "__main__":
    main()

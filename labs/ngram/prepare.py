"""The fixed half of the lab: the text to learn from, the clock, and what carries a model from the run to its scoring.

In a night `score.py` makes the number, from text that a run cannot reach; see there. Started by hand, `python train.py`
finds that text beside it and prints the number here. An experiment may not edit this file; it runs in the candidate's
own process, so a run that sets out to can change anything of it, and gains nothing by that.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", VECLIB_MAXIMUM_THREADS="1")

import numpy as np

BOX_SECONDS = float(os.environ.get("OVERNIGHT_TIME_BOX", "4"))
SEED = int(os.environ.get("OVERNIGHT_SEED", "1337"))
ANSWERING = sys.argv[1:] == ["--answer"]  # after a run: the model is loaded, and asked by score.py
now = {"wall": time.monotonic, "cpu": time.process_time}[os.environ.get("OVERNIGHT_CLOCK", "wall")]
STARTED = now()

CONTEXT = 64  # bytes a model may look at before it says what comes next
WINDOWS = 4096  # predictions that make a score: 0.1 s of work
MEMORY_MB = 400  # of data in a run; beyond it Linux lets numpy raise MemoryError
SHORTEST, LONGEST = 256, 96_000  # bytes of a file: shorter ones are skipped, longer ones cut
TEXT_BYTES = 8_000_000
HERE = Path(__file__).parent
MODEL = "model.npz"
# Tables written as code, vendored packages, and what some systems leave out of their Python.
SKIPPED = {"__pycache__", "dist-packages", "encodings", "ensurepip", "idlelib", "lib2to3", "pydoc_data"}
SKIPPED |= {"site-packages", "test", "tests", "turtledemo"}

Predict = Callable[[np.ndarray], np.ndarray]  # contexts (n, CONTEXT) in bytes -> chances (n, 256) of the next byte


def begin() -> list[bytes]:
    """Starts a run: holds it to its memory from here on, and gives the files to learn from."""
    _limit_memory()
    return read(LIBRARY)


def end(predict: Predict, training_seconds: float, model: dict[str, np.ndarray], **more: float) -> None:
    """Ends a run: leaves the model to be scored, and prints the summary block."""
    np.savez(MODEL, **model)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # macOS counts bytes, Linux kilobytes
    print("---")
    if scored_text("visible").exists():  # by hand; in a night it is hidden from runs
        print(f"val_bpb:          {bits_per_byte(predict, *windows(scored_text('visible').read_bytes())):.6f}")
    print(f"training_seconds: {training_seconds:.1f}")
    print(f"total_seconds:    {now() - STARTED:.1f}")
    print(f"peak_memory_mb:   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:.1f}")
    for name, value in more.items():
        print(f"{name + ':':<17} {value:g}")


def model() -> Any:
    """What the run left, in the process that answers for it: `model()["name"]` is an array."""
    _limit_memory()
    return np.load(MODEL, allow_pickle=False)


def answer(predict: Predict) -> None:
    """Answers score.py until it has no more questions: contexts come in, logits go out."""
    from overnight import sealed  # there in a night, whatever Python this is

    sealed.answer(lambda contexts: np.log(predict(contexts)))


def _limit_memory() -> None:
    if sys.platform == "linux":  # macOS takes the limit and does not enforce it
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        allowed = MEMORY_MB << 20 if hard == resource.RLIM_INFINITY else min(MEMORY_MB << 20, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))


# The text to learn from: the source of the Python that runs this.

LIBRARY = Path(sysconfig.get_paths()["stdlib"])


def read(folder: Path) -> list[bytes]:
    """Its files in the order of their hashes, which says nothing about what is in them."""
    by_hash = {hashlib.sha256(text).digest(): text for text in _sources(folder)}
    kept, total = [], 0
    for digest in sorted(by_hash):
        total += len(by_hash[digest])
        if total <= TEXT_BYTES:
            kept.append(by_hash[digest])
    if not kept:
        raise FileNotFoundError(f"no Python source in {folder}")
    return kept


def _sources(folder: Path) -> Iterator[bytes]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith("config-")]
        for name in files:
            if name.endswith(".py") and len(text := Path(place, name).read_bytes()) >= SHORTEST:
                yield text[:LONGEST]


# The text that is scored, and the number by hand.


def scored_text(split: str) -> Path:
    return HERE / "text" / f"{split}.txt"


def windows(source: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Contexts, and the byte after each. They do not overlap: no context holds the answer to another."""
    text = np.frombuffer(source, np.uint8)
    count = min(WINDOWS, len(text) // (CONTEXT + 1))
    rows = text[: len(text) // count * count].reshape(count, -1)
    return rows[:, :CONTEXT], rows[:, CONTEXT]


def bits_per_byte(predict: Predict, contexts: np.ndarray, following: np.ndarray, batch: int = 256) -> float:
    bits = 0.0
    for start in range(0, len(contexts), batch):
        asked, came = contexts[start : start + batch].copy(), following[start : start + batch]
        chances = checked(predict(asked), len(came))
        bits -= np.log2(chances[np.arange(len(came)), came]).sum()
    return float(bits / len(contexts))


def checked(answer: np.ndarray, rows: int) -> np.ndarray:
    """A copy of the answer whose rows sum to one exactly; ValueError for what is not a distribution."""
    chances = np.array(answer, np.float64)
    if chances.shape != (rows, 256):
        raise ValueError(f"predict gave shape {chances.shape}; wanted is {(rows, 256)}")
    if not (np.isfinite(chances) & (chances > 0)).all():
        raise ValueError("predict gave a chance that is not a positive number")
    sums = chances.sum(axis=1, keepdims=True)
    if np.abs(sums - 1).max() > 0.001:
        raise ValueError(f"predict gave chances that do not sum to 1: from {sums.min():.6f} to {sums.max():.6f}")
    return chances / sums

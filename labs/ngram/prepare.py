"""The fixed half of the lab: the text, its four splits, the clock, and the number. An experiment may not edit it.

It promises: the same splits for the same Python, no file in two of them; a model that is asked about contexts and
never shown what follows; a number made here, from chances that are checked and normalised here.
It does not cover code that reaches around it: model and evaluation share one process, so a run that sets out to
cheat can. The number is as honest as train.py is.
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

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", VECLIB_MAXIMUM_THREADS="1")

import numpy as np

BOX_SECONDS = float(os.environ.get("OVERNIGHT_TIME_BOX", "4"))
SEED = int(os.environ.get("OVERNIGHT_SEED", "1337"))
SPLIT = os.environ.get("OVERNIGHT_SPLIT", "visible")  # the one that is scored
now = {"wall": time.monotonic, "cpu": time.process_time}[os.environ.get("OVERNIGHT_CLOCK", "wall")]
STARTED = now()

CONTEXT = 64  # bytes a model may look at before it says what comes next
WINDOWS = 8192  # predictions that make a score: 0.2 s of work
MEMORY_MB = 400  # of data in a run; beyond it Linux lets numpy raise MemoryError
SHORTEST, LONGEST = 256, 96_000  # bytes of a file: shorter ones are skipped, longer ones cut
TEXT_BYTES = 12_000_000  # all splits together
SHARES = {"train": 70, "visible": 80, "hidden": 90, "sealed": 100}  # a split ends at this percent of the hashes
# Tables written as code, vendored packages, and what some systems leave out of their Python.
SKIPPED = {"__pycache__", "dist-packages", "encodings", "ensurepip", "idlelib", "lib2to3", "pydoc_data"}
SKIPPED |= {"site-packages", "test", "tests", "turtledemo"}

Predict = Callable[[np.ndarray], np.ndarray]  # contexts (n, CONTEXT) in bytes -> chances (n, 256) of the next byte


def begin() -> list[bytes]:
    """Starts a run: holds it to its memory from here on, and gives the files to learn from."""
    if sys.platform == "linux":  # macOS takes the limit and does not enforce it
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        allowed = MEMORY_MB << 20 if hard == resource.RLIM_INFINITY else min(MEMORY_MB << 20, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
    return read("train", LIBRARY)


def report(predict: Predict, training_seconds: float, **more: float) -> None:
    """Ends a run: scores it and prints the summary block."""
    bpb = bits_per_byte(predict, *windows(read(SPLIT, LIBRARY)))
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # macOS counts bytes, Linux kilobytes
    print("---")
    print(f"val_bpb:          {bpb:.6f}")
    print(f"training_seconds: {training_seconds:.1f}")
    print(f"total_seconds:    {now() - STARTED:.1f}")
    print(f"peak_memory_mb:   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:.1f}")
    for name, value in more.items():
        print(f"{name + ':':<17} {value:g}")


# The text: the source of the Python that runs this.

LIBRARY = Path(sysconfig.get_paths()["stdlib"])


def read(split: str, folder: Path) -> list[bytes]:
    """The files of a split in the order of their hashes, which says nothing about what is in them."""
    by_hash = {hashlib.sha256(text).digest(): text for text in _sources(folder)}
    kept, total = [], 0
    for digest in sorted(by_hash, key=lambda digest: digest[::-1]):  # the cap takes alike from every split
        total += len(by_hash[digest])
        if total <= TEXT_BYTES and split_of(digest) == split:
            kept.append(by_hash[digest])
    if not kept:
        raise FileNotFoundError(f"no Python source for the split {split!r} in {folder}")
    return kept


def split_of(digest: bytes) -> str:
    percent = int.from_bytes(digest[:4], "big") * 100 >> 32
    return next(split for split, end in SHARES.items() if percent < end)


def _sources(folder: Path) -> Iterator[bytes]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith("config-")]
        for name in files:
            if name.endswith(".py") and len(text := Path(place, name).read_bytes()) >= SHORTEST:
                yield text[:LONGEST]


# The number.


def windows(files: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Contexts, and the byte after each. They do not overlap: no context holds the answer to another."""
    text = np.frombuffer(b"".join(files), np.uint8)
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

"""What the peers reached, kept in a committed file: their runs take hours, ours are measured anew each time."""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

MARKS = (10, 25, 50, 75, 100, 150, 200, 300)
"""Runs after which the true gain is kept."""

FILE = Path(__file__).with_name("results.json")

Cached = dict[str, dict[str, dict[str, list[float]]]]
"""By family, peer and seed: the gains at the first of the marks."""


def load(file: Path = FILE) -> Cached:
    cached: Cached = json.loads(file.read_text()) if file.exists() else {}
    return cached


def keep(family: str, peer: str, seed: int, gains: Sequence[float], file: Path = FILE) -> None:
    """Written whole or not at all, by one process at a time."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        _write(load(file), family, peer, seed, gains, file)
    finally:
        os.close(folder)


def at(marked: Sequence[float], mark: int) -> float:
    """NaN where it did not run so long."""
    place = MARKS.index(mark)
    return marked[place] if place < len(marked) else math.nan


def _write(cached: Cached, family: str, peer: str, seed: int, gains: Sequence[float], file: Path) -> None:
    marked = [round(gains[mark - 1], 3) for mark in MARKS if mark <= len(gains)]
    cached.setdefault(family, {}).setdefault(peer, {})[str(seed)] = marked
    lines = [f'  "{f}": {{\n' + ",\n".join(
        f'    "{p}": {json.dumps(dict(sorted(seeds.items(), key=lambda kv: int(kv[0]))))}'
        for p, seeds in sorted(peers.items())) + "\n  }" for f, peers in sorted(cached.items())]  # fmt: skip
    new = file.with_suffix(".new")
    new.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    new.replace(file)

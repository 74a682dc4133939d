"""Whatever stands in program.md, the reader gives a Program or one clear ProgramError, and soon."""

from __future__ import annotations

import random
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from overnight.errors import ProgramError
from overnight.program.program import Program
from overnight.program.read import read
from overnight.program.settings import KEYS
from tests.program.repo_facts import AUTORESEARCH, facts

FACTS = facts(AUTORESEARCH, present=[".venv"], programs=["uv"])
LONGEST_SECONDS = 10.0  # of CPU time, for one file: a hang, not a slow machine

WHOLE = """---
edit: train.py
run: python train.py
metric: val_bpb
time_box: 8s cpu
guards: [peak_vram_mb < 48 GB]
stop: {experiments: 100, until: 07:00}
between: 22:00-07:00
curve: 'step (\\d+) | loss: ([0-9.]+)'
---
# Goal

Minimize `val_bpb` (lower is better).

## What you cannot do

- Modify `prepare.py`. It is read-only — except in *comments*.
- `peak_vram_mb` stays below 48000.

**Stop when:**

1. after 40 experiments without a keep, at 07:00 or after $5
2. `val_bpb` < 0.95
"""
SPICE = [
    *(f"{key.split('.')[-1]}: " for key in KEYS),
    *(f"\n{key}: none\n" for key in KEYS),
    *("---\n", "...\n", "\n", "\r\n", "\t", "\0", "\ufeff", "\x85", "\u2028", "\ud800", "é", "🌙", "٣", " ", "    "),
    *("[", "]", "{", "}", ":", ": ", "#", "- ", "> ", "* ", "&a ", "*a ", "!!x ", "|\n", "? ", "%YAML 1.2\n", '"\\U'),
    *("`", "``", "```\n", "**", "_", "~~", "<!--", "-->", "<a>", "# ", "## Stop when\n", "(", ")", " — ", "; ", "or "),
    *(
        "stop after ",
        "do not modify ",
        "at most ",
        "$",
        "1e999",
        "0",
        "-1",
        "9" * 50,
        "nan",
        "../",
        "~/",
        "**/",
        "train.py",
    ),
    *("experiments ", "val_bpb ", "below ", "a/" * 40, "1h" * 40, "a, " * 40, "[" * 60, "> " * 60, "x" * 3000),
]


def program(seed: int) -> str:
    rng = random.Random(seed)
    if rng.random() < 0.3:
        head = "---\n" if rng.random() < 0.5 else ""
        return head + "".join(rng.choices(SPICE, k=rng.randrange(60)))
    text = WHOLE
    for _ in range(rng.randrange(1, 8)):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice([0, 0, 1, 5, 80]))
        text = text[:start] + rng.choice([*SPICE, text[end : end + 40] * 3]) + text[end:]
    return text


def read_all(seeds: range) -> None:
    for seed in seeds:
        text, before = program(seed), time.process_time()
        outcome: Program | ProgramError
        try:
            outcome = read(Path("program.md"), text, "", FACTS)
        except ProgramError as error:
            outcome = error
        assert time.process_time() - before < LONGEST_SECONDS, seed
        assert isinstance(outcome, Program) or "\n" not in str(outcome), seed


def test_three_hundred_spoilt_programs_are_read_or_refused() -> None:
    read_all(range(300))


@pytest.mark.fuzz
@pytest.mark.timeout(900)
def test_ten_thousand_spoilt_programs_are_read_or_refused() -> None:
    read_all(range(300, 10_300))


REPEATED = [
    "a" * 50,
    "`",
    "> ",
    "- ",
    "1. ",
    "[",
    "* a\n",
    "a\n",
    "[a]: b\n",
    "(",
    "— ",
    "a/",
    "stop after ",
    "1h",
    ". ",
]
REPEATED += [
    "_",
    "*",
    "Do not modify `a`, ",
    "a or ",
    "x < ",
    "\\",
    "<",
    "# \n",
    "&",
    "!",
    "|\n",
    "'",
    '"',
    "experiments ",
]


@pytest.mark.parametrize("piece", REPEATED)
def test_a_long_repetition_is_read_or_refused_in_time(piece: str) -> None:
    before = time.process_time()
    for front in ("", "---\nedit: train.py\n---\n", "---\nrun: "):
        with pytest.raises(ProgramError) if front.endswith("run: ") else nullcontext():
            read(Path("program.md"), front + piece * (9_000 // len(piece)), "", FACTS)
    assert time.process_time() - before < LONGEST_SECONDS

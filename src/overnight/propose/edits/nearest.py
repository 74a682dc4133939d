"""The lines of a file that come nearest to lines that are not in it: what a repair turn shows."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import accumulate

_WIDTH = 200  # characters of a line that are compared
_MOST = 2000  # lines that are compared one by one
_SHOWN = 30


def nearest(text: str, wanted: Sequence[str]) -> str:
    """As they stand in the file; "" where nothing comes near."""
    lines = text.split("\n")
    known = {line.strip() for line in wanted if line.strip()}
    hits = [1 if line.strip() in known else 0 for line in lines]
    if not any(hits):
        hits = _alike(lines, known)
    if not any(hits):
        return ""
    window = min(len(wanted), _SHOWN)
    sums = [0, *accumulate(hits)]
    best = max(range(len(lines)), key=lambda i: sums[min(i + window, len(lines))] - sums[i])
    return "\n".join(line[:1000] for line in lines[max(best - 2, 0) : best + window + 2])


def _alike(lines: Sequence[str], known: set[str]) -> list[int]:
    """The longest line that was searched for, and what is written most like it."""
    longest = max(known, key=len, default="")[:_WIDTH]
    close = get_close_matches(longest, list(dict.fromkeys(line.strip()[:_WIDTH] for line in lines[:_MOST])), 1)
    return [1 if close and line.strip()[:_WIDTH] == close[0] else 0 for line in lines]

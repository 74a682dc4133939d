"""Three-way merge of texts, by lines.

`git merge-file` calls two changes of neighbouring lines a conflict, and the lines of a block of settings are
neighbours. Here only changes of the same lines are one: a merge that makes no sense costs one run, since what was
rebased is always measured again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

COMPARED_AT_MOST = 4_000_000  # pairs of lines


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines [start, end) of the base become `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]

    def touches(self, other: Hunk) -> bool:
        """They change the same lines, or put something into the same gap."""
        same_place = (self.start, self.end) == (other.start, other.end)
        return same_place or (self.start < other.end and other.start < self.end)


def merge(base: str, ours: str, theirs: str) -> str | None:
    """Both changes of `base` in one text; None where they are at odds."""
    lines = base.split("\n")
    mine, yours = list(_hunks(lines, ours)), list(_hunks(lines, theirs))
    both = [hunk for hunk in yours if hunk not in mine]
    if any(a.touches(b) for a in mine for b in both):
        return None
    for hunk in sorted([*mine, *both], key=lambda h: (h.start, h.end), reverse=True):
        lines[hunk.start : hunk.end] = hunk.lines
    return "\n".join(lines)


def _hunks(base: list[str], text: str) -> Iterator[Hunk]:
    """Where the two differ; past a size that would take long to compare, from the first to the last difference."""
    changed = text.split("\n")
    head = _common(base, changed)
    tail = _common(base[head:][::-1], changed[head:][::-1])
    old, new = base[head : len(base) - tail], changed[head : len(changed) - tail]
    if len(old) * len(new) > COMPARED_AT_MOST:
        yield Hunk(head, head + len(old), tuple(new))
        return
    for tag, start, end, from_, to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "replace" and end - start == to - from_:  # as many lines as before: line by line
            yield from (Hunk(head + start + i, head + start + i + 1, (new[from_ + i],)) for i in range(end - start))
        elif tag != "equal":
            yield Hunk(head + start, head + end, tuple(new[from_:to]))


def _common(a: list[str], b: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))

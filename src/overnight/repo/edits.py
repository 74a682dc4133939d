"""A change of a text as the lines that differ, which is what the ledger stores in place of whole files.

Promises an exact round trip for every text: lines end at "\\n" and nowhere else (not at \\r, \\f or \\x85, as
`str.splitlines` would have it), and a missing last line break stays missing. Pure; knows nothing of git.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from overnight.model import Edit

WHOLE = -1


def make_edits(parents: Mapping[str, str], files: Mapping[str, str]) -> tuple[Edit, ...]:
    """What turns the texts of `parents` into `files`; a file that is not in `parents` is stored whole."""
    edits = (_edit(path, parents.get(path), text) for path, text in sorted(files.items()))
    return tuple(edit for edit in edits if edit)


def apply_edits(text: str | None, edits: Iterable[Edit]) -> str:
    """The new text of one file, of which `text` is the parent's (None: it has none)."""
    lines = _lines(text or "")
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):  # last first: starts are the parent's
        end = len(lines) if edit.removed == WHOLE else edit.start + edit.removed
        lines[edit.start : end] = [edit.text]
    return "".join(lines)


def edited(parents: Mapping[str, str], edits: Sequence[Edit]) -> dict[str, str]:
    """The changed files: what `make_edits` was given, less the files that it found unchanged."""
    paths = dict.fromkeys(edit.path for edit in edits)
    return {path: apply_edits(parents.get(path), (e for e in edits if e.path == path)) for path in paths}


def _edit(path: str, old: str | None, new: str) -> Edit | None:
    if old is None:
        return Edit(path, 0, WHOLE, new)
    before, after = _lines(old), _lines(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    removed, text = len(before) - head - tail, "".join(after[head : len(after) - tail])
    return Edit(path, head, removed, text) if removed or text else None


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def _lines(text: str) -> list[str]:
    *whole, last = text.split("\n")
    return [line + "\n" for line in whole] + ([last] if last else [])

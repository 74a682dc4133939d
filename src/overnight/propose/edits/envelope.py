"""The `*** Begin Patch` envelope, which some models were brought up with.

What stands behind @@ is a hint where to look, and is not looked at: a hunk has to be unique by its own lines. Files are
changed in place; adding one works only where the file may be there and is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from overnight.propose.edits.change import Change, Fault, Refusal
from overnight.propose.edits.names import allowed
from overnight.propose.edits.patch import hunks

BEGIN, END = "*** Begin Patch", "*** End Patch"
_UPDATE, _ADD = "*** Update File:", "*** Add File:"


def read_envelope(lines: Sequence[str], only: Sequence[str]) -> list[Change]:
    out: list[Change] = []
    for start, end in _spans(lines):
        out += _files(lines[start + 1 : end], only)
    return out


def is_envelope(line: str) -> bool:
    return line.strip() in (BEGIN, END)


def _spans(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Where each envelope begins and ends."""
    marks = [i for i, line in enumerate(lines) if is_envelope(line)]
    words = [lines[i].strip() for i in marks]
    if words != [BEGIN, END] * (len(words) // 2):
        raise Refusal(Fault.CUT_OFF, f"each {BEGIN} needs one {END}, and the patch has not")
    return list(zip(marks[::2], marks[1::2], strict=True))


def _files(lines: Sequence[str], only: Sequence[str]) -> Iterator[Change]:
    heads = [i for i, line in enumerate(lines) if line.startswith("*** ") and line.strip() != "*** End of File"]
    if heads[:1] != [0]:
        raise Refusal(Fault.MALFORMED, f"the patch does not begin with {_UPDATE} and a path")
    for start, end in pairwise([*heads, len(lines)]):
        head = lines[start]
        if not head.startswith((_UPDATE, _ADD)):
            raise Refusal(Fault.OUTSIDE, f"files may only be changed, and the patch says {head[:200]}")
        body = [line for line in lines[start + 1 : end] if line.strip() != "*** End of File"]
        yield from hunks(body, allowed(head.partition(":")[2], only))

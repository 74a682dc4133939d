"""SEARCH/REPLACE blocks: what stands, a line of =======, and what is to stand there.

The markers may have five to nine characters, spaces around them, and no words. A marker at a place where none can be
ends the reading: half of a reply is never applied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from overnight.propose.edits.change import Change, Fault, Refusal, expect_few
from overnight.propose.edits.lines import fences, name_above
from overnight.propose.edits.names import name_in

_OPEN = re.compile(r"[ \t]{0,40}<{5,9}[ \t]{0,9}((?:SEARCH|ORIGINAL)\b.{0,300})?", re.IGNORECASE)
_MIDDLE = re.compile(r"[ \t]{0,40}={5,9}\s*")
_CLOSE = re.compile(r"[ \t]{0,40}>{5,9}\s{0,9}(?:(?:REPLACE|UPDATED)\b.{0,300})?", re.IGNORECASE)
_FENCE = re.compile(r"\s{0,40}```[\w.+-]{0,40}\s*")


def read_blocks(lines: Sequence[str], only: Sequence[str]) -> list[Change]:
    """The blocks of a reply in their order; a name is on the first line of a block, or above it."""
    spans = _spans(lines)
    expect_few(len(spans), "blocks")
    found = fences(lines, [range(start, end + 1) for start, _, end in spans])
    expect_few(len(found), "code fences")
    return [
        Change(_head(lines[start], only) or name_above(lines, start, found, only), *_parts(lines, start, middle, end))
        for start, middle, end in spans
    ]


def begins_block(line: str) -> bool:
    return "<<<<<" in line and bool(_OPEN.fullmatch(line))


def ends_block(line: str) -> bool:
    return ">>>>>" in line and bool(_CLOSE.fullmatch(line))


def _spans(lines: Sequence[str]) -> list[tuple[int, int, int]]:
    """The lines of the three markers of each block."""
    spans: list[tuple[int, int, int]] = []
    start = middle = -1
    for number, line in enumerate(lines):
        if begins_block(line):
            _expect(start < 0, "a SEARCH begins before the block above it has ended")
            start = number
        elif start >= 0 and _MIDDLE.fullmatch(line):
            _expect(middle < 0, "a block holds more than one line of =======, so that its parts cannot be told apart")
            middle = number
        elif start >= 0 and ends_block(line):
            _expect(middle >= 0, "a block has no line of =======")
            spans.append((start, middle, number))
            start = middle = -1
        else:
            _expect(start >= 0 or not ends_block(line), "a block ends that has not begun with <<<<<<< SEARCH")
    if start >= 0:
        raise Refusal(Fault.CUT_OFF, "the last block does not end with >>>>>>> REPLACE")
    return spans


def _expect(sound: bool, why: str) -> None:
    if not sound:
        raise Refusal(Fault.MALFORMED, why)


def _head(line: str, only: Sequence[str]) -> str:
    mark = _OPEN.fullmatch(line)
    return name_in(mark[1], only) if mark and mark[1] else ""


def _parts(lines: Sequence[str], start: int, middle: int, end: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Without the fences that some models put around each part."""
    before, after = tuple(lines[start + 1 : middle]), tuple(lines[middle + 1 : end])
    if all(len(part) > 1 and _FENCE.fullmatch(part[0]) and _FENCE.fullmatch(part[-1]) for part in (before, after)):
        return before[1:-1], after[1:-1]
    return before, after

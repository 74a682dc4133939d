"""A reply as lines: without what was thought aloud, and with its fences found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from overnight.propose.edits.change import Fault, Refusal
from overnight.propose.edits.claims import is_claim
from overnight.propose.edits.names import name_in

_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_END = re.compile(r"\s*</(?:think|thinking|thought|reasoning)>\s*", re.IGNORECASE)
_FENCE = re.compile(r"[ \t]{0,40}(`{3,}|~{3,})(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fence:
    start: int  # the line that opens it
    end: int  # the line that closes it, or behind the last line where none does
    info: str
    closed: bool


def answer(text: str) -> list[str]:
    """The lines of a reply after the thinking; none where it never ends."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if ends := [i for i, line in enumerate(lines) if len(line) < 100 and _END.fullmatch(line)]:
        return lines[ends[-1] + 1 :]
    if opening := _THOUGHT.match(text):
        return "\n".join(lines).partition(f"</{opening[1]}>")[2].split("\n")
    return lines


def fences(lines: Sequence[str], apart: Sequence[range] = ()) -> list[Fence]:
    """Fenced parts, outermost only. Lines in `apart` are the inside of a change: fences in them are its text."""
    inside = {number for part in apart for number in part}
    out: list[Fence] = []
    opened: tuple[int, str, str] | None = None
    for number, line in enumerate(lines):
        mark = _FENCE.fullmatch(line) if line and number not in inside else None
        if mark and opened is None and "`" not in mark[2]:
            opened = (number, mark[1], mark[2].strip())
        elif mark and opened and mark[1].startswith(opened[1]) and not mark[2].strip():
            out.append(Fence(opened[0], number, opened[2], closed=True))
            opened = None
    return out + ([Fence(opened[0], len(lines), opened[2], closed=False)] if opened else [])


def name_above(lines: Sequence[str], at: int, found: Sequence[Fence], only: Sequence[str]) -> str:
    """The file named by the fence that line `at` stands in, or by the nearest line above the change."""
    around = next((fence for fence in found if fence.start < at < fence.end), None)
    top = around.start + 1 if around else 0
    for number in range(at - 1, top - 1, -1):
        if lines[number].strip():
            return _named(lines, number, found, only)
    if not around:
        return ""
    return name_in(around.info, only) or name_above(lines, around.start, found, only)


def _named(lines: Sequence[str], number: int, found: Sequence[Fence], only: Sequence[str]) -> str:
    """Fences, the ends of earlier changes, and what is said of this one, name nothing."""
    is_end = any(number == fence.end for fence in found) or lines[number].lstrip().startswith(">>>>>")
    return "" if is_end or is_claim(lines[number]) else name_in(lines[number], only)


def closed(fence: Fence) -> Fence:
    if not fence.closed:
        raise Refusal(Fault.CUT_OFF, "the reply ends inside a code fence")
    return fence

"""Where a change belongs, and the text with it made there.

Three readings, the strict one first: the very lines; the same but for space at line ends; the same but for an
indentation that all lines share, which the new lines then get too. The first reading that finds anything decides, and
it has to find exactly one place. Lines that are not changed stay as they are, byte for byte, line ends included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overnight.propose.edits.change import Change, Fault, Refusal
from overnight.propose.edits.nearest import nearest

_SPACE = " \t\r"
_MANY = 50  # places: looking further would not make a change less ambiguous


@dataclass(frozen=True, slots=True)
class Shift:
    """What the file's lines have in front that the change's have not, or the other way round."""

    more: str = ""
    less: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    start: int  # line
    shift: Shift = Shift()


def changed(text: str, change: Change, path: str) -> str:
    """The text with the change made; Refusal where its place is not clear."""
    eol = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    if change.whole:
        return _whole(text, change.after, path, eol)
    if not _says_where(change.before):
        return _filled(text, change, path)
    raw = text.removesuffix("\n").split("\n")
    raw = [line + "\n" for line in raw[:-1]] + [raw[-1] + ("\n" if text.endswith("\n") else eol)]
    place = unambiguous(text, change, path)
    if not place:
        raise Refusal(Fault.NOT_FOUND, f"the lines to replace are not in {path}", nearest(text, change.before))
    end = place.start + len(change.before)
    raw[place.start : end] = _fitted(change, raw[place.start : end], place.shift, eol)
    return _ended("".join(raw), text, eol)


def unambiguous(text: str, change: Change, path: str) -> Place | None:
    """The place of the change; None where it has none, Refusal where it has several."""
    found = places(text, change.before)
    if len(found) > 1:
        numbers = ", ".join(str(place.start + 1) for place in found[:5]) + (" …" if len(found) > 5 else "")
        why = f"the lines to replace are in {path} more than once (lines {numbers}): add lines around them"
        raise Refusal(Fault.AMBIGUOUS, why, _around(text, found, len(change.before)))
    return found[0] if found else None


def places(text: str, before: Sequence[str]) -> list[Place]:
    """All places that the first reading finds which finds any; at most fifty. Empty lines alone are no place."""
    if not _says_where(before):
        return []
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    if exact := _starts(lines, before):
        return [Place(start) for start in exact]
    bare = [line.rstrip(_SPACE) for line in lines]
    wanted = [line.rstrip(_SPACE) for line in before]
    if trailing := _starts(bare, wanted):
        return [Place(start) for start in trailing]
    starts = _starts([line.lstrip(_SPACE) for line in bare], [line.lstrip(_SPACE) for line in wanted])
    if len(starts) == _MANY:
        return [Place(start) for start in starts]
    shifts = [(start, _shift(wanted, bare[start : start + len(wanted)])) for start in starts]
    return [Place(start, shift) for start, shift in shifts if shift]


def _says_where(before: Sequence[str]) -> bool:
    return any(line.strip() for line in before)


def _starts(lines: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """By one search in one string: its time grows with the text, whatever the text."""
    hay, needle = "\n" + "\n".join(lines) + "\n", "\n" + "\n".join(wanted) + "\n"
    out: list[int] = []
    at = hay.find(needle)
    while at >= 0 and len(out) < _MANY:
        out.append(hay.count("\n", 0, at))
        at = hay.find(needle, at + 1)
    return out


def _shift(wanted: Sequence[str], found: Sequence[str]) -> Shift | None:
    pairs = [(w, f) for w, f in zip(wanted, found, strict=True) if w]
    widths = [(len(w) - len(w.lstrip(_SPACE)), len(f) - len(f.lstrip(_SPACE))) for w, f in pairs[:1]]
    ours, theirs = widths[0]
    shift = Shift(more=pairs[0][1][: max(theirs - ours, 0)], less=pairs[0][0][: max(ours - theirs, 0)])
    return shift if all(shift.less + f == shift.more + w for w, f in pairs) else None


def _around(text: str, found: Sequence[Place], length: int) -> str:
    lines = text.split("\n")
    parts = ["\n".join(lines[max(p.start - 3, 0) : p.start + min(length, 5) + 3]) for p in found[:3]]
    return "\n⋮\n".join(parts)


def _fitted(change: Change, found: Sequence[str], shift: Shift, eol: str) -> list[str]:
    """The new lines; those that were searched for are put back as the file has them."""
    own = dict(zip(change.before, found, strict=True))
    return [own[line] if line in own else _shifted(line, shift) + eol for line in change.after]


def _shifted(line: str, shift: Shift) -> str:
    if not line.strip():
        return line
    if not line.startswith(shift.less):
        raise Refusal(Fault.NOT_FOUND, "the new lines are indented less than the file can follow: copy its indentation")
    return shift.more + line.removeprefix(shift.less)


def _filled(text: str, change: Change, path: str) -> str:
    if text.strip():
        raise Refusal(Fault.NOT_FOUND, f"a change of {path} does not say which lines it replaces, and it is not empty")
    return "".join(line + "\n" for line in change.after)


def _whole(text: str, lines: Sequence[str], path: str, eol: str) -> str:
    """Empty lines at the end are as the file had them; a first line that only names the file is the reply's."""
    first = lines[0] if lines else ""
    if first.lstrip("#/ ").rstrip() in (path, path.rpartition("/")[2]) and not text.startswith(first):
        lines = lines[1:]
    body = "\n".join(lines).rstrip("\n")
    tail = text[len(text.rstrip("\r\n")) :] if text.strip() else "\n"
    return body.replace("\n", eol) + (tail if body else "")


def _ended(new: str, old: str, eol: str) -> str:
    """With a line break at its end, or without one, as before."""
    return new if old.endswith("\n") else new.removesuffix(eol)

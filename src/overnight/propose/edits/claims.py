"""What a reply says of its change: one line each, from outside the code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

_LEAD = r"[ \t>*_#+`-]{0,20}(?:\d{1,2}[.)] ?)?[*_` ]{0,4}"
_BULLET = re.compile(r"[ \t]*(?:[-+*>#]+|\d{1,2}[.)])[ \t]+")
_DECORATION = " \t*_`#>"
_LONGEST = 300


class Claim(Enum):
    """The words that it goes by."""

    HYPOTHESIS = "hypothesis|idea"
    EXPECTED = "expected|expectation|expect"


_LABELS = {claim: re.compile(rf"{_LEAD}(?:{claim.value})\b[^:：]{{0,30}}[:：](.*)", re.IGNORECASE) for claim in Claim}
_HEADINGS = {claim: re.compile(rf"[ \t]{{0,9}}[*_#]+ ?(?:{claim.value})[*_ ]*", re.IGNORECASE) for claim in Claim}


def claimed(lines: Sequence[str], claim: Claim) -> str:
    """What stands behind its label, or on the line below where nothing does."""
    for number, line in enumerate(lines):
        mark = _LABELS[claim].fullmatch(line[: 4 * _LONGEST])
        if said := _plain(mark[1]) if mark else "":
            return said
        if mark or _HEADINGS[claim].fullmatch(line[: 4 * _LONGEST]):
            return next((_without_bullet(below) for below in lines[number + 1 :] if _without_bullet(below)), "")
    return ""


def is_claim(line: str) -> bool:
    return any(label.fullmatch(line[: 4 * _LONGEST]) for label in _LABELS.values())


def first_sentence(lines: Sequence[str]) -> str:
    """The first line of prose: what to call a change that was given no hypothesis."""
    said = (_without_bullet(line) for line in lines if not is_claim(line))
    return next((plain for plain in said if plain.count(" ") > 1 and plain[0].isalpha() and plain[-1] != ":"), "")


def _without_bullet(line: str) -> str:
    bullet = _BULLET.match(line[:_LONGEST])
    return _plain(line[bullet.end() :] if bullet else line)


def _plain(line: str) -> str:
    """A sign in front of a number stays."""
    kept = "".join(c if c.isprintable() else " " for c in line[: 4 * _LONGEST])
    words = " ".join(kept.strip(_DECORATION).split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"

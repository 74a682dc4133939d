"""Which sizes are meant to divide which, where the file says so: `assert n_embd % n_head == 0`, a comment such as
`# a multiple of HEAD_DIM`, or a width beside its number of heads. A hint: what a crash says counts more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from overnight.program.literals import Literal

_COMMENT = re.compile(r"\b(?:multiple of|divisible by)\s+([\w.-]+)", re.IGNORECASE)
_WIDTHS = {"nembd", "embeddim", "embdim", "hiddensize", "hiddendim", "dmodel", "modeldim", "dim", "width", "embd"}
_HEADS = {"nhead", "nheads", "numheads", "numattentionheads", "heads", "head"}


def multiples(literals: Sequence[Literal], divided: Collection[tuple[str, str]]) -> Mapping[str, str]:
    """By name, the name of what divides it. Only where it does so now."""
    sizes = [each for each in literals if type(each.value) is int and each.value > 0]
    found: dict[str, str] = {}
    for whole in sizes:
        for part in sizes:
            if part is not whole and _meant(whole, part, divided) and int(whole.value) % int(part.value) == 0:
                found.setdefault(whole.name, part.name)
    return found


def _meant(whole: Literal, part: Literal, divided: Collection[tuple[str, str]]) -> bool:
    (above, a), (beside, b) = _split(whole.name), _split(part.name)
    if above != beside:
        return False
    said = _COMMENT.search(whole.comment)
    return (a, b) in divided or bool(said and said[1] == b) or (_bare(a) in _WIDTHS and _bare(b) in _HEADS)


def _split(name: str) -> tuple[str, str]:
    above, _, leaf = name.rpartition(".")
    return above, leaf


def _bare(leaf: str) -> str:
    return re.sub(r"[_-]", "", leaf).lower()

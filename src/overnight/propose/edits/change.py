"""The words of this room: what a reply asks for, and why it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """How a reply states its change."""

    BLOCKS = "blocks"
    WHOLE = "whole"
    DIFF = "diff"
    APPLY_PATCH = "apply_patch"


class Fault(StrEnum):
    NO_EDIT = "no-edit"  # nothing that could be applied is in it
    CUT_OFF = "cut-off"  # it ends in the middle of a change
    MALFORMED = "malformed"  # looks like a change, and cannot be read as one
    OUTSIDE = "outside"  # names a file that may not change
    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"  # more than one place, or more than one file, could be meant
    ELIDED = "elided"  # a part stands for the whole
    DOES_NOT_COMPILE = "does-not-compile"
    EMPTY = "empty"  # changes nothing
    TOO_LONG = "too-long"


MOST = 200
"""Changes in one reply, and fences."""


@dataclass(frozen=True, slots=True)
class Problem:
    kind: Fault
    why: str  # one sentence, for the model and for people
    nearest: str = ""  # lines of the file that come nearest to what was searched for, as they stand


class Refusal(Exception):
    """Ends the reading of a reply; `read_reply` hands it over as a value."""

    def __init__(self, kind: Fault, why: str, nearest: str = "") -> None:
        super().__init__(why)
        self.problem = Problem(kind, why, nearest)


def expect_few(count: int, what: str) -> None:
    if count > MOST:
        raise Refusal(Fault.TOO_LONG, f"the reply holds {count} {what}, and more than {MOST} are not read")


@dataclass(frozen=True, slots=True)
class Change:
    """The lines `before` become `after`; where `whole`, all lines of the file do. Lines are without line breaks."""

    path: str  # one that may change; "" where the reply does not say
    before: tuple[str, ...]
    after: tuple[str, ...]
    whole: bool = False

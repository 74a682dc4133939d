"""The sign-off of a night: a person takes what it found, and says so by name.

Like every event it is written before the deed: the commits it names stand in git already, and the refs follow. So the
same command, given again after a kill, finds here what is still to be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from overnight.model import Claim


class How(StrEnum):
    """What a person takes."""

    MERGE = "merge"  # the whole night, into a branch of theirs
    BRANCHES = "branches"  # each independent keep, as a branch of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    kind: ClassVar[str] = "accepted"
    number: int
    by: str  # NAME <MAIL>, or as they called themselves
    how: How
    tip: str  # where the night's branch stood
    commits: Mapping[str, str]  # ref → where it is to stand: the merge, or the tip of each branch
    before: str  # merge: where that ref stood; else the night's baseline
    claim: Claim | None  # of this tip; None: there was none

    @property
    def key(self) -> str:
        return f"accepted/{self.number}"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An `Accepted`, and when it was."""

    at: float
    by: str
    how: How
    tip: str
    commits: Mapping[str, str]
    claim: Claim | None

"""What comes in by hand: somebody has taken a workspace, has told what they made of it, has reported a number that was
measured elsewhere. Each is in the ledger before it has an effect.

An ask has a number of its own, counted from 1 in each night: it may never be told, and only what is told becomes an
experiment (`Proposed.ask`). Ask 0 is the untouched baseline, which nobody has to take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from overnight.model import Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A workspace was given out. It holds the files of `parent`, in `folder`."""

    kind: ClassVar[str] = "asked"
    id: str
    ask: int
    parent: str
    folder: str
    who: str
    idea: str = ""  # of a person, that is in its brief

    @property
    def key(self) -> str:
        return f"asked/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a workspace, once and for all: it is proposed as soon as the night can take it."""

    kind: ClassVar[str] = "told"
    ask: int
    edits: tuple[Edit, ...]  # against the ask's parent
    hypothesis: str

    @property
    def key(self) -> str:
        return f"told/{self.ask}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A number that nothing here has measured. It counts only in a night whose every number is of this kind."""

    kind: ClassVar[str] = "reported"
    id: str
    ask: int
    value: float
    who: str

    @property
    def key(self) -> str:
        return f"reported/{self.id}"


Door: TypeAlias = Asked | Told | Reported

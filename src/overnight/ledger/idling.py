"""A turn of a proposer that came to nothing: what it cost, and why, so that a morning without progress can say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from overnight.model import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Idled:
    kind: ClassVar[str] = "idled"
    number: int  # of the idle turns of this night
    origin: str  # who it was
    trouble: str  # in one word; "": it had nothing to say
    why: str
    until: float  # it is asked again from then on, UTC
    cost: Cost = Cost()
    idea: str = ""  # the idea that it was asked to try

    @property
    def key(self) -> str:
        return f"idled/{self.number}"

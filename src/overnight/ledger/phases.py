"""What happens to a night as a whole: it turns to something else, its keeps are weighed, its gain is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from overnight.model import Claim, Phase, Worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """The night is about something else from here on. `runs` were started so far; so many are `left`, as far as the
    stop rules say: for the whole rest of the night. `thorough`: a person asked for every keep to be examined."""

    kind: ClassVar[str] = "turned"
    number: int
    phase: Phase
    runs: int
    left: int | None  # None: no rule says
    why: str
    thorough: bool = False

    @property
    def key(self) -> str:
        return f"turned/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What the judge believes of every keep, after something has changed it."""

    kind: ClassVar[str] = "weighed"
    number: int
    worths: tuple[Worth, ...]

    @property
    def key(self) -> str:
        return f"weighed/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The only number that is called a gain."""

    kind: ClassVar[str] = "claimed"
    number: int
    commit: str  # of the branch
    claim: Claim

    @property
    def key(self) -> str:
        return f"claimed/{self.number}"

"""What people say to a night while it works, and what it makes of that: remarks, ideas, a pause, an approval, an edit
of program.md. Each is in the ledger before it has an effect, so that a resumed night knows it too, and the morning can
answer it.

Not covered: the end (`StopAsked`), which is older than these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from overnight.model import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """For every brief from here on."""

    kind: ClassVar[str] = "said"
    id: str
    text: str
    who: str

    @property
    def key(self) -> str:
        return f"said/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdeaGiven:
    """To be tried once. The bullets of program.md are ideas too, and are read from its text."""

    kind: ClassVar[str] = "idea_given"
    id: str
    text: str
    who: str

    @property
    def key(self) -> str:
        return f"idea/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """Nothing new is started, and nobody is asked, until `Unpaused` or the end of the session."""

    kind: ClassVar[str] = "paused"
    id: str
    who: str
    why: str = ""

    @property
    def key(self) -> str:
        return f"paused/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaused:
    kind: ClassVar[str] = "unpaused"
    id: str
    who: str

    @property
    def key(self) -> str:
        return f"unpaused/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The judge would keep it, and a person is to say whether it may land. Written once for each experiment. Not
    called `verdict`: it is none yet, and the ledger's columns read that name."""

    kind: ClassVar[str] = "held"
    experiment: int
    found: Verdict

    @property
    def key(self) -> str:
        return f"{self.experiment}/held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A person's answer to `Held`. Never written once the experiment is judged: its record in git is then made."""

    kind: ClassVar[str] = "approved"
    id: str
    experiment: int
    who: str
    yes: bool
    why: str = ""

    @property
    def key(self) -> str:
        return f"approved/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """program.md was edited under way. `settings` are those in force from here on; what was edited and takes effect
    only when the night goes on is named in `later`."""

    kind: ClassVar[str] = "reread"
    number: int
    program_text: str
    settings: Mapping[str, Any]
    changed: tuple[str, ...]  # in words, such as "stop.experiments 100, was 50"
    later: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"reread/{self.number}"


Steered: TypeAlias = Said | IdeaGiven | Paused | Unpaused | Held | Approved | Reread

"""What people have said to a night, and what has become of it: folded from the ledger, and kept nowhere else.

A pause lasts until somebody takes it back, or until the session ends in order: after a kill it is still in force. An
idea waits until a proposer is asked to try it. It is tried once: its verdict is its answer. Where the asked proposer
gave nothing, it waits again, so many times. An approval is of a change, not of a commit: what was approved and then
put on top of a newer keep lands if the judge keeps it there too, and nobody is asked again.

`asked` is the one thing in here that no ledger knows: a resumed night asks anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from overnight.errors import ProgramError
from overnight.ledger.events import Closed, Entry, Judged, Opened, Proposed, Session
from overnight.ledger.idling import Idled
from overnight.ledger.ledger import Reader
from overnight.ledger.steering import Approved, Held, IdeaGiven, Paused, Reread, Said, Unpaused
from overnight.model import Idea
from overnight.program.front import split
from overnight.program.ideas import ideas_of
from overnight.propose.trouble import Trouble

REMARKS = 20  # the newest are in every brief
CONCERNED = """
    SELECT key FROM event WHERE kind IN (
        'opened', 'session', 'closed', 'said', 'idea_given', 'paused', 'unpaused', 'held', 'approved', 'reread')
    OR (kind IN ('proposed', 'idled') AND json_extract(body, '$.idea') <> '')
    OR (kind = 'judged' AND experiment IN (SELECT experiment FROM event WHERE kind = 'held')) ORDER BY seq"""
TRIES = 3  # asks for one idea that may come to nothing
FILE = "program.md"
UNTHOUGHT = (Trouble.MISSING, Trouble.VERSION, Trouble.LOGIN, Trouble.QUOTA, Trouble.RATE, Trouble.DOWN)
"""Nobody has looked at the idea: such an ask does not count."""


@dataclass(frozen=True, slots=True)
class Remark:
    at: float
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Pause:
    since: float
    who: str
    why: str


class Fate(StrEnum):
    """What has become of an idea so far."""

    WAITS = "not tried yet"
    TRIED = "tried"
    GIVEN_UP = "given up"  # nobody made anything of it
    WITHDRAWN = "withdrawn"  # taken out of program.md before anybody tried it


@dataclass(slots=True)
class Wish:
    """An idea, as the morning answers it. `number` is for people."""

    number: int
    idea: Idea
    who: str
    at: float
    experiments: list[int] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)  # why an ask for it came to nothing
    withdrawn: bool = False

    @property
    def fate(self) -> Fate:
        if self.experiments:
            return Fate.TRIED
        if self.withdrawn:
            return Fate.WITHDRAWN
        return Fate.GIVEN_UP if len(self.idle) >= TRIES else Fate.WAITS


@dataclass(slots=True)
class Steering:
    paused: Pause | None = None
    remarks: list[Remark] = field(default_factory=list)
    wishes: dict[str, Wish] = field(default_factory=dict)  # by the idea's id, in the order in which they were given
    held: dict[int, Held] = field(default_factory=dict)  # keeps that no person has answered, and that wait
    approvals: dict[int, Approved] = field(default_factory=dict)  # of experiments that are not judged
    rereads: int = 0
    asked: set[str] = field(default_factory=set)  # ideas that somebody is thinking about now

    @property
    def said(self) -> Sequence[str]:
        """Oldest first."""
        return [remark.text for remark in self.remarks]

    @property
    def ideas(self) -> Sequence[Idea]:
        """Those that wait, the next one first."""
        return [wish.idea for wish in self._waiting()]

    def idea_for(self) -> Idea | None:
        """What the next ask should try."""
        return next((wish.idea for wish in self._waiting()), None)

    def ask(self, idea: str) -> None:
        """Somebody has been asked to try it: nobody else is, meanwhile."""
        self.asked.add(idea)

    def give_back(self, idea: str) -> None:
        """The ask is over."""
        self.asked.discard(idea)

    def needs_approval(self, experiment: int) -> bool:
        """Nobody has said yes or no to it."""
        return experiment not in self.approvals

    def fold(self, entry: Entry) -> None:
        match event := entry.event:
            case Opened() | Session() | Reread():
                self._read(event.program_text, entry.at)
                self.rereads += isinstance(event, Reread)
                if isinstance(event, Session):
                    self.asked.clear()
            case Said():
                self.remarks = [*self.remarks, Remark(entry.at, event.who, event.text)][-REMARKS:]
            case IdeaGiven():
                self._wish(Idea(event.id, event.text), event.who, entry.at)
            case Paused():
                self.paused = self.paused or Pause(entry.at, event.who, event.why)
            case Unpaused() | Closed():
                self.paused = None
            case Proposed() if event.idea in self.wishes:
                self.wishes[event.idea].experiments.append(event.experiment)
            case Idled() if event.idea in self.wishes and event.trouble not in UNTHOUGHT:
                self.wishes[event.idea].idle.append(event.why)
            case Held():
                self.held[event.experiment] = event
            case Approved():
                self.held.pop(event.experiment, None)
                self.approvals[event.experiment] = event
            case Judged():
                self.held.pop(event.verdict.experiment, None)
                self.approvals.pop(event.verdict.experiment, None)

    def _waiting(self) -> Iterator[Wish]:
        return (wish for id, wish in self.wishes.items() if wish.fate is Fate.WAITS and id not in self.asked)

    def _wish(self, idea: Idea, who: str, at: float) -> None:
        self.wishes.setdefault(idea.id, Wish(len(self.wishes) + 1, idea, who, at))

    def _read(self, program_text: str, at: float) -> None:
        """Ideas of program.md come and go with its text; what was tried stays on record."""
        now = {idea.id: idea for idea in _ideas(program_text)}
        for idea in now.values():
            self._wish(idea, FILE, at)
        for wish in self.wishes.values():
            if wish.who == FILE:
                wish.withdrawn = wish.idea.id not in now


def steering_of(reader: Reader) -> Steering:
    """As its ledger has it, for whoever is not the coordinator: of a long night only what concerns it is read."""
    steering = Steering()
    for (key,) in list(reader.query(CONCERNED)):
        if entry := reader.find(key):
            steering.fold(entry)
    return steering


def _ideas(program_text: str) -> list[Idea]:
    """A text that a later version of Overnight can no longer part has none: the ledger is older than the reader."""
    try:
        return ideas_of(split(Path(FILE), program_text).prose)
    except ProgramError:
        return []

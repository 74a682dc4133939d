"""The words of an attack: a cheat as data, what was seen of it, and what is concluded.

`held` is said only where the cheat ran to its end, or to the limit that stops it, and its effect was looked for and not
found. Whatever falls short of that is `not tried`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from overnight.measure.attack.remedies import Remedy
from overnight.model import Purpose, Status, Trial
from overnight.program.program import Program


class Group(StrEnum):
    NUMBER = "The number"
    DATA = "The data it is made from"
    AROUND = "What is around a run"
    LIMITS = "Time, limits and what is left"


class Outcome(StrEnum):
    HELD = "held"
    THROUGH = "got through"
    UNTRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when the runs of a cheat are over."""

    program: Program
    trials: tuple[Trial, ...]
    said: tuple[Mapping[str, Any], ...]  # by the payload, wherever it ran
    heard: str  # what scorers printed
    kept: str  # what was kept of the runs, as text
    scored: bool  # a scorer was started on what a run left
    outside: tuple[str, ...]  # what the targets show
    planted: float
    token: str
    secret: str  # what no run may see

    def all(self, key: str) -> Iterator[Any]:
        return (each[key] for each in self.said if key in each)

    @property
    def counted(self) -> bool:
        """The planted number is the metric, or made the scorer print something of the payload's."""
        metric = self.program.metric
        numbers = [scores[metric].value for t in self.trials for scores in (t.scores, t.hidden) if metric in scores]
        return self.planted in numbers or f"\n# {self.token}" in f"\n{self.heard}"


@dataclass(frozen=True, slots=True)
class Cheat:
    name: str
    group: Group
    tries: str
    payload: str
    seen: Callable[[Evidence], str]  # what it did; "" where it did nothing
    remedy: Remedy
    unfit: Callable[[Program], str] = lambda _: ""  # why it cannot be tried on this program
    limits: Mapping[str, Any] = field(default_factory=dict)  # in the place of the program's own, for this cheat
    seconds: float = 10.0  # before it is ended
    turns: tuple[Purpose, ...] = (Purpose.SCREEN,)  # its runs, one after the other
    beside: bool = False  # another run is under way meanwhile
    ends: frozenset[Status] = frozenset()  # how it ends where it is stopped before its own end


@dataclass(frozen=True, slots=True)
class Finding:
    cheat: Cheat
    outcome: Outcome
    why: str


def conclude(cheat: Cheat, evidence: Evidence) -> Finding:
    *_, last = evidence.trials
    if not any(evidence.all("ran")):
        return Finding(cheat, Outcome.UNTRIED, last.why)
    for why in evidence.all("cannot"):
        return Finding(cheat, Outcome.UNTRIED, str(why))
    if last.status not in cheat.ends and (effect := cheat.seen(evidence)):
        return Finding(cheat, Outcome.THROUGH, effect)
    if last.status in cheat.ends or sum(evidence.all("done")) >= len(cheat.turns):
        return Finding(cheat, Outcome.HELD, f"{last.status}: {last.why}")
    return Finding(cheat, Outcome.UNTRIED, f"it broke off: {last.why}")

"""The interface of what is believed: a pure fold over recorded events. `verify` replays it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from overnight.ledger.events import Event
from overnight.model import Purpose, Split, Verdict
from overnight.program.program import Program

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Want:
    """A run that the judge would like. `index` counts the experiment's runs for this purpose."""

    experiment: int
    purpose: Purpose
    index: int = 0
    split: Split = Split.VISIBLE


class Policy(Protocol[State]):
    """No I/O, no clock, no chance: the same events give the same verdicts, on any machine, for ever."""

    def start(self, program: Program) -> State: ...

    def step(self, state: State, event: Event) -> tuple[State, list[Verdict]]:
        """Folds one event in. A `Rebased` means: forget this experiment's scores, it stands on a new incumbent.
        A `Session` brings the settings in force from here on."""
        ...

    def wants(self, state: State, free: int) -> list[Want]:
        """What should run next, most valuable first, also what is already under way. Called often: must not cost
        more as the night grows."""
        ...


AnyPolicy: TypeAlias = Policy[Any]
"""For those who carry a policy and its state together without looking inside."""

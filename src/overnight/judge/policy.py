"""The interface of what is believed: a pure fold over recorded events. `verify` replays it.

A policy never starts a run and never moves a branch: it says which runs it would like, which keeps it would like to see
removed, and what it makes of what came of them. A removal is a proposal like any other (`Proposed.removes`): measured
on the branch, kept when the branch is better without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from overnight.ledger.events import Event
from overnight.model import Claim, Phase, Purpose, Rung, Split, Verdict, Worth
from overnight.program.program import Program

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Want:
    """A run that the judge would like. `index` counts the experiment's runs for this purpose on its present commit.
    INCUMBENT and CLAIM runs are of experiments that are recorded: the newest keep (its kept commit), the baseline."""

    experiment: int
    purpose: Purpose
    index: int = 0
    split: Split = Split.VISIBLE
    rungs: tuple[Rung, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """A keep that the judge would like to see the branch without."""

    keep: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the judge says of the whole night at this moment."""

    reserve: int = 0  # runs that the claim may need: the search must leave so many
    worths: tuple[Worth, ...] = ()  # every keep but the baseline, in the order of their landing
    claim: Claim | None = None  # once its runs are there
    noise: float | None = None  # standard deviation of one run, in units of the metric; None: not known yet
    step: float = 0.0  # scores are released to agents in steps of this


class Policy(Protocol[State]):
    """No I/O, no clock, no chance: the same events give the same verdicts, on any machine, for ever."""

    phases: tuple[Phase, ...]
    """What a night does after its search, in order."""

    def start(self, program: Program) -> State: ...

    def step(self, state: State, event: Event) -> tuple[State, list[Verdict]]:
        """Folds one event in. A `Rebased` means: this experiment stands on a new incumbent, and must be measured there.
        A `Session` brings the settings in force from here on, and means that it is SEARCH again. A `Turned` begins a
        phase; at CLAIM every experiment that is still open gets its verdict."""
        ...

    def wants(self, state: State, free: int) -> list[Want | Removal]:
        """What should run next, most valuable first, also what is already under way. Called often: must not cost
        more as the night grows. A Removal is wanted until its Proposed comes. Nothing wanted in a phase after the
        search, with nothing open: that phase is over."""
        ...

    def outlook(self, state: State, total: int | None) -> Outlook:
        """`total`: runs that the night will have had at its end, as far as its stop rules say."""
        ...


AnyPolicy: TypeAlias = Policy[Any]
"""For those who carry a policy and its state together without looking inside."""

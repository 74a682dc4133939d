"""The interface of whoever has ideas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from overnight.model import Experiment, Idea, Proposal, Wait
from overnight.program.program import Program


@dataclass(frozen=True, slots=True)
class View:
    """What a proposer is shown. No hidden number is in it, because none is put in."""

    program: Program
    number: int  # of the next experiment
    seed: int  # of this ask: the same ask after a resume draws the same
    incumbent: str  # commit: a Proposal's parent
    files: Mapping[str, str]  # the editable files of the incumbent
    best: float | None  # its score, as far as it is released
    in_flight: Sequence[str]  # hypotheses being measured now
    direction: str = ""  # what this proposer should look at, so that those who think at the same time differ
    said: Sequence[str] = ()  # by people, oldest first
    idea: Idea | None = None  # to be tried by this proposal
    baseline: float | None = None  # its score, as far as it is released
    noise: float | None = None  # standard deviation of one run, where it is known
    believed: Sequence[str] = ()  # what the optimiser has learnt of the knobs, in sentences


class Proposer(Protocol):
    """Lives on a thread of its own; every call comes from that thread, one at a time. May have `thinks = True`, for
    whoever is to be asked ahead, and `origin`, by which its record is kept: else it is the name in `agent:`."""

    trusted: bool
    """Ours, and no reader of labels: it is told exact visible scores. Everybody else is told what the judge releases:
    in steps, and only what is better than the best so far."""

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        """Up to `n` proposals, each handed over as soon as it is there. May give fewer, or a Wait; an iterator
        that ends without either means that this proposer has no more ideas on this incumbent."""
        ...

    def observe(self, experiment: Experiment) -> None:
        """Called with every finished experiment of the night, whoever proposed it; on resume with all of them again."""
        ...

    def close(self) -> None: ...

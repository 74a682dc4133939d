"""Fakes for tests, ours and other people's: a clock that is told the time, a scripted proposer, a small program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from overnight.clock import Now
from overnight.model import Experiment, Goal, Proposal, Wait
from overnight.program.program import Box, Program
from overnight.propose.proposer import View


@dataclass(slots=True)
class FakeClock:
    """Stands still until it is told to move."""

    utc: float = 1_000_000_000.0
    mono: float = 0.0
    offset_seconds: int = 0

    def now(self) -> Now:
        return Now(self.utc, self.mono, self.offset_seconds)

    def advance(self, seconds: float) -> None:
        self.utc += seconds
        self.mono += seconds


Line = Mapping[str, str] | Callable[[View], Mapping[str, str]] | Wait
"""What a scripted proposer says next: files, a function that makes them from what it is shown, or a Wait."""


@dataclass(slots=True)
class Scripted:
    """A proposer that says line k as experiment k, also in a resumed night, and then has no more ideas.
    `observed`: what it was told."""

    lines: Sequence[Line]
    name: str = "scripted"
    trusted: bool = False
    said: int = 0
    observed: list[Experiment] = field(default_factory=list)

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        self.said = max(self.said, view.number - 1)
        for line in self.lines[self.said : self.said + n]:
            self.said += 1
            if isinstance(line, Wait):
                yield line
                return
            files = line(view) if callable(line) else line
            yield Proposal(files, view.incumbent, self.name, f"line {self.said}")

    def observe(self, experiment: Experiment) -> None:
        self.observed.append(experiment)

    def close(self) -> None: ...


def a_program(**changes: Any) -> Program:
    """A program that minimizes the loss of train.py, but for `changes`."""
    plain = Program(
        path=Path("program.md"),
        text="",
        prose="",
        folder="",
        edit=("train.py",),
        protect=(),
        run="python train.py",
        metric="loss",
        goal=Goal.MINIMIZE,
        box=Box(10.0),
        kill_after_seconds=20.0,
    )
    return replace(plain, **changes)

"""What the program says that concerns the judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from overnight.model import Goal
from overnight.program.program import Guard, Program


@dataclass(frozen=True, slots=True)
class Rules:
    metric: str
    goal: Goal
    guards: tuple[Guard, ...]
    margin: float  # share of the metric
    price: float  # share of the metric, per line
    timing: bool
    claim: int  # runs a side, at least
    expected: int | None  # runs that the night will have, as far as the program says

    @property
    def sign(self) -> int:
        return -1 if self.goal is Goal.MINIMIZE else 1

    def edited(self, settings: Mapping[str, Any]) -> Rules:
        """With what may have been edited while nobody ran."""
        return replace(
            self,
            guards=msgspec.convert(settings.get("guards", ()), tuple[Guard, ...]),
            margin=float(settings.get("margin", self.margin)),
            price=float(settings.get("price", self.price)),
            claim=int(settings.get("claim", self.claim)),
        )


def rules(program: Program) -> Rules:
    return Rules(
        metric=program.metric,
        goal=program.goal,
        guards=program.guards,
        margin=program.margin,
        price=program.price,
        timing=program.timing is not None,
        claim=program.claim,
        expected=_expected(program),
    )


def _expected(program: Program) -> int | None:
    stop = program.stop
    by_time = None if stop.seconds is None else int(stop.seconds / program.box.seconds) * program.slots
    return min((n for n in (stop.experiments, by_time) if n is not None), default=None)

"""An experiment while it is under way."""

from __future__ import annotations

from dataclasses import dataclass, field

from overnight.ledger import events as ev
from overnight.model import Call, Trial, Verdict


@dataclass(slots=True)
class Open:
    """An experiment between its proposal and its record."""

    proposed: ev.Proposed
    base: str  # the incumbent it stands on
    commit: str | None = None
    rebases: int = 0
    trials: list[Trial] = field(default_factory=list)
    verdict: Verdict | None = None  # not yet written down
    judged: ev.Judged | None = None
    landed: str | None = None  # its commit on the branch, once it is kept
    released: float | None = None  # the score that agents are told
    counts: bool = True  # False for what was never run: a duplicate, a refusal

    @property
    def number(self) -> int:
        return self.proposed.experiment

    @property
    def removes(self) -> int | None:
        return self.proposed.removes

    @property
    def unseen(self) -> bool:
        """Nothing is known of it yet but that it can be measured."""
        return self.commit is not None and self.verdict is None and not self.trials

    def decide(self, call: Call, why: str) -> None:
        """Without the judge: what cannot be measured."""
        self.verdict = Verdict(self.number, call, why, removes=self.removes)

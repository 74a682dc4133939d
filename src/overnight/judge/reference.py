"""What the incumbent scores: a bank of its runs, which every candidate on it is compared with.

A new incumbent was picked because it scored well, so part of its score is luck: the part that shrinkage sees is taken
off before anything is compared with it. Where the machine drifts, a bank ages: each run of the night makes it
worth a little less, so that it is refreshed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Bank:
    visible: float
    hidden: float
    a: float  # it is as good as 1/a runs
    runs: int  # that it is made of
    told: float  # the visible score as people see it, without any correction
    at: float = 0.0  # runs of the night when it was added to: the last time, or, on a steady machine, in the mean
    fixed: float = 0.0  # the mean of both sets that it began with
    done: frozenset[int] = field(default_factory=frozenset)  # indices of the incumbent's runs that have ended
    failed: int = 0  # of these, in a row

    def worth(self, runs: int, ageing: float) -> float:
        """`a` at this moment of the night."""
        return self.a + ageing * (runs - self.at)

    def another(self, visible: float, hidden: float, runs: int, ageing: float) -> Bank:
        a = self.worth(runs, ageing)
        share = a / (a + 1)
        return replace(
            self,
            visible=self.visible + share * (visible - self.visible),
            hidden=self.hidden + share * (hidden - self.hidden),
            a=a * (1 - share),
            runs=self.runs + 1,
            told=self.told + (visible - self.told) / (self.runs + 1),
            at=runs if ageing else self.at + share * (runs - self.at),
            failed=0,
        )

    def shifted(self, visible: float, hidden: float, a: float) -> Bank:
        """The bank of what differs from this by so much, as far as is known."""
        return replace(
            self,
            visible=self.visible + visible,
            hidden=self.hidden + hidden,
            told=self.told + visible,
            a=self.a + a,
            done=frozenset(),
            failed=0,
        )

"""A night in the head: a policy hears the events that a real night would give it, and its wishes are granted.

`measure` stands for the runs: it is told which experiment is run and why, and says a number, two (visible, hidden),
or how the run failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from overnight.judge.policy import AnyPolicy, Removal, Want
from overnight.ledger.events import Admitted, Event, Judged, Proposed, Rebased, Recorded, RunDone, RunStarted, Turned
from overnight.model import Call, Phase, Purpose, Run, Score, Split, Status, Trial, Usage, Verdict
from overnight.program.program import Program
from overnight.testing import a_program

Outcome = float | tuple[float, float] | Status | Trial
Measure = Callable[[Run], Outcome]


@dataclass
class Court:
    policy: AnyPolicy
    measure: Measure
    program: Program = field(default_factory=a_program)
    state: Any = None
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    open: dict[int, Proposed] = field(default_factory=dict)
    heard: list[Event] = field(default_factory=list)
    ran: list[Run] = field(default_factory=list)
    branch: str = ""

    def __post_init__(self) -> None:
        self.state = self.policy.start(self.program)

    def hear(self, *events: Event) -> None:
        for event in events:
            self.heard.append(event)
            self.state, verdicts = self.policy.step(self.state, event)
            self.verdicts |= {verdict.experiment: verdict for verdict in verdicts}

    def propose(self, number: int, removes: int | None = None, saved: int = 0) -> None:
        parent = self.branch or "start"
        proposed = Proposed(experiment=number, parent=parent, edits=(), origin="", hypothesis="", removes=removes)
        self.open[number] = proposed
        admitted = Admitted(experiment=number, commit=f"c{number}", fingerprint="", size=100 - saved, parent_size=100)
        self.hear(proposed, admitted)

    def wants(self, free: int = 1) -> list[Want | Removal]:
        return self.policy.wants(self.state, free)

    def run(self, want: Want | Removal) -> None:
        """Grants a run; a Removal is proposed, as the next experiment."""
        if isinstance(want, Removal):
            self.propose(self.next_number(), removes=want.keep)
            return
        commit = f"c{want.experiment}" if want.experiment in self.open else f"k{want.experiment}"
        name = f"{want.experiment}-{want.purpose}-{want.index}"
        run = Run(name, want.experiment, commit, want.purpose, want.split, 1, 1.0, 2.0)
        assert run not in self.ran, "the same run twice"
        self.ran.append(run)
        self.hear(RunStarted(run=run, attempt=1, slot=""), RunDone(run=run, trial=trial(run, self.measure(run))))

    def decide(self, number: int) -> Verdict:
        """Grants runs until the experiment has its verdict, and records it."""
        while number not in self.verdicts:
            self.run(self.wants()[0])
        return self.record(number)

    def record(self, number: int) -> Verdict:
        verdict = self.verdicts[number]
        kept = f"k{number}" if verdict.call is Call.KEEP else None
        self.branch = kept or self.branch
        del self.open[number]
        self.hear(
            Judged(verdict=verdict, commit=f"c{number}", log_tip="", branch_tip=""),
            Recorded(experiment=number, entry="", kept=kept),
        )
        return verdict

    def judge(self, number: int, saved: int = 0) -> Verdict:
        self.propose(number, saved=saved)
        return self.decide(number)

    def rebase(self, number: int) -> None:
        self.verdicts.pop(number, None)
        commit = f"c{number}"
        again = Rebased(experiment=number, onto=self.branch, commit=commit, fingerprint="", size=100, parent_size=100)
        self.hear(again)

    def turn(self, phase: Phase, left: int | None = 100, thorough: bool = False) -> None:
        runs = len(self.ran)
        self.hear(Turned(number=runs, phase=phase, runs=runs, left=left, why="", thorough=thorough))

    def finish(self) -> None:
        """Grants everything that is wanted until nothing is."""
        while True:
            for number in [n for n in self.open if n in self.verdicts]:
                self.record(number)
            wants = self.wants()
            if not wants:
                return
            self.run(wants[0])

    def next_number(self) -> int:
        return 1 + max(event.experiment for event in self.heard if isinstance(event, Proposed))

    def purposes(self) -> list[Purpose]:
        return [run.purpose for run in self.ran]


def trial(run: Run, outcome: Outcome) -> Trial:
    plain = Trial(run.id, 1, Status.OK, {}, Usage(), 0, None, "", "")
    match outcome:
        case Trial():
            return outcome
        case Status():
            return replace(plain, status=outcome, why="what was seen")
        case (visible, hidden):
            if run.split is Split.SEALED:
                return replace(plain, scores={"loss": Score(hidden)})
            return replace(plain, scores={"loss": Score(visible)}, hidden={"loss": Score(hidden)})
    return replace(plain, scores={"loss": Score(outcome)})

"""The plain rule: keep what is better, and a tie only where it makes the code smaller.

One run decides, so noise is banked as progress: this is the rule that everybody else has, kept for comparison and
for tasks whose number does not move from run to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from overnight.judge.policy import Outlook, Removal, Want
from overnight.ledger.events import Admitted, Event, Judged, Proposed, Rebased, Recorded, RunDone, Session
from overnight.model import Call, Goal, Phase, Purpose, Score, Status, Trial, Verdict
from overnight.program.program import Guard, Program

CALLS = {
    Status.TIMEOUT: Call.TIMEOUT,
    Status.NOT_FINITE: Call.INVALID,
    Status.PRUNED: Call.PRUNED,
    Status.REFUSED: Call.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An experiment that waits for its run. `base` is the incumbent that it stands on."""

    number: int
    base: str
    lines_saved: int = 0
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Greedy:
    metric: str
    goal: Goal
    guards: tuple[Guard, ...]
    candidates: Mapping[int, Candidate] = field(default_factory=dict)
    references: Mapping[str, float] = field(default_factory=dict)  # score of each incumbent still stood on
    landing: float | None = None  # score of the keep that is being recorded


class GreedyPolicy:
    """Implements `Policy`."""

    phases: tuple[Phase, ...] = ()

    def start(self, program: Program) -> Greedy:
        return Greedy(program.metric, program.goal, program.guards)

    def step(self, state: Greedy, event: Event) -> tuple[Greedy, list[Verdict]]:
        match event:
            case Session():  # the guards may have been edited while nobody ran
                guards = msgspec.convert(event.settings["guards"], tuple[Guard, ...])
                return replace(state, guards=guards), []
            case Proposed():
                return _with(state, Candidate(event.experiment, event.parent)), []
            case Admitted():
                return _admit(state, event), []
            case Rebased() if event.commit is not None:
                saved = event.parent_size - event.size
                return _with(state, Candidate(event.experiment, event.onto, saved, ready=True)), []
            case RunDone() if event.experiment in state.candidates:
                verdict = judge(state, state.candidates[event.experiment], event.trial)
                return replace(state, candidates=_without(state, event.experiment)), [verdict]
            case Judged():
                landing = event.verdict.score if event.verdict.call is Call.KEEP else None
                return replace(state, candidates=_without(state, event.experiment), landing=landing), []
            case Recorded() if event.kept is not None and state.landing is not None:
                return _land(state, event.kept, state.landing), []
        return state, []

    def wants(self, state: Greedy, free: int) -> list[Want | Removal]:  # noqa: ARG002 - a richer rule uses what is free
        return [
            Want(candidate.number, Purpose.SCREEN if candidate.number else Purpose.BASELINE)
            for candidate in state.candidates.values()
            if candidate.ready
        ]

    def outlook(self, state: Greedy, total: int | None) -> Outlook:  # noqa: ARG002 - it looks at nothing
        return Outlook()


def judge(state: Greedy, candidate: Candidate, trial: Trial) -> Verdict:
    if trial.status is not Status.OK:
        return Verdict(candidate.number, called(trial.status), trial.why)
    score = trial.scores[state.metric].value
    if broken := broken_guard(state.guards, trial.scores):
        return Verdict(candidate.number, Call.DISCARD, broken, score)
    if candidate.number == 0:
        return Verdict(0, Call.KEEP, f"the untouched baseline: {state.metric} {score:.6f}", score)
    return _compare(state, candidate, score, state.references[candidate.base])


def called(status: Status) -> Call:
    """The word for a run that gave no score."""
    return CALLS.get(status, Call.CRASH)


def broken_guard(guards: Sequence[Guard], scores: Mapping[str, Score]) -> str:
    """The sentence that says which guard does not hold; empty when all do."""
    for guard in guards:
        if guard.metric not in scores:
            return f"guard {guard}: the run did not report {guard.metric}"
        if not guard.holds(scores[guard.metric].value):
            return f"guard {guard}: it was {scores[guard.metric].value:g}"
    return ""


def _compare(state: Greedy, candidate: Candidate, score: float, against: float) -> Verdict:
    saved = candidate.lines_saved
    if state.goal.better(score, against):
        return Verdict(candidate.number, Call.KEEP, f"better: {_change(score, against)}", score, against)
    if score == against and saved > 0:
        why = f"a tie at {score:.6f} with {saved} line{'s' * (saved > 1)} of code less"
        return Verdict(candidate.number, Call.KEEP, why, score, against, simpler=True)
    word = "a tie that is no simpler" if score == against else "not better"
    return Verdict(candidate.number, Call.DISCARD, f"{word}: {_change(score, against)}", score, against)


def _change(score: float, against: float) -> str:
    share = f" ({(score - against) / abs(against) * 100:+.2f} %)".replace("-", "−") if against else ""
    return f"{score:.6f} against {against:.6f}{share}"


def _admit(state: Greedy, event: Admitted) -> Greedy:
    if event.problem:
        return replace(state, candidates=_without(state, event.experiment))
    saved = event.parent_size - event.size
    return _with(state, replace(state.candidates[event.experiment], ready=True, lines_saved=saved))


def _land(state: Greedy, kept: str, score: float) -> Greedy:
    stood_on = {candidate.base for candidate in state.candidates.values()}
    references = {base: state.references[base] for base in stood_on if base in state.references}
    return replace(state, references=references | {kept: score}, landing=None)


def _with(state: Greedy, candidate: Candidate) -> Greedy:
    return replace(state, candidates={**state.candidates, candidate.number: candidate})


def _without(state: Greedy, number: int) -> Mapping[int, Candidate]:
    return {n: candidate for n, candidate in state.candidates.items() if n != number}

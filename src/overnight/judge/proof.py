"""The default policy: quick bets on the branch, strict words about them.

What a candidate is worth is weighed after every run, its own or the incumbent's, and measured on while that is worth
the runs (`candidates.py`). A keep is an adoption into the branch, with its chance of being worth nothing. At dawn the
removal of the keeps in doubt is measured (`dawn.py`); at the end what is not believed goes, and the branch is measured
against the baseline on data that was never looked at (`claim.py`).

A verdict is a pure function of the events. What the noise is, how large changes are here and how far two sets of
examples disagree, all this is learned from the same runs: the judge is told nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from overnight.judge import calibrate, candidates, claim, dawn
from overnight.judge.drift import Drift
from overnight.judge.keeps import landed
from overnight.judge.kill import Hopes
from overnight.judge.policy import Outlook, Removal, Want
from overnight.judge.reading import Yardstick
from overnight.judge.rules import rules
from overnight.judge.state import Candidate, Proof
from overnight.judge.weigh import step_of_release
from overnight.ledger.events import Admitted, Event, Judged, Proposed, Rebased, Recorded, RunDone, Session, Turned
from overnight.model import Call, Phase, Purpose, Verdict
from overnight.program.program import Program

Heard = tuple[Proof, list[Verdict]]


class ProofPolicy:
    """Implements `Policy`."""

    phases: tuple[Phase, ...] = (Phase.DAWN, Phase.CLAIM)

    def start(self, program: Program) -> Proof:
        read = rules(program)
        return Proof(read, Yardstick(read.metric, read.sign), Hopes.of(program), drift=Drift(read.timing))

    def step(self, state: Proof, event: Event) -> Heard:
        if state.hopes.curve is not None or isinstance(event, Session):
            state = replace(state, hopes=state.hopes.step(event))
        match event:
            case RunDone():
                return RUNS[event.run.purpose](replace(state, runs=state.runs + 1), event.run, event.trial)
            case Proposed():
                return _with(state, Candidate(event.experiment, event.parent, event.removes)), []
            case Admitted() if event.experiment in state.open and not event.problem:
                candidate = state.open[event.experiment]
                return _ready(state, replace(candidate, lines_saved=event.parent_size - event.size))
            case Rebased() if event.commit is not None:
                known = state.open.get(event.experiment)
                saved = event.parent_size - event.size
                fresh = Candidate(event.experiment, event.onto, known.removes if known else None, lines_saved=saved)
                return _ready(state, fresh)
            case Judged() if event.experiment in state.open:
                return _judged(state, event.verdict), []
            case Recorded() if event.kept is not None and state.landing is not None:
                return landed(state, state.landing, event.experiment, event.kept), []
            case Session():
                return replace(state, rules=state.rules.edited(event.settings), phase=Phase.SEARCH), []
            case Turned(phase=Phase.DAWN):
                return dawn.begin(state, event), []
            case Turned(phase=Phase.CLAIM):
                return claim.begin(state, event)
        return state, []

    def wants(self, state: Proof, free: int) -> list[Want | Removal]:
        if not state.incumbent:
            return [*calibrate.wants(state)]
        if state.phase is Phase.CLAIM:
            return claim.wants(state)
        waited_for = [*candidates.repeats(state, free), *dawn.wants(state, free)]
        return [*(waited_for or candidates.refreshed(state)), *candidates.screens(state)]

    def outlook(self, state: Proof, total: int | None) -> Outlook:
        return Outlook(
            reserve=claim.reserve(state, total),
            worths=state.worths,
            claim=state.claiming.result if state.claiming else None,
            noise=state.noise.sigma if state.noise.df else None,
            step=step_of_release(state) if state.incumbent else 0.0,
        )


RUNS: Mapping[Purpose, Callable[..., Heard]] = {
    Purpose.BASELINE: calibrate.take,
    Purpose.SCREEN: candidates.take,
    Purpose.REPEAT: candidates.take,
    Purpose.INCUMBENT: candidates.take_incumbent,
    Purpose.ABLATION: dawn.take,
    Purpose.CLAIM: claim.take,
}


def _with(state: Proof, candidate: Candidate) -> Proof:
    return replace(state, open={**state.open, candidate.number: candidate})


def _ready(state: Proof, candidate: Candidate) -> Heard:
    """It can be measured; or, where nothing is measured any more, it has its verdict at once."""
    state = _with(state, replace(candidate, ready=True))
    return claim.close(state, candidate.number) if state.phase is Phase.CLAIM else (state, [])


def _judged(state: Proof, verdict: Verdict) -> Proof:
    candidate = state.open[verdict.experiment]
    rest = {number: each for number, each in state.open.items() if number != verdict.experiment}
    keep = verdict.call is Call.KEEP
    if candidate.removes is not None and not keep:
        state = dawn.stays(state, candidate.removes)
    return replace(state, open=rest, landing=candidate.landing if keep else None)

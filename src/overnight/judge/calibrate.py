"""The first runs: the baseline, a few times over, so that the noise is known before anything is compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from overnight.judge import guards, words
from overnight.judge.greedy import called
from overnight.judge.policy import Want
from overnight.judge.reading import yardstick
from overnight.judge.reference import Bank
from overnight.judge.state import Candidate, Landing, Proof
from overnight.model import Call, Purpose, Run, Status, Trial, Verdict

RUNS = 4
"""With two, a quarter to a half of all keeps were false in simulated nights: the noise was not known."""


def wants(state: Proof, runs: int = RUNS) -> Iterator[Want]:
    baseline = state.open.get(0)
    if baseline is not None and baseline.ready and not baseline.settled:
        yield from (Want(0, Purpose.BASELINE, i) for i in range(runs) if i not in state.measured)


def take(state: Proof, run: Run, trial: Trial, runs: int = RUNS) -> tuple[Proof, list[Verdict]]:
    baseline = state.open.get(0)
    if baseline is None or baseline.settled:
        return state, []
    if trial.status is not Status.OK:
        return _settled(state, baseline), [Verdict(0, called(trial.status), trial.why)]
    if not state.measured:
        state = replace(state, yardstick=yardstick(state.rules.metric, state.rules.sign, trial))
    if not state.yardstick.readable(trial):
        return _settled(state, baseline), [Verdict(0, Call.INVALID, "its runs do not report the same scores")]
    measured = state.measured | {index_of(run)}
    state = replace(another(state, baseline, trial), measured=measured)
    return conclude(state, runs) if len(measured) == runs else (state, [])


def another(state: Proof, candidate: Candidate, trial: Trial) -> Proof:
    """With one more run of an open experiment."""
    reading = state.yardstick.read(trial)
    runs, noise, apart = candidate.runs, state.noise, state.apart
    if runs:
        known = state.yardstick.mean_of(candidate.visible, candidate.hidden)
        noise = noise.repeated(known, runs, state.yardstick.mean(reading))
        apart = apart.repeated(candidate.visible - candidate.hidden, runs, reading.visible - reading.hidden)
    candidate = replace(
        candidate,
        runs=runs + 1,
        visible=candidate.visible + (reading.visible - candidate.visible) / (runs + 1),
        hidden=candidate.hidden + (reading.hidden - candidate.hidden) / (runs + 1),
        guarded=guards.measure(state.rules.guards, candidate.guarded, trial.scores) if state.rules.guards else {},
    )
    return replace(state, open={**state.open, candidate.number: candidate}, noise=noise, apart=apart)


def index_of(run: Run) -> int:
    """The night names its runs so that they end in their index."""
    return int(run.id.rpartition("-")[2])


def conclude(state: Proof, runs: int) -> tuple[Proof, list[Verdict]]:
    baseline = state.open[0]
    score = state.yardstick.told(baseline.visible)
    holds, broken = guards.worst(state.rules.guards, baseline.guarded)
    if holds is guards.Holds.NO:
        return _settled(state, baseline), [Verdict(0, Call.DISCARD, broken, score, runs=runs)]
    bank = Bank(baseline.visible, baseline.hidden, 1 / runs, runs, baseline.visible, state.runs)
    state = _settled(state, replace(baseline, landing=Landing(bank)))
    return state, [Verdict(0, Call.KEEP, words.calibrated(state, baseline.visible), score, runs=runs)]


def _settled(state: Proof, baseline: Candidate) -> Proof:
    return replace(state, open={**state.open, 0: replace(baseline, settled=True)})

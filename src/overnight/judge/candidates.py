"""From a candidate's first run to its verdict, and the runs of the incumbent that it is compared with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice

from overnight.judge import guards, words
from overnight.judge.calibrate import another, index_of
from overnight.judge.greedy import called
from overnight.judge.keeps import drifting
from overnight.judge.policy import Want
from overnight.judge.reading import Reading
from overnight.judge.reference import Bank
from overnight.judge.simpler import landing_simpler, tie
from overnight.judge.state import Candidate, Proof
from overnight.judge.value import Terms
from overnight.judge.weigh import AHEAD, Next, Weighed, follow, landing, spread, terms, thin, weigh
from overnight.model import Call, Phase, Purpose, Run, Status, Trial, Verdict

STALE = 1.0  # runs that an ageing bank is always as good as

Heard = tuple[Proof, list[Verdict]]


def screens(state: Proof) -> Iterator[Want]:
    """First runs."""
    for each in state.open.values():
        if each.ready and each.removes is None and not each.runs and not each.settled:
            yield Want(each.number, Purpose.SCREEN, 0, rungs=state.hopes.rungs(each.number))


def repeats(state: Proof, free: int) -> Iterator[Want]:
    """What candidates wait for, that have begun. Banks first: nothing is decided without them."""
    begun = [each for each in state.open.values() if each.runs and each.removes is None and not each.settled]
    waiting = [each for each in begun if each.waits and each.base == state.incumbent]
    if waiting:
        yield from incumbents(state, max(each.runs for each in waiting) + AHEAD, max(1, free))
    yield from (Want(each.number, Purpose.REPEAT, each.runs - 1) for each in begun if not each.waits)


def refreshed(state: Proof) -> Iterator[Want]:
    """Where the machine drifts, a bank that nobody refreshes makes every candidate look hopeless, so that nobody asks
    for it any more."""
    if state.drift.ageing:
        yield from incumbents(state, STALE, 1)


def incumbents(state: Proof, runs: float, most: int) -> Iterator[Want]:
    """Runs of the incumbent, until its bank is as good as so many."""
    if not thin(state, state.incumbent, runs):
        return
    bank = state.banks[state.incumbent]
    missing = math.ceil(runs - 1 / bank.worth(state.runs, state.drift.ageing) - 1e-9)
    fresh = (index for index in count() if index not in bank.done)
    for index in islice(fresh, min(missing, most)):
        yield Want(state.newest, Purpose.INCUMBENT, index)


def take(state: Proof, run: Run, trial: Trial) -> Heard:
    """A run of a candidate has ended."""
    candidate = state.open.get(run.experiment)
    if candidate is None or candidate.settled:
        return state, []
    if trial.status is not Status.OK or not state.yardstick.readable(trial):
        return failed(state, candidate, trial)
    return decide(another(state, candidate, trial), candidate.number)


def failed(state: Proof, candidate: Candidate, trial: Trial) -> Heard:
    """A change that fails once is not kept, however often it goes well."""
    call, why = called(trial.status), trial.why
    if trial.status is Status.OK:
        call, why = Call.INVALID, "it does not report the scores that the baseline did"
    verdict = Verdict(candidate.number, call, why, runs=candidate.runs + 1, removes=candidate.removes)
    return settle(state, candidate), [verdict]


def take_incumbent(state: Proof, run: Run, trial: Trial) -> Heard:
    """A run of the incumbent has ended: its bank is better, or it is known that it fails at times."""
    bank = state.banks.get(run.commit)
    if bank is None:
        return state, []
    bank = replace(bank, done=bank.done | {index_of(run)})
    if state.phase is Phase.DAWN:
        state = replace(state, dawn=replace(state.dawn, used=state.dawn.used + 1))
    if trial.status is not Status.OK or not state.yardstick.readable(trial):
        state = _with_bank(state, run.commit, replace(bank, failed=bank.failed + 1))
    else:
        state = banked(state, run.commit, bank, state.yardstick.read(trial))
    if run.purpose is Purpose.INCUMBENT and run.commit != state.incumbent:
        return state, []
    verdicts: list[Verdict] = []
    for each in list(state.open.values()):
        if each.waits and each.base == run.commit:
            state, more = decide(state, each.number)
            verdicts += more
    return state, verdicts


def banked(state: Proof, commit: str, bank: Bank, reading: Reading) -> Proof:
    ageing, yardstick = state.drift.ageing, state.yardstick
    a, age = bank.worth(state.runs, ageing), state.runs - bank.at
    mean = yardstick.mean_of(bank.visible, bank.hidden)
    deviation = yardstick.mean(reading) - mean
    state = drifting(state, state.drift.incumbent(deviation, state.noise.variance, bank.a, age))
    state = _with_bank(state, commit, bank.another(reading.visible, reading.hidden, state.runs, ageing))
    if ageing:
        return state
    noise = state.noise.repeated(mean, 1 / a, mean + deviation)
    off = reading.visible - reading.hidden
    return replace(state, noise=noise, apart=state.apart.repeated(bank.visible - bank.hidden, 1 / a, off))


def decide(state: Proof, number: int) -> Heard:
    """What follows from what is known of this candidate now: a verdict, or more runs."""
    candidate, known = state.open[number], terms(state)
    found = weigh(state, candidate, known)
    following, simpler = follow(state, candidate, found, known), False
    if following is Next.DROP and candidate.lines_saved > 0:
        following, simpler = tie(state, candidate, found, known), True
    broken = ""
    if state.rules.guards:
        following, broken = _guarded(state, candidate, following)
    if following in (Next.MORE, Next.BANK):
        waiting = replace(candidate, waits=following is Next.BANK)
        return replace(state, open={**state.open, number: waiting}), []
    if following is Next.DROP:
        why = broken or words.discarded(state, candidate, found)
        return learned(state, candidate, found, known), [verdict(state, candidate, found, Call.DISCARD, why)]
    return _kept(state, candidate, found, known, simpler)


def _guarded(state: Proof, candidate: Candidate, following: Next) -> tuple[Next, str]:
    """Nothing is kept that breaks a guard; what may do so is measured on."""
    holds, broken = guards.worst(state.rules.guards, candidate.guarded)
    if holds is guards.Holds.NO:
        return Next.DROP, broken
    return (Next.MORE if following is Next.KEEP and holds is guards.Holds.OPEN else following), ""


def _kept(state: Proof, candidate: Candidate, found: Weighed, known: Terms, simpler: bool) -> Heard:
    lands = landing_simpler(state, candidate, found, known) if simpler else landing(state, candidate, found)
    why = (words.simpler if simpler else words.kept)(state, candidate, found)
    decided = replace(verdict(state, candidate, found, Call.KEEP, why), simpler=simpler)
    return learned(state, replace(candidate, landing=lands), found, known), [decided]


def learned(state: Proof, candidate: Candidate, found: Weighed, known: Terms) -> Proof:
    """The candidate has its verdict; and every proposal shows how large changes are here, how far the sets disagree,
    and whether the machine drifts."""
    bank, mean = state.banks[candidate.base], state.yardstick.mean_of(candidate.visible, candidate.hidden)
    drift = state.drift.candidate(mean - bank.fixed, spread(known, 1 + bank.a), known.noise2, state.runs)
    if drift.ageing != state.drift.ageing:
        state = drifting(state, drift)
    return replace(
        state,
        open={**state.open, candidate.number: replace(candidate, settled=True, waits=False)},
        scale=state.scale.another(found.difference, spread(known, 1.0)),
        sets=state.sets.another(found.apart, state.apart.variance * found.a),
        drift=drift,
    )


def settle(state: Proof, candidate: Candidate) -> Proof:
    return replace(state, open={**state.open, candidate.number: replace(candidate, settled=True, waits=False)})


def verdict(state: Proof, candidate: Candidate, found: Weighed, call: Call, why: str) -> Verdict:
    told = state.yardstick.told
    return Verdict(
        candidate.number,
        call,
        why,
        told(candidate.visible),
        told(state.banks[candidate.base].told),
        runs=candidate.runs,
        gain=found.mean,
        doubt=found.doubt,
        removes=candidate.removes,
    )


def _with_bank(state: Proof, commit: str, bank: Bank) -> Proof:
    return replace(state, banks={**state.banks, commit: bank})

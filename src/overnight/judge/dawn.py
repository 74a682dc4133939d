"""The dawn: is each keep still worth something? The branch without it is measured against the branch with it.

Most keeps are beyond doubt and cost nothing here; runs go where they may change what is believed. A keep that turns
out to be worth less than nothing is taken back by a commit on top of the branch, never by rewriting it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from overnight.judge import words
from overnight.judge.calibrate import another
from overnight.judge.candidates import failed, incumbents, settle
from overnight.judge.keeps import believed, reweighed, stands, weighed
from overnight.judge.policy import Removal, Want
from overnight.judge.reading import Reading
from overnight.judge.reference import Bank
from overnight.judge.state import Candidate, Dawn, Keep, Landing, Proof
from overnight.judge.weigh import terms
from overnight.ledger.events import Turned
from overnight.model import Call, Phase, Purpose, Run, Status, Trial, Verdict

SHARE = 0.1  # of the night's runs may be spent on it
AHEAD = 2  # runs that the branch's bank is ahead of a keep's
OLD_BANK = 0.5  # of a bank's noise counts again: much of it went into the keep's first comparison too
NEW_BANK = 0.3  # of a keep's noise goes into the bank of the branch without it

Heard = tuple[Proof, list[Verdict]]


def begin(state: Proof, turned: Turned) -> Proof:
    whole = turned.runs / (1 - SHARE) if turned.left is None else turned.runs + turned.left
    most = whole if turned.left is None else turned.left
    state = replace(state, phase=Phase.DAWN, dawn=Dawn(round(min(SHARE * whole, most)), 0, turned.thorough))
    return reweighed(replace(state, keeps=opened(state)))


def opened(state: Proof) -> dict[int, Keep]:
    """A new phase looks at every keep anew."""
    return {number: replace(keep, closed=False) for number, keep in state.keeps.items()}


def stays(state: Proof, number: int) -> Proof:
    return replace(state, keeps={**state.keeps, number: replace(state.keeps[number], closed=True)})


def wants(state: Proof, free: int) -> Iterator[Want | Removal]:
    """Runs of the removals that are begun, and in this phase the one more that is worth most."""
    begun = [each for each in state.open.values() if each.removes is not None]
    ready = [each for each in begun if each.ready and not each.settled]
    affordable = state.dawn.used + 2 <= state.dawn.budget or state.dawn.thorough
    if ready and affordable:
        most = max(state.keeps[each.removes].runs for each in ready if each.removes is not None)
        yield from incumbents(state, most + AHEAD, 1)
    yield from (Want(each.number, Purpose.ABLATION, each.runs) for each in ready)
    if affordable and state.phase is Phase.DAWN and len(begun) < max(1, free):
        yield from _next_removal(state, {each.removes for each in begun})


def _next_removal(state: Proof, begun: set[int | None]) -> Iterator[Removal]:
    thorough = state.dawn.thorough
    keeps = [keep for keep in state.keeps.values() if stands(keep) and not keep.closed and keep.number not in begun]
    values = {keep.number: math.inf if thorough else keep.value for keep in keeps if thorough or not keep.simpler}
    best = max(values, key=values.__getitem__, default=None)
    if best is not None and values[best] > 0:
        yield Removal(best)


def take(state: Proof, run: Run, trial: Trial) -> Heard:
    """A run of the branch without one of its keeps has ended."""
    candidate = state.open.get(run.experiment)
    state = spent(state)
    if candidate is None or candidate.settled or candidate.removes is None:
        return state, []
    if trial.status is not Status.OK or not state.yardstick.readable(trial):
        return failed(state, candidate, trial)
    bank, keep = state.banks[candidate.base], state.keeps[candidate.removes]
    keep = seen(state, keep, bank, state.yardstick.read(trial))
    state = another(state, candidate, trial)
    keep = believed(keep, terms(state))
    state = weighed(state, {**state.keeps, keep.number: keep})
    if keep.mean < keep.cost and not keep.simpler:
        return removed(state, candidate.number)
    dawn = state.dawn
    if dawn.used >= dawn.budget or keep.value <= 0:
        return examined(state, candidate.number)
    return state, []


def spent(state: Proof) -> Proof:
    return replace(state, dawn=replace(state.dawn, used=state.dawn.used + 1))


def seen(state: Proof, keep: Keep, bank: Bank, without: Reading) -> Keep:
    """With one more run without it, against the branch's bank."""
    visible, hidden = bank.visible - without.visible, bank.hidden - without.hidden
    difference = hidden if keep.hidden_only else state.yardstick.mean(Reading(visible, hidden))
    noise = 1 + OLD_BANK * bank.worth(state.runs, state.drift.ageing)
    share = keep.a / (keep.a + noise)
    return replace(
        keep,
        difference=keep.difference + share * (difference - keep.difference),
        apart=keep.apart + share * (visible - hidden - keep.apart),
        a=keep.a * (1 - share),
        runs=keep.runs + 1,
    )


def removed(state: Proof, number: int) -> Heard:
    """The branch goes on without that keep."""
    candidate = state.open[number]
    assert candidate.removes is not None
    keep, bank = state.keeps[candidate.removes], state.banks[candidate.base]
    landing = Landing(_without(state, keep, bank), removes=keep.number)
    state = settle(state, replace(candidate, landing=landing))
    return state, [_verdict(state, candidate, keep, Call.KEEP, words.removed(keep))]


def examined(state: Proof, number: int) -> Heard:
    """It stays."""
    candidate = state.open[number]
    assert candidate.removes is not None
    keep = state.keeps[candidate.removes]
    state = settle(state, candidate)
    return state, [_verdict(state, candidate, keep, Call.DISCARD, words.stays(keep))]


def _without(state: Proof, keep: Keep, bank: Bank) -> Bank:
    """What is known of the branch without it, before it has had a run of its own."""
    known, yardstick = terms(state), state.yardstick
    lasts = known.set2 / (known.noise2 * keep.a + known.set2)
    lasting = keep.mean + (keep.difference - keep.mean) * lasts
    hidden = 0.0 if keep.hidden_only else (yardstick.hidden_share - 1) * keep.apart
    return bank.shifted(-(lasting + hidden + keep.apart), -(lasting + hidden), NEW_BANK * keep.a)


def _verdict(state: Proof, candidate: Candidate, keep: Keep, call: Call, why: str) -> Verdict:
    told = state.yardstick.told
    return Verdict(
        candidate.number,
        call,
        why,
        told(candidate.visible) if candidate.runs else None,
        told(state.banks[candidate.base].told),
        runs=candidate.runs,
        gain=-keep.mean,
        doubt=1 - keep.doubt,
        removes=keep.number,
    )

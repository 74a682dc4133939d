"""The keeps: how they land on the branch and leave it, and what may be said of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from overnight.judge.drift import Drift
from overnight.judge.posterior import believe, interval
from overnight.judge.reading import Sets
from overnight.judge.state import Keep, Landing, Proof
from overnight.judge.value import Evidence, Terms, going_on
from overnight.judge.weigh import terms
from overnight.model import Phase, Standing, Worth

PROVEN = 0.25
"""A keep is proven up to this chance of no gain: most are far below. At .4 the branch gained the same, and twice as
many of the proven ones were false."""


def landed(state: Proof, landing: Landing, number: int, kept: str) -> Proof:
    """The branch has moved to the commit `kept`, which experiment `number` made."""
    stood_on = {candidate.base for candidate in state.open.values()}
    banks = {base: bank for base, bank in state.banks.items() if base in stood_on}
    bank = replace(
        landing.bank, at=state.runs, fixed=state.yardstick.mean_of(landing.bank.visible, landing.bank.hidden)
    )
    drift = state.drift.loosened(state.noise.variance * bank.a)
    claiming = state.claiming if state.phase is Phase.CLAIM else None
    state = replace(
        state, banks=banks | {kept: bank}, incumbent=kept, newest=number, landing=None, claiming=claiming, drift=drift
    )
    if landing.removes is not None:
        gone = replace(state.keeps[landing.removes], removed=True)
        return weighed(state, {**state.keeps, landing.removes: gone})
    if landing.keep is None:
        return state
    return weighed(state, {**state.keeps, number: believed(landing.keep, terms(state))})


def weighed(state: Proof, keeps: Mapping[int, Keep]) -> Proof:
    worths = tuple(
        Worth(
            keep.number,
            keep.mean,
            keep.doubt,
            keep.runs + keep.against,
            standing(state, keep),
            keep.low,
            keep.high,
        )
        for keep in keeps.values()
    )
    earned = math.fsum(keep.mean for keep in keeps.values() if stands(keep) and not keep.simpler)
    return replace(state, keeps=keeps, worths=worths, earned=earned)


def drifting(state: Proof, drift: Drift) -> Proof:
    """With what is said of the machine now. If it drifts, comparisons with old banks were worth less than it seemed."""
    if drift.ageing == state.drift.ageing:
        return replace(state, drift=drift)
    more = drift.ageing - state.drift.ageing
    keeps = {number: replace(keep, a=keep.a + more * keep.stale) for number, keep in state.keeps.items()}
    return reweighed(replace(state, drift=drift, keeps=keeps))


def reweighed(state: Proof) -> Proof:
    """With what is known of the noise by now."""
    known = terms(state)
    return weighed(state, {number: believed(keep, known) for number, keep in state.keeps.items()})


def believed(keep: Keep, known: Terms) -> Keep:
    variance = known.noise2 * keep.a + known.set2
    doubt, mean = believe(keep.difference, variance, known.prior)
    low, high = interval(keep.difference, variance, known.prior)
    at_dawn = known._replace(carried=0.0)
    evidence = Evidence(keep.difference - keep.cost, 1 / keep.a, 0.0)
    return replace(keep, mean=mean, doubt=doubt, low=low, high=high, value=going_on(evidence, at_dawn, math.inf))


def stands(keep: Keep) -> bool:
    return not keep.removed


def standing(state: Proof, keep: Keep) -> Standing:
    if keep.removed:
        return Standing.REMOVED
    if keep.simpler:
        return Standing.SIMPLER
    if keep.doubt > PROVEN or keep.mean <= 0:
        return Standing.CARRIED
    return Standing.REPEATABLE if state.yardstick.sets is Sets.ONE else Standing.PROVEN

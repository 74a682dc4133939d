"""Less code for the same score: a tie is kept where the change makes the code smaller, and is no gain.

Non-inferiority: the chance that it costs more than the program's margin must be small. Such keeps are counted apart,
and what they may cost together is bounded: a night that gives away a margin a hundred times has given away a lot.
"""

from __future__ import annotations

import math
from dataclasses import replace

from overnight.judge.posterior import risk
from overnight.judge.state import Candidate, Landing, Proof
from overnight.judge.value import Terms
from overnight.judge.weigh import AHEAD, Next, Weighed, landing, least, thin

SURE = 0.1  # chance, at most, that a tie costs more than the margin
HOPELESS = 0.3  # chance of that at which nothing more is spent on it
MOST_RUNS = 4
MARGINS = 4  # that a night may give away in all
LIKELY = 1.28  # standard errors: what it costs at most, nine times in ten


def tie(state: Proof, candidate: Candidate, found: Weighed, known: Terms) -> Next:
    """What follows for a candidate that is no gain, where that is a question of less code."""
    margin = state.rules.margin * abs(state.banks[candidate.base].told)
    if candidate.lines_saved <= 0 or found.hidden_only:
        return Next.DROP
    spent = math.fsum(keep.loss for keep in state.keeps.values() if not keep.removed)
    if spent + loss(found, known, margin) > MARGINS * margin:
        return Next.DROP
    danger = risk(found.difference, known.noise2 * found.a + known.set2, known.prior, margin)
    if danger <= SURE and candidate.runs >= least(known):
        return Next.KEEP
    if danger > HOPELESS or candidate.runs >= MOST_RUNS:
        return Next.DROP
    return Next.BANK if thin(state, candidate.base, candidate.runs + AHEAD) else Next.MORE


def loss(found: Weighed, known: Terms, margin: float) -> float:
    """What it costs at most, by all likelihood."""
    doubtful = LIKELY * math.sqrt(known.noise2 * found.a + known.set2)
    return min(margin, max(0.0, doubtful - found.difference))


def landing_simpler(state: Proof, candidate: Candidate, found: Weighed, known: Terms) -> Landing:
    lost = loss(found, known, state.rules.margin * abs(state.banks[candidate.base].told))
    plain = landing(state, candidate, found)
    assert plain.keep is not None
    return replace(plain, keep=replace(plain.keep, simpler=True, loss=lost))

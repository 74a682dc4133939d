"""Candidate against incumbent: what is believed of the difference, and what should follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto

from overnight.judge.noise import CAUTION
from overnight.judge.posterior import believe
from overnight.judge.reading import Reading, Sets
from overnight.judge.reference import Bank
from overnight.judge.state import Candidate, Keep, Landing, Proof
from overnight.judge.value import Evidence, Terms, worthwhile

OVERFIT = 2.8  # times the usual disagreement of the sets: the visible score is not asked any more
AHEAD = 1  # runs that the incumbent's bank is ahead of a candidate that is worth more runs
GIVE_UP = 3  # failed runs of the incumbent in a row
EARLY = 20  # runs: so long the night's rate of gain rests on what is expected of any night:
EXPECTED = 0.1 * 0.05  # of the scale of changes, per run
COARSE = 1e-3  # of the metric: steps of a score that neither varies nor says how many examples it is made of
TINY = 1e-9  # of the metric: what stands for a noise of nothing


class Next(Enum):
    KEEP = auto()
    DROP = auto()
    MORE = auto()  # a run of the candidate
    BANK = auto()  # a run of the incumbent


@dataclass(frozen=True, slots=True)
class Weighed:
    difference: float
    a: float
    apart: float
    hidden_only: bool
    mean: float
    doubt: float
    lasting: float  # the part of `difference` that more runs would show again


def terms(state: Proof) -> Terms:
    """What is known now."""
    floor = (TINY * abs(state.banks[state.incumbent].visible) or TINY) ** 2
    noise2 = max(state.noise.sigma**2, floor)
    set2 = max(CAUTION**2 * state.sets.variance * state.yardstick.mean_part, 1e-6 * noise2, 4 * floor)
    prior = state.scale.prior(math.sqrt(noise2 + set2))
    rate = (max(state.earned, 0.0) + EARLY * EXPECTED * prior.up) / (state.runs + EARLY)
    return Terms(noise2, set2, prior, rate)


def weigh(state: Proof, candidate: Candidate, known: Terms) -> Weighed:
    bank = state.banks[candidate.base]
    a = 1 / candidate.runs + bank.worth(state.runs, state.drift.ageing)
    difference, apart, hidden_only = compare(state, Reading(candidate.visible, candidate.hidden), bank, a)
    variance = known.noise2 * a + known.set2
    doubt, mean = believe(difference, variance, known.prior)
    lasting = mean + (difference - mean) * known.set2 / variance
    return Weighed(difference, a, apart, hidden_only, mean, doubt, lasting)


def compare(state: Proof, reading: Reading, bank: Bank, a: float) -> tuple[float, float, bool]:
    """(the difference that counts, how much more of it the visible set shows, whether only the hidden set counts)."""
    visible, hidden = reading.visible - bank.visible, reading.hidden - bank.hidden
    apart = visible - hidden
    usual = math.sqrt((state.sets.variance + a * state.apart.variance) / 2)  # runs, too, disagree on the sets
    if state.yardstick.sets is not Sets.ONE and apart > OVERFIT * usual:
        return hidden, apart, True
    return state.yardstick.mean(Reading(visible, hidden)), apart, False


def follow(state: Proof, candidate: Candidate, found: Weighed, known: Terms) -> Next:
    runs, cost = candidate.runs, price(state, candidate)
    early = found.mean > cost and runs < least(known)
    if early or worthwhile(Evidence(found.difference - cost, runs, found.a - 1 / runs), known):
        return Next.BANK if thin(state, candidate.base, runs + AHEAD) else Next.MORE
    return Next.KEEP if found.mean > cost else Next.DROP


def price(state: Proof, candidate: Candidate) -> float:
    """What the lines that it adds must bring."""
    return state.rules.price * abs(state.banks[candidate.base].told) * max(0, -candidate.lines_saved)


def least(known: Terms) -> int:
    """Runs that a keep rests on. One will do where repeating could not tell more; heavy tails forbid it elsewhere."""
    return 1 if known.noise2 < known.set2 / 2 else 2


def thin(state: Proof, base: str, runs: float) -> bool:
    """The bank is not as good as so many runs, and can be filled."""
    bank = state.banks[base]
    return bank.failed < GIVE_UP and 1 / bank.worth(state.runs, state.drift.ageing) < runs * (1 - 1e-9)


def landing(state: Proof, candidate: Candidate, found: Weighed) -> Landing:
    """The new incumbent's bank is the candidate's own runs, less the luck that it was picked for."""
    luck = (found.difference - found.lasting) / (candidate.runs * found.a)
    bank = Bank(
        visible=candidate.visible - luck,
        hidden=candidate.hidden - luck,
        a=1 / candidate.runs,
        runs=candidate.runs,
        told=candidate.visible,
    )
    keep = Keep(
        number=candidate.number,
        difference=found.difference,
        a=found.a,
        apart=found.apart,
        hidden_only=found.hidden_only,
        runs=candidate.runs,
        against=state.banks[candidate.base].runs,
        mean=found.mean,
        doubt=found.doubt,
        cost=price(state, candidate),
        stale=max(0.0, state.runs - state.banks[candidate.base].at),
    )
    return Landing(bank, keep)


def step_of_release(state: Proof) -> float:
    """What an agent may be told is rounded to what the score itself does not know."""
    unknown = max(state.noise.sigma, CAUTION * math.sqrt(state.sets.variance / 2), state.yardstick.se)
    return unknown or COARSE * abs(state.banks[state.incumbent].visible) or COARSE


def spread(known: Terms, a: float) -> float:
    return math.sqrt(known.noise2 * a + known.set2)

"""Is it worth measuring more? The expected gain of up to 1, 2, 4, 8 or 16 more runs, net of what they cost.

A run costs what the night earns per run (`rate`); later runs of a batch cost less than full, since one may stop on
the way. What the runs will show is predicted from the mixture of "a gain" and "no gain", each as a normal, with nine
points of Gauss–Hermite.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from overnight.judge.posterior import Parts, Prior, believe, parts

BATCHES = (1, 2, 4, 8, 16)
LATER_RUNS = 0.35  # of a run's cost: what a run that may never be made is charged
MOST_RUNS = 24

_POINTS = (1.023255664, 2.076847979, 3.205429003, 4.512745863)
_WEIGHTS = (0.244097503, 0.0499164068, 0.00278914132, 2.2345844e-05)
_OUTER = tuple(zip(_POINTS, _WEIGHTS, strict=True))
DOWNWARDS = (*_OUTER[::-1], (0.0, 0.406349206), *((-point, weight) for point, weight in _OUTER))


class Terms(NamedTuple):
    """What the night knows at this moment, and how it decides."""

    noise2: float  # variance of one run
    set2: float  # variance of what a change does to these examples only: no repeat averages it away
    prior: Prior
    rate: float  # what the night gains per run
    certain: float = 0.25  # up to this chance of no gain, a change is worth its mean
    carried: float = 0.5  # of its mean, above it


class Evidence(NamedTuple):
    """A measured difference: the mean of `runs` runs against a reference that is as good as 1/`against` runs."""

    difference: float
    runs: float
    against: float


def worth(y: float, variance: float, terms: Terms) -> float:
    """What it is worth to have the change: nothing, where it is not believed to help."""
    doubt, mean = believe(y, variance, terms.prior)
    if mean <= 0:
        return 0.0
    return mean if doubt <= terms.certain else terms.carried * mean


def going_on(evidence: Evidence, terms: Terms, most: float = MOST_RUNS) -> float:
    """The best batch's expected gain, net of its cost. Positive: go on; nothing where no batch can be worth it."""
    return max(_net_gains(evidence, terms, most), default=0.0)


def worthwhile(evidence: Evidence, terms: Terms, most: float = MOST_RUNS) -> bool:
    """Whether going on is worth anything, without saying how much."""
    return any(gain > 0 for gain in _net_gains(evidence, terms, most))


def _net_gains(evidence: Evidence, terms: Terms, most: float) -> Iterator[float]:
    """Of each batch. None is worth more than knowing all, which is how most candidates are done with at once."""
    y, n, a = evidence
    variance = terms.noise2 * (1 / n + a) + terms.set2
    known = parts(y, variance, terms.prior)
    now = _worth_of(known, terms)
    oracle = known.chance * known.gain - now
    for batch in BATCHES:
        cost = terms.rate * (1 + LATER_RUNS * (batch - 1))
        if n + batch > most or oracle <= cost:
            return
        yield min(_after(evidence, batch, variance, known, terms) - now, oracle) - cost


def _worth_of(known: Parts, terms: Terms) -> float:
    mean = known.mean
    if mean <= 0:
        return 0.0
    return mean if 1 - known.chance <= terms.certain else terms.carried * mean


def _after(evidence: Evidence, batch: int, variance: float, known: Parts, terms: Terms) -> float:
    """Expected worth once `batch` more runs are there."""
    y, n, a = evidence
    noise2, set2 = terms.noise2, terms.set2
    lasting, shared = set2 / variance, a / (1 / n + a)
    runs = n + batch
    later = noise2 * (1 / runs + a) + set2
    total = 0.0
    for chance, mean, spread in (
        (known.chance, known.gain, known.gain_variance),
        (1 - known.chance, known.rest, known.rest_variance),
    ):
        if chance < 1e-4:
            continue
        # what lasts: d, and what the change does to these examples, which has its share of the rest of y;
        # what the reference was lucky or unlucky by stays in every later difference too
        center = mean + (y - mean) * lasting
        spread = spread * (1 - lasting) ** 2 + set2 * (1 - lasting)
        center, width = center + (y - center) * shared, math.sqrt(spread + noise2 / batch)
        center, width = (n * y + batch * center) / runs, batch / runs * width
        for point, weight in DOWNWARDS:
            there = worth(center + width * point, later, terms)
            if there == 0:  # and so it is further down
                break
            total += chance * weight * there
    return total

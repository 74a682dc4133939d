"""How much of a finished night was luck, from its scores alone: every keep's true gain, the total's, and the noise.

The model, in one line: `score = level of what it stands on + effect of the change + noise of the run`. A night keeps
what scored well, but decides by scores that are all on record; so once every score is in the likelihood, nothing else
has to be corrected for the selection. The level of each incumbent is followed along the night (`walk.py`): its own
score says where it is, and every change that was tried on it says it again, since most changes do little. Of effects
it is assumed only that some do nothing, and that small ones are commoner than large ones, on either side; their shares
are fitted to the night, and so is the noise.

Promises: the same numbers give the same answer, in any unit.
Not covered: what repeating a run cannot show either, such as a gain that holds on this evaluation set only; drift;
noise that is not the same for all runs. How well it does is measured: `bench/audit_nights.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np

from overnight.judge.walk import PRIOR, Array, Night, Repeats, Stage, Walk, X, normal, shares_of

NULLS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])  # shares of changes that do nothing: no night says which, so all are asked
RATIO, NOISES, WORTH_ASKING = 1.4, 18, 6.0
WIDER = 1.25  # the shares are fitted to the same scores: without this, 95 % intervals covered 80 to 95 % in simulation
NO_REPEATS = Repeats()


@dataclass(frozen=True, slots=True)
class Luck:
    """`levels`: what each stage would score on average over runs. `doubts`: of each stage but the first, the chance
    that its change is worth nothing."""

    noise: float
    noise_low: float
    noise_high: float
    levels: tuple[float, ...]
    doubts: tuple[float, ...]
    total: float
    low: float
    high: float


def luck(stages: Sequence[Stage], repeats: Repeats = NO_REPEATS, noise: float | None = None) -> Luck:
    """`noise`: the standard deviation of one run, where it is known; else it is found from the scores."""
    noises = np.array([noise]) if noise else _noises(stages, repeats)
    nulls = np.full(len(noises), 0.5)
    noises, _ = _likely(stages, repeats, noises, nulls)
    noises, nulls = np.repeat(noises, len(NULLS)), np.tile(NULLS, len(noises))
    noises, nulls = _likely(stages, repeats, noises, nulls)
    night = Night.of(stages, repeats, noises)
    return _mixed(stages, night, _fitted(night, nulls, rounds=5), 1.0 if noise else math.sqrt(RATIO))


def _likely(stages: Sequence[Stage], repeats: Repeats, noises: Array, nulls: Array) -> tuple[Array, Array]:
    """Those that are worth a closer look."""
    weights = _fitted(Night.of(stages, repeats, noises), nulls, rounds=2).weights
    worth = weights > weights.max() - WORTH_ASKING
    return noises[worth], nulls[worth]


def _noises(stages: Sequence[Stage], repeats: Repeats) -> Array:
    """From what would explain every difference down to a four-hundredth of it; nothing below half a last digit."""
    off = [abs(score - stage.score) for stage in stages for score in (*stage.tries, *stage.again)]
    off = off or [abs(b.score - a.score) for a, b in pairwise(stages)]
    most = 1.5 * float(np.median(off))
    again = [abs(score - stage.score) for stage in stages for score in stage.again]
    most = max(most, *again) if again else most
    if repeats.df:
        most = max(most, 3 * math.sqrt(repeats.squares / repeats.df))
    scores = np.unique([score for stage in stages for score in (stage.score, *stage.tries, *stage.again)])
    gaps = np.diff(scores)
    digit = float(gaps.min()) if len(gaps) else 0.0
    noises: Array = max(most, digit) * np.power(RATIO, -np.arange(NOISES))
    return noises[noises >= digit / 2]


@dataclass(frozen=True, slots=True)
class _Fit:
    """One line for each noise and null share that was asked about; levels and totals in units of the noise."""

    weights: Array  # log-posterior
    levels: Array  # mean level of each stage over its anchor
    doubts: Array
    total: Array  # of the last level over the first
    variance: Array


def _fitted(night: Night, nulls: Array, rounds: int) -> _Fit:
    """Expectation and maximisation by turns: where the levels are, and then how large the changes were."""
    others = np.tile(PRIOR[1:] / PRIOR[1:].sum(), (len(nulls), 1))
    for left in reversed(range(rounds)):
        shares = np.concatenate([nulls[:, None], (1 - nulls[:, None]) * others], axis=1)
        walk = Walk.along(night, shares)
        if left:
            others = shares_of(shares, walk)
    prior = PRIOR[0] * np.log(nulls) + PRIOR[1:].sum() * np.log(1 - nulls) + np.log(others) @ PRIOR[1:]
    last = walk.ahead[-1]
    u_last, u_first = (last[:, 0] * X).sum(1), last[:, 1].sum(1)
    square = (last[:, 0] * X**2).sum(1) - 2 * (last[:, 1] * X).sum(1) + last[:, 2].sum(1)
    moved = u_last - u_first
    total = night.anchors[:, -1] + moved
    return _Fit(night.plain + walk.log_likelihood + prior, walk.levels @ X, walk.doubts, total, square - moved**2)


def _mixed(stages: Sequence[Stage], night: Night, fit: _Fit, half: float) -> Luck:
    """The answers for each noise and null share, weighted by how well they explain the night."""
    weights = normal(np.exp(fit.weights - fit.weights.max())[None, :])[0]
    levels = stages[0].score + weights @ ((night.anchors + fit.levels) * night.noises[:, None])
    totals = fit.total * night.noises
    bell = np.array([NormalDist().inv_cdf((i + 0.5) / 200) for i in range(200)])
    spread = WIDER * np.sqrt(np.maximum(fit.variance, 0.0)) * night.noises
    possible = (totals[:, None] + spread[:, None] * bell).ravel()
    low, high = _quantiles(possible, np.repeat(weights / len(bell), len(bell)))
    finest, coarsest = _quantiles(night.noises, weights)
    return Luck(
        noise=float(np.exp(weights @ np.log(night.noises))),
        noise_low=finest / half,
        noise_high=coarsest * half,
        levels=tuple(levels.tolist()),
        doubts=tuple(np.minimum(weights @ fit.doubts, 1.0).tolist()),
        total=float(weights @ totals),
        low=low,
        high=high,
    )


def _quantiles(values: Array, weights: Array) -> tuple[float, float]:
    """The middle 95 %."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    low, high = np.searchsorted(reached, [0.025, 0.975])
    return float(values[order][low]), float(values[order][min(int(high), len(values) - 1)])

"""What a measured difference says about the true one, in closed form.

A change is worth d: a gain drawn from Exp(`up`), nothing, or a harm drawn from Exp(`down`). It was measured as y, which
is d and noise of variance V. Everything is in units of the metric, positive is better; scaled inputs give scaled
outputs. Where likelihoods are too small for a float, y is so far out that it can be taken at its word.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

ROOT_TAU = math.sqrt(2 * math.pi)
ROOT_TWO = math.sqrt(2)
NOTHING_LEFT = 1e-290
NORMAL = NormalDist()
FAR_BELOW = -25.0  # where a series is better than two factors at the ends of a float's range


class Prior(NamedTuple):
    """What is expected of a change before it is measured."""

    up: float  # mean of a gain
    down: float  # mean of a harm
    gain: float = 0.05
    nothing: float = 0.45
    harm: float = 0.50


class Parts(NamedTuple):
    """The posterior, in two: a true gain, and all the rest."""

    chance: float  # of a true gain
    gain: float  # mean of d, if it is one
    gain_variance: float
    rest: float  # mean of d, if it is not
    rest_variance: float

    @property
    def mean(self) -> float:
        return self.chance * self.gain + (1 - self.chance) * self.rest


def believe(y: float, variance: float, prior: Prior) -> tuple[float, float]:
    """(the chance that d <= 0, the mean of d)."""
    mixed = _mixed(y, variance, prior)
    if mixed.total < NOTHING_LEFT:
        return (0.0, y) if y > 0 else (1.0, y)
    mean = (mixed.like_up * mixed.mean_up - mixed.like_down * mixed.mean_down) / mixed.total
    return 1 - mixed.like_up / mixed.total, mean


def parts(y: float, variance: float, prior: Prior) -> Parts:
    like_up, mean_up, z_up, like_down, mean_down, z_down, rest, total = _mixed(y, variance, prior)
    up, down, s = prior[0], prior[1], math.sqrt(variance)
    if total < NOTHING_LEFT:
        return Parts(1.0, y, variance, 0.0, variance) if y > 0 else Parts(0.0, 0.0, variance, y, variance)
    harmful = like_down / rest if rest > 0 else 0.0
    mean = -harmful * mean_down
    spread = harmful * (_slab_variance(z_down, mean_down, variance, s, down, -y) + mean_down**2) - mean**2
    return Parts(
        like_up / total,
        mean_up,
        _slab_variance(z_up, mean_up, variance, s, up, y),
        mean,
        max(spread, 1e-12 * variance),
    )


def risk(y: float, variance: float, prior: Prior, margin: float) -> float:
    """The chance that d is a harm of more than `margin`."""
    up, down, gain, nothing, harm = prior
    s = math.sqrt(variance)
    like_up, _, _ = slab(y, variance, s, up)
    like_down, _, z = slab(-y, variance, s, down)
    total = gain * like_up + harm * like_down + nothing * math.exp(-0.5 * y * y / variance)
    if total < NOTHING_LEFT:
        return 0.0 if y > -margin else 1.0
    beyond = z - margin / s
    if z > 6.0:
        tail = 0.5 * math.erfc(-beyond / ROOT_TWO)
    else:
        tail = math.exp(0.5 * (z * z - beyond * beyond)) * _mills(beyond) / _mills(z)
    return harm * like_down / total * tail


def interval(y: float, variance: float, prior: Prior, share: float = 0.95) -> tuple[float, float]:
    """(low, high): d is rarely below or above, (1 - share) / 2 each.

    Below as it is believed, less the luck that it was picked for. Above as it was measured, too: that luck cannot have
    made it small, and how large gains may be is guessed from changes that are mostly none."""
    mixed = _mixed(y, variance, prior)
    outside, s = (1 - share) / 2, math.sqrt(variance)
    far = s * NORMAL.inv_cdf(1 - outside)
    if mixed.total < NOTHING_LEFT:
        return y - far, y + far
    gains, harms = mixed.like_up / mixed.total, mixed.like_down / mixed.total

    def above(chance: float) -> float:
        """What d is larger than with that chance."""
        if chance < gains:
            return _beyond(chance / gains, mixed.z_up, s)
        return -_beyond((1 - chance) / harms, mixed.z_down, s) if 1 - chance < harms else 0.0

    mean = gains * mixed.mean_up - harms * mixed.mean_down  # may be beyond "nothing", where almost all of the belief is
    return min(above(1 - outside), mean), max(above(outside), y + far)


class _Mixed(NamedTuple):
    """What speaks for a gain, for harm, and for all three together; and what each would be."""

    like_up: float
    mean_up: float
    z_up: float
    like_down: float
    mean_down: float
    z_down: float
    rest: float  # all that is no gain
    total: float


def _mixed(y: float, variance: float, prior: Prior) -> _Mixed:
    up, down, gain, nothing, harm = prior
    s = math.sqrt(variance)
    like_up, mean_up, z_up = slab(y, variance, s, up)
    like_down, mean_down, z_down = slab(-y, variance, s, down)
    like_up *= gain
    like_down *= harm
    rest = like_down + nothing * math.exp(-0.5 * y * y / variance)
    return _Mixed(like_up, mean_up, z_up, like_down, mean_down, z_down, rest, like_up + rest)


def slab(y: float, variance: float, s: float, scale: float) -> tuple[float, float, float]:
    """For d from Exp(scale): the likelihood of y but for 1/√(2πV), the mean of d given y, and z."""
    mu = y - variance / scale
    z = mu / s
    if z > 6.0:
        tail = 0.5 * math.erfc(-z / ROOT_TWO)
        like = math.exp(variance / (2 * scale * scale) - y / scale) * s * ROOT_TAU / scale * tail
        return like, mu + (s * math.exp(-0.5 * z * z) / ROOT_TAU if z < 12 else 0.0), z
    mills = _mills(z)
    return math.exp(-0.5 * y * y / variance) * mills * s * ROOT_TAU / scale, mu + s / (ROOT_TAU * mills), z


def _mills(z: float) -> float:
    """exp(z²/2) Φ(z), also far below, where both factors leave the range of a float."""
    if z < FAR_BELOW:
        i = 1.0 / (z * z)
        return (1 - i + 3 * i * i - 15 * i * i * i) / (-z * ROOT_TAU)
    return math.exp(0.5 * z * z) * 0.5 * math.erfc(-z / ROOT_TWO)


def _beyond(chance: float, z: float, s: float) -> float:
    """What d of a slab is larger than with that chance: normal around z·s, and above nothing."""
    if z < FAR_BELOW:
        return -math.log(chance) * s / -z  # an exponential by then
    return s * (z - NORMAL.inv_cdf(chance * 0.5 * math.erfc(-z / ROOT_TWO)))


def _slab_variance(z: float, mean: float, variance: float, s: float, scale: float, y: float) -> float:
    if z < FAR_BELOW:
        return variance / (z * z) * (1 - 6 / (z * z))
    hazard = (mean - (y - variance / scale)) / s
    return max(variance * (1 - z * hazard - hazard * hazard), 1e-12 * variance)

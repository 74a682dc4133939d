from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from overnight.judge.posterior import Prior, believe, interval, parts, risk

Array = NDArray[np.float64]

NAMED = [
    (y, variance, up, down)
    for y in (-3, -0.4, 0, 0.3, 2)
    for variance in (0.01, 0.3, 4)
    for up, down in ((1, 1), (0.2, 0.7))
]

effects = st.floats(-50, 50)
variances = st.floats(1e-4, 1e3)
scales = st.floats(0.01, 100)


def mass(values: Array, points: Array) -> float:
    """The integral, by Simpson."""
    inner = 4 * values[1:-1:2].sum() + 2 * values[2:-1:2].sum()
    return float((points[1] - points[0]) / 3 * (values[0] + inner + values[-1]))


def normal(x: Array, variance: float) -> Array:
    return np.exp(-0.5 * x * x / variance) / math.sqrt(2 * math.pi * variance)


class Integrals:
    """The same posterior, by adding up."""

    def __init__(self, y: float, variance: float, prior: Prior) -> None:
        self.y, self.variance, self.prior = y, variance, prior
        self.far = abs(y) + 12 * math.sqrt(variance)
        up = np.linspace(0.0, self.far, 20_001)
        gains = prior.gain / prior.up * np.exp(-up / prior.up) * normal(y - up, variance)
        self.gains = [mass(up**k * gains, up) for k in range(3)]
        self.harms = [self.harm(0.0, k) for k in range(3)]
        self.none = prior.nothing * float(normal(np.array(y), variance))
        self.total = self.gains[0] + self.harms[0] + self.none

    def harm(self, margin: float, power: int = 0) -> float:
        down = np.linspace(-self.far, -margin, 20_001)
        density = self.prior.harm / self.prior.down * np.exp(down / self.prior.down)
        return mass(down**power * density * normal(self.y - down, self.variance), down)


@pytest.mark.parametrize(("y", "variance", "up", "down"), NAMED)
def test_the_closed_form_is_the_integral(y: float, variance: float, up: float, down: float) -> None:
    prior = Prior(up, down)
    slow = Integrals(y, variance, prior)
    doubt, mean = believe(y, variance, prior)
    assert doubt == pytest.approx(1 - slow.gains[0] / slow.total, rel=1e-6, abs=1e-9)
    assert mean == pytest.approx((slow.gains[1] + slow.harms[1]) / slow.total, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("y", "variance", "up", "down"), NAMED)
def test_the_parts_are_the_integrals(y: float, variance: float, up: float, down: float) -> None:
    prior = Prior(up, down)
    slow, found = Integrals(y, variance, prior), parts(y, variance, prior)
    gain, rest = slow.gains[1] / slow.gains[0], slow.harms[1] / (slow.harms[0] + slow.none)
    assert found.chance == pytest.approx(slow.gains[0] / slow.total, rel=1e-6)
    assert found.gain == pytest.approx(gain, rel=1e-6)
    assert found.gain_variance == pytest.approx(slow.gains[2] / slow.gains[0] - gain**2, rel=1e-4)
    assert found.rest == pytest.approx(rest, rel=1e-6, abs=1e-12)
    assert found.rest_variance == pytest.approx(slow.harms[2] / (slow.harms[0] + slow.none) - rest**2, rel=1e-4)


@pytest.mark.parametrize("margin", [0.0, 0.1, 1.0])
def test_the_risk_is_the_tail_of_the_harms(margin: float) -> None:
    for y, variance, up, down in NAMED:
        prior = Prior(up, down)
        slow = Integrals(y, variance, prior)
        tail = slow.harm(margin) if margin < slow.far else 0.0
        assert risk(y, variance, prior, margin) == pytest.approx(tail / slow.total, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize(("y", "variance", "up", "down"), NAMED)
def test_the_truth_is_below_the_interval_once_in_forty_and_not_above_what_was_measured(
    y: float, variance: float, up: float, down: float
) -> None:
    prior = Prior(up, down)
    slow, (low, high) = Integrals(y, variance, prior), interval(y, variance, prior)
    if low < 0:
        below = slow.harm(-low) / slow.total
        assert below == pytest.approx(0.025, rel=1e-4) or low == pytest.approx(believe(y, variance, prior)[1])
    elif low > 0:
        gains = np.linspace(low, slow.far, 20_001)
        density = prior.gain / prior.up * np.exp(-gains / prior.up) * normal(y - gains, variance)
        assert mass(density, gains) / slow.total == pytest.approx(0.975, rel=1e-4)
    else:
        assert slow.harms[0] / slow.total <= 0.025 <= 1 - slow.gains[0] / slow.total
    assert high >= y + 1.9599 * math.sqrt(variance)


@settings(max_examples=50)
@given(effects, variances, scales)
def test_what_is_believed_is_in_the_interval(y: float, variance: float, scale: float) -> None:
    _, mean = believe(y, variance, Prior(scale, scale))
    low, high = interval(y, variance, Prior(scale, scale))
    assert low - 1e-9 <= mean <= high + 1e-9


@settings(max_examples=30)
@given(effects, variances, scales)
def test_doubt_is_a_chance_and_both_forms_agree(y: float, variance: float, scale: float) -> None:
    doubt, mean = believe(y, variance, Prior(scale, scale))
    found = parts(y, variance, Prior(scale, scale))
    assert 0 <= doubt <= 1
    assert found.mean == pytest.approx(mean, rel=1e-6, abs=1e-9 * scale)
    assert found.gain_variance > 0
    assert found.rest_variance > 0


@settings(max_examples=30)
@given(effects, st.floats(0.001, 5), variances, scales)
def test_a_better_score_is_believed_more(y: float, more: float, variance: float, scale: float) -> None:
    prior = Prior(scale, scale)
    (doubt, mean), (less_doubt, larger) = believe(y, variance, prior), believe(y + more, variance, prior)
    assert less_doubt <= doubt + 1e-9
    assert larger >= mean - 1e-9 * (1 + abs(mean))


@settings(max_examples=30)
@given(effects, variances, scales, st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(y: float, variance: float, scale: float, c: float) -> None:
    doubt, mean = believe(y, variance, Prior(scale, scale))
    scaled_doubt, scaled_mean = believe(c * y, c * c * variance, Prior(c * scale, c * scale))
    assert scaled_doubt == pytest.approx(doubt, rel=1e-6, abs=1e-12)
    assert scaled_mean == pytest.approx(c * mean, rel=1e-6, abs=1e-12 * c * scale)


def test_what_is_far_out_is_taken_at_its_word() -> None:
    assert interval(1e6, 1e-6, Prior(1.0, 1.0)) == pytest.approx((1e6 - 0.00196, 1e6 + 0.00196), abs=1e-5)
    assert believe(1e6, 1e-6, Prior(1.0, 1.0)) == (0.0, 1e6)
    assert believe(-1e6, 1e-6, Prior(1.0, 1.0)) == (1.0, -1e6)
    assert parts(1e6, 1e-6, Prior(1.0, 1.0)).chance == 1.0

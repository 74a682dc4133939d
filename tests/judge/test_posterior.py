from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.judge.posterior import Prior, believe, parts, risk

NAMED = [
    (y, variance, up, down)
    for y in (-3, -0.4, 0, 0.3, 2)
    for variance in (0.01, 0.3, 4)
    for up, down in ((1, 1), (0.2, 0.7))
]

effects = st.floats(-50, 50)
variances = st.floats(1e-4, 1e3)
scales = st.floats(0.01, 100)


def mass(density: Callable[[float], float], low: float, high: float, n: int = 20_000) -> float:
    """The integral, by Simpson."""
    h = (high - low) / n
    inner = sum((4 if i % 2 else 2) * density(low + i * h) for i in range(1, n))
    return h / 3 * (density(low) + inner + density(high))


def normal(x: float, variance: float) -> float:
    return math.exp(-0.5 * x * x / variance) / math.sqrt(2 * math.pi * variance)


class Integrals:
    """The same posterior, by adding up."""

    def __init__(self, y: float, variance: float, prior: Prior) -> None:
        self.y, self.variance, self.prior = y, variance, prior
        far = abs(y) + 12 * math.sqrt(variance)
        self.gains = [mass(lambda d, k=k: d**k * self.up(d), 0, far) for k in range(3)]  # type: ignore[misc]
        self.harms = [mass(lambda d, k=k: d**k * self.down(d), -far, 0) for k in range(3)]  # type: ignore[misc]
        self.none = prior.nothing * normal(y, variance)
        self.total = self.gains[0] + self.harms[0] + self.none

    def up(self, d: float) -> float:
        return self.prior.gain / self.prior.up * math.exp(-d / self.prior.up) * normal(self.y - d, self.variance)

    def down(self, d: float) -> float:
        return self.prior.harm / self.prior.down * math.exp(d / self.prior.down) * normal(self.y - d, self.variance)


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
        tail = mass(slow.down, -abs(y) - 12 * math.sqrt(variance), -margin)
        assert risk(y, variance, prior, margin) == pytest.approx(tail / slow.total, rel=1e-4, abs=1e-7)


@given(effects, variances, scales)
def test_doubt_is_a_chance_and_both_forms_agree(y: float, variance: float, scale: float) -> None:
    doubt, mean = believe(y, variance, Prior(scale, scale))
    found = parts(y, variance, Prior(scale, scale))
    assert 0 <= doubt <= 1
    assert found.mean == pytest.approx(mean, rel=1e-6, abs=1e-9 * scale)
    assert found.gain_variance > 0
    assert found.rest_variance > 0


@given(effects, st.floats(0.001, 5), variances, scales)
def test_a_better_score_is_believed_more(y: float, more: float, variance: float, scale: float) -> None:
    prior = Prior(scale, scale)
    (doubt, mean), (less_doubt, larger) = believe(y, variance, prior), believe(y + more, variance, prior)
    assert less_doubt <= doubt + 1e-9
    assert larger >= mean - 1e-9 * (1 + abs(mean))


@given(effects, variances, scales, st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(y: float, variance: float, scale: float, c: float) -> None:
    doubt, mean = believe(y, variance, Prior(scale, scale))
    scaled_doubt, scaled_mean = believe(c * y, c * c * variance, Prior(c * scale, c * scale))
    assert scaled_doubt == pytest.approx(doubt, rel=1e-6, abs=1e-12)
    assert scaled_mean == pytest.approx(c * mean, rel=1e-6, abs=1e-12 * c * scale)


def test_what_is_far_out_is_taken_at_its_word() -> None:
    assert believe(1e6, 1e-6, Prior(1.0, 1.0)) == (0.0, 1e6)
    assert believe(-1e6, 1e-6, Prior(1.0, 1.0)) == (1.0, -1e6)
    assert parts(1e6, 1e-6, Prior(1.0, 1.0)).chance == 1.0

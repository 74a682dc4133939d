from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.judge.posterior import Prior, believe, parts
from overnight.judge.value import Evidence, Terms, going_on, worth, worthwhile

PRIOR = Prior(0.5, 0.5)
PLAIN = Terms(noise2=0.09, set2=0.005, prior=PRIOR, rate=0.002)

differences = st.floats(-3, 3)
runs = st.integers(1, 20)


def after_one_run(y: float, terms: Terms) -> float:
    """Expected worth after a second run, reference known exactly and one set: by adding up, without any shortcut."""
    step = 0.04
    grid = [step * i for i in range(-75, 76)]

    def density(x: float, variance: float) -> float:
        return math.exp(-0.5 * x * x / variance) / math.sqrt(2 * math.pi * variance)

    prior = terms.prior
    weights = {d: _prior_density(d, prior) * step * density(y - d, terms.noise2) for d in grid if d != 0}
    weights[0.0] = prior.nothing * density(y, terms.noise2)
    total = sum(weights.values())
    expected = 0.0
    for another in grid:
        chance = sum(w * density(another - d, terms.noise2) for d, w in weights.items()) / total * step
        expected += chance * worth((y + another) / 2, terms.noise2 / 2 + terms.set2, terms)
    return expected


def _prior_density(d: float, prior: Prior) -> float:
    if d > 0:
        return prior.gain / prior.up * math.exp(-d / prior.up)
    return prior.harm / prior.down * math.exp(d / prior.down)


@pytest.mark.parametrize("y", [0.0, 0.4, 0.8])
def test_the_value_of_one_more_run_is_near_the_sum_over_all_that_it_may_show(y: float) -> None:
    terms = Terms(noise2=0.09, set2=1e-9, prior=PRIOR, rate=0.0)
    slow = after_one_run(y, terms) - worth(y, terms.noise2, terms)
    fast = going_on(Evidence(y, 1, 0.0), terms, most=2)
    assert fast == pytest.approx(slow, abs=0.01)


@settings(max_examples=30)
@given(differences, runs, st.floats(0, 0.5))
def test_no_batch_is_worth_more_than_knowing_all(y: float, n: int, a: float) -> None:
    known = parts(y, PLAIN.noise2 * (1 / n + a) + PLAIN.set2, PRIOR)
    assert going_on(Evidence(y, n, a), PLAIN) <= known.chance * known.gain


@settings(max_examples=30)
@given(differences, runs, st.floats(0, 0.5))
def test_worthwhile_says_whether_the_value_is_positive(y: float, n: int, a: float) -> None:
    evidence = Evidence(y, n, a)
    assert worthwhile(evidence, PLAIN) == (going_on(evidence, PLAIN) > 0)


@settings(max_examples=30)
@given(differences, runs, st.floats(0, 0.5), st.sampled_from([1e-3, 7.0, 1e4]))
def test_the_unit_does_not_matter(y: float, n: int, a: float, c: float) -> None:
    scaled = Terms(c * c * PLAIN.noise2, c * c * PLAIN.set2, Prior(c * 0.5, c * 0.5), c * PLAIN.rate)
    here, there = going_on(Evidence(y, n, a), PLAIN), going_on(Evidence(c * y, n, a), scaled)
    assert there == pytest.approx(c * here, rel=1e-6, abs=1e-9 * c)


@pytest.mark.parametrize("y", [-2.0, -0.5, 0.2, 3.0])
def test_nothing_is_worth_repeating_that_repeats_itself(y: float) -> None:
    assert not worthwhile(Evidence(y, 1, 0.25), PLAIN._replace(noise2=1e-12))


def test_a_dear_run_is_not_worth_it() -> None:
    promising = Evidence(0.5, 1, 0.25)
    assert worthwhile(promising, PLAIN)
    assert not worthwhile(promising, PLAIN._replace(rate=0.2))


def test_no_candidate_has_more_than_its_share_of_runs() -> None:
    assert not worthwhile(Evidence(0.1, 24, 1 / 25), PLAIN._replace(rate=0.0))


def test_what_is_in_doubt_is_worth_half() -> None:
    y, variance = 0.55, 0.1
    doubt, mean = believe(y, variance, PRIOR)
    assert doubt > PLAIN.certain
    assert mean > 0
    assert worth(y, variance, PLAIN) == pytest.approx(PLAIN.carried * mean)

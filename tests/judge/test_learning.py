"""What the judge learns on the way: noise, disagreement of the sets, the size of changes, the machine's drift."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.judge.drift import RATES, Drift
from overnight.judge.noise import Disagreement, Noise
from overnight.judge.prior import Scale
from overnight.judge.reference import Bank

groups = st.lists(st.lists(st.floats(-10, 10), min_size=2, max_size=6), min_size=1, max_size=5)


def pooled(scores: list[list[float]]) -> Noise:
    noise = Noise()
    for group in scores:
        mean = 0.0
        for n, score in enumerate(group):
            noise = noise.repeated(mean, n, score) if n else noise
            mean += (score - mean) / (n + 1)
    return noise


@settings(max_examples=30)
@given(groups)
def test_the_noise_is_the_textbooks_pooled_variance(scores: list[list[float]]) -> None:
    squares = sum(statistics.variance(group) * (len(group) - 1) for group in scores)
    df = sum(len(group) - 1 for group in scores)
    assert pooled(scores).variance == pytest.approx(squares / df, abs=1e-9)


@settings(max_examples=30)
@given(groups, st.randoms())
def test_the_order_of_the_runs_changes_nothing(scores: list[list[float]], chance: random.Random) -> None:
    shuffled = [chance.sample(group, len(group)) for group in scores]
    chance.shuffle(shuffled)
    assert pooled(shuffled).sigma == pytest.approx(pooled(scores).sigma, abs=1e-6)


def test_little_knowledge_makes_the_noise_larger() -> None:
    assert Noise(3.0, 3).sigma > Noise(30.0, 30).sigma > 1


def test_nothing_repeated_is_no_noise() -> None:
    assert (Noise().sigma, Noise().variance) == (0.0, 0.0)


def test_the_disagreement_of_the_sets_is_their_mean_square() -> None:
    sets = Disagreement()
    for off in (0.1, -0.1, 0.1, -0.1):
        sets = sets.another(off, 0.0)
    assert sets.variance == pytest.approx(0.01)


def test_two_proposals_say_nothing_of_how_far_sets_disagree() -> None:
    assert Disagreement().another(1.0, 0.0).another(1.0, 0.0).variance == 0


def test_what_the_runs_themselves_disagree_by_is_taken_off() -> None:
    sets = Disagreement()
    for _ in range(5):
        sets = sets.another(0.3, 0.09)
    assert sets.variance == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("when", [0, 5, 30])
def test_one_broken_change_does_not_blind_the_judge(when: int) -> None:
    chance = random.Random(3)
    offs = [chance.gauss(0, 0.1) for _ in range(40)]
    offs[when] = 1000.0
    sets = Disagreement()
    for off in offs:
        sets = sets.another(off, 0.0)
    assert sets.variance < 5 * 0.01


def test_the_size_of_changes_is_learnt_from_seven_and_then_left_alone() -> None:
    scale = Scale()
    for size in (1.0, -2.0, 3.0, 1.0, -2.0, 3.0, 2.0):
        scale = scale.another(size, 0.1)
    assert scale.size(0.1) == pytest.approx(2.0)
    assert scale.another(100.0, 0.1) == scale


def test_changes_are_not_believed_smaller_than_what_noise_hides() -> None:
    scale = Scale()
    for _ in range(7):
        scale = scale.another(0.001, 1.0)
    assert scale.size(1.0) == 0.5


def test_one_broken_change_does_not_make_all_changes_large() -> None:
    scale = Scale()
    for size in (1.0, 1e6, 1.0, 1.0, 1.0, 1.0, 1.0):
        scale = scale.another(size, 0.1)
    assert scale.size(0.1) < 2


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=8))
def test_a_bank_is_the_mean_of_its_runs(readings: list[tuple[float, float]]) -> None:
    (visible, hidden), *rest = readings
    bank = Bank(visible, hidden, 1.0, 1, visible)
    for n, (seen, unseen) in enumerate(rest):
        bank = bank.another(seen, unseen, n, 0.0)
    assert bank.visible == pytest.approx(statistics.fmean(v for v, _ in readings))
    assert bank.hidden == pytest.approx(statistics.fmean(h for _, h in readings))
    assert bank.told == pytest.approx(bank.visible)
    assert 1 / bank.a == pytest.approx(len(readings))


def test_where_the_machine_drifts_an_old_bank_is_worth_less() -> None:
    bank = Bank(0.0, 0.0, 0.25, 4, 0.0)
    assert bank.worth(100, 0.01) == pytest.approx(1.25)
    assert bank.worth(100, 0.0) == 0.25
    assert bank.another(1.0, 1.0, 100, 0.01).visible > bank.another(1.0, 1.0, 100, 0.0).visible


def watched(drifting: float, nights: int = 12) -> list[float]:
    """The rates that were taken in nights of 200 candidates without any effect, and a run of the incumbent in ten."""
    taken = []
    for night in range(nights):
        chance, level, drift = random.Random(night), 0.0, Drift()
        for runs in range(4, 200):
            level += chance.gauss(0, drifting / 10)
            drift = drift.candidate(level + chance.gauss(0, 1), 1.1, 1.0, runs)
            if runs % 10 == 0:
                drift = drift.incumbent(level + chance.gauss(0, 1), 1.0, 0.25, runs)
        taken.append(drift.ageing)
    return taken


def test_a_drift_is_seen() -> None:
    assert sum(rate > 0 for rate in watched(2.0)) >= 11


def test_a_steady_machine_is_not_accused() -> None:
    assert sum(rate > 0 for rate in watched(0.0)) <= 1


def test_a_hiccup_is_no_drift() -> None:
    drift = Drift()
    for _ in range(10):
        drift = drift.incumbent(0.5, 1.0, 0.25, 5)
    assert drift.incumbent(1000.0, 1.0, 0.25, 50).ageing == 0


def test_a_time_is_taken_for_drifting_from_the_start() -> None:
    assert Drift(timing=True).ageing == RATES[0]

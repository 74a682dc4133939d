from __future__ import annotations

import math
from functools import cache
from statistics import fmean, stdev

import pytest

from overnight.errors import UsageError
from overnight.judge.audit import Audit, audit
from overnight.judge.results import Results, Tried
from overnight.judge.walk import Repeats
from overnight.model import Call, Goal
from tests.judge.simulated_night import Simulated, simulated


def results(*lines: tuple[str, float | None, str], goal: Goal = Goal.MINIMIZE) -> Results:
    """Lines of call, score, description."""
    tried = tuple(Tried(n, Call(call), score, said) for n, (call, score, said) in enumerate(lines))
    return Results("loss", goal, "", tried)


@cache
def audited(night: Simulated) -> Audit:
    return audit(night.results)


def known(night: Simulated) -> tuple[Audit, float, float, float]:
    found = audited(night)
    assert found.expected is not None
    assert found.low is not None
    assert found.high is not None
    return found, found.expected, found.low, found.high


NIGHTS = [simulated(seed, 0.3, 60) for seed in range(8)]


def test_what_a_night_claims_is_too_much_and_what_is_expected_is_not() -> None:
    expected = [known(night)[1] - night.truth for night in NIGHTS]
    claimed = [audited(night).claimed - night.truth for night in NIGHTS]
    error = stdev(expected) / math.sqrt(len(expected))
    assert abs(fmean(expected)) < 3 * error
    assert fmean(claimed) > 0.4


def test_the_interval_holds_the_truth_nearly_always() -> None:
    inside = [low <= night.truth <= high for night in NIGHTS for _, _, low, high in [known(night)]]
    assert sum(inside) >= len(NIGHTS) - 2


def test_the_noise_is_found_without_a_single_repeat() -> None:
    inside = [found.noise.low <= 0.3 <= found.noise.high for night in NIGHTS for found in [audited(night)]]
    assert sum(inside) >= len(NIGHTS) - 2


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.035, 0.1, 0.3, 1.0])
@pytest.mark.parametrize(("runs", "repeats"), [(100, 0), (30, 3)])
def test_over_many_nights_the_audit_is_right_as_often_as_it_says(noise: float, runs: int, repeats: int) -> None:
    nights = [night for seed in range(1000, 1040) if (night := simulated(seed, noise, runs, repeats=repeats)).worth]
    found = [(night, *known(night)[1:]) for night in nights]
    assert sum(low <= night.truth <= high for night, _, low, high in found) > 0.78 * len(found)
    off = fmean(expected - night.truth for night, expected, _, _ in found)
    luck = fmean(audited(night).claimed - night.truth for night in nights)
    assert abs(off) < max(0.3 * abs(luck), 0.05)


def test_the_unit_of_the_metric_does_not_matter() -> None:
    night = NIGHTS[0].results
    tried = tuple(Tried(t.number, t.call, 5 - 1e-6 * (t.score or 0.0), t.description) for t in night.tried)
    a, b = audit(night), audit(Results("x", Goal.MINIMIZE, "", tried))
    assert a.expected is not None
    assert b.expected == pytest.approx(1e-6 * a.expected, rel=1e-3)
    assert [kept.doubt for kept in b.keeps] == pytest.approx([kept.doubt for kept in a.keeps], abs=0.01)


def test_a_change_of_seed_that_was_kept_is_worth_nothing() -> None:
    base = [("keep", 1.0, "baseline"), *(("discard", 1.0 + d / 1000, f"idea {d}") for d in range(-3, 15))]
    found = audit(results(*base, ("keep", 0.99, "seed 42 → 137")))
    assert found.keeps[0].seed
    assert found.keeps[0].doubt == pytest.approx(1.0)
    assert found.keeps[0].expected == pytest.approx(0.0, abs=1e-9)
    assert found.noise.repeats == 1


def test_repeats_narrow_the_noise() -> None:
    night = simulated(5, 0.3, 15).results
    wide, narrow = audit(night).noise, audit(night, repeats=Repeats(squares=0.3**2 * 60, df=60)).noise
    assert narrow.high - narrow.low < wide.high - wide.low
    assert narrow.value == pytest.approx(0.3, rel=0.2)


def test_the_same_description_twice_is_a_repeat() -> None:
    lines = [("keep", 1.0, "baseline"), *(("discard", 1.1 + d / 100, "wider MLP") for d in range(4))]
    assert audit(results(*lines)).noise.repeats == 3


def test_a_noise_that_is_given_is_taken() -> None:
    found = audit(results(("keep", 1.0, "baseline"), ("keep", 0.9, "a"), ("discard", 1.2, "b")), noise=0.01)
    assert found.noise.value == pytest.approx(0.01)
    assert found.noise.given
    assert found.expected == pytest.approx(0.1, rel=0.1)


def test_too_few_lines_show_no_noise_and_no_estimate() -> None:
    found = audit(results(("keep", 1.0, "baseline"), ("keep", 0.9, "a"), ("discard", 1.2, "b")))
    assert not found.noise.shown
    assert (found.expected, found.checks) == (None, ())
    assert found.claimed == pytest.approx(0.1)


def test_repeats_that_agree_to_the_last_digit_leave_no_luck() -> None:
    found = audit(
        results(("keep", 1.0, "baseline"), ("discard", 1.0, "rerun"), ("discard", 1.0, "rerun"), ("keep", 0.9, "a"))
    )
    assert (found.noise.value, found.expected, found.keeps[0].doubt) == (0.0, found.claimed, 0.0)


def test_a_night_that_kept_nothing_claims_nothing() -> None:
    found = audit(results(("keep", 1.0, "baseline"), *(("discard", 1.0 + d / 10, f"{d}") for d in range(20))))
    assert (found.keeps, found.claimed, found.checks) == ((), 0.0, ())


def test_without_a_score_there_is_nothing_to_audit() -> None:
    with pytest.raises(UsageError, match="no line has a score"):
        audit(results(("crash", None, "a")))


def test_the_cheapest_check_is_the_whole_and_runs_are_shared() -> None:
    found = audited(NIGHTS[2])
    whole, *parts = found.checks
    assert (whole.first, whole.last) == (0, found.keeps[-1].tried.number)
    ends = {end for check in found.checks for end in (check.first, check.last)}
    most = max(check.runs or 0 for check in found.checks)
    assert found.runs <= len(ends) * most
    assert all(check.gain < whole.gain for check in parts)


@pytest.mark.parametrize("score", [1e99, -1e99, 1e-99, 0.0])
def test_absurd_scores_end_in_numbers(score: float) -> None:
    lines = [("keep", 1.0, "baseline"), *(("discard", 1.0 + d / 100, f"{d}") for d in range(12))]
    for call in ("discard", "keep"):
        found = audit(results(*lines, (call, score, "absurd"), *lines[1:], ("keep", 0.9, "end")))
        assert found.expected is None or math.isfinite(found.expected)
        assert math.isfinite(found.noise.value)

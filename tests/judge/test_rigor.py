"""The measuring stick itself: worlds are what they are said to be, and the fast driver is the real night."""

from __future__ import annotations

import pytest

from bench.rigor.cells import policy
from bench.rigor.driver import SimulatedNight
from bench.rigor.parallel import ParallelNight
from bench.rigor.truth import Truth
from bench.rigor.worlds import Nature, world
from overnight.ledger.events import Claimed, Closed, Event, Judged, RunDone, Weighed


def told(event: Event) -> tuple[object, ...]:
    """What is the same in both: who decided what, from which scores."""
    if isinstance(event, RunDone):
        return (event.kind, event.run.experiment, event.run.purpose, event.run.split, event.trial.scores)
    return (event.kind, event.verdict) if isinstance(event, Judged) else (event.kind,)


@pytest.mark.parametrize("name", ["proof", "fast", "greedy", "labloop"])
@pytest.mark.parametrize("mix", ["K", "one set"])
def test_the_fast_driver_decides_what_the_real_night_decides(name: str, mix: str) -> None:
    fast = SimulatedNight(policy(name), Truth(Nature(world(mix, 0.1), "a")), runs=120)
    real = ParallelNight(policy(name), Truth(Nature(world(mix, 0.1), "a")), runs=120)
    lately = [told(event) for event in real.events() if not isinstance(event, Weighed | Claimed | Closed)]
    assert [told(event) for event in fast.events()] == lately
    assert fast.truth.standing == real.truth.standing


def test_a_night_spends_its_budget_and_no_more() -> None:
    night = SimulatedNight(policy("best + 2σ"), Truth(Nature(world("plain", 0.3), "a")), runs=50)
    assert sum(night.work().spent.values()) == 50


def test_every_policy_is_offered_the_same_ideas() -> None:
    nights = [
        SimulatedNight(policy(name), Truth(Nature(world("plain", 0.3), "a")), 60) for name in ("greedy", "Ladder")
    ]
    for night in nights:
        night.work()
    a, b = (list(night.truth.changes.values())[:40] for night in nights)
    assert a == b


def test_the_shares_of_a_world_are_as_said() -> None:
    nature = Nature(world("plain", 0.3), "a")
    worths = [nature.idea().worth for _ in range(20_000)]
    assert sum(worth > 0 for worth in worths) / 20_000 == pytest.approx(0.97 * 0.03, abs=0.005)
    assert sum(worth == 0 for worth in worths) / 20_000 == pytest.approx(0.97 * 0.40 + 0.03, abs=0.015)


@pytest.mark.parametrize("mix", ["plain", "t(3)"])
def test_the_noise_of_a_run_has_the_variance_that_is_said(mix: str) -> None:
    nature = Nature(world(mix, 0.3), "a")
    noise = [nature.noise() for _ in range(20_000)]
    assert sum(x * x for x in noise) / 20_000 == pytest.approx(0.09, rel=0.25 if mix == "t(3)" else 0.05)


def test_the_interval_of_a_keep_holds_its_true_gain() -> None:
    nights = [SimulatedNight(policy("proof"), Truth(Nature(world("K", 0.035), f"keeps/{n}")), 60) for n in range(8)]
    found = [night.work() for night in nights]
    assert sum(night.bounded for night in found) > 20
    assert sum(night.held for night in found) / sum(night.bounded for night in found) > 0.9

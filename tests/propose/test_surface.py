"""What is believed of a knob that nobody turned, from what came of turning others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from overnight.propose.places import Array
from overnight.propose.surface import Surface

UNTURNED = 3


def far_loses(loss: Callable[[Array], Array], spread: float = 2.0) -> float:
    """What going three steps with a knob is believed to lose, against what runs differ by, after 40 of three others."""
    rng = np.random.default_rng(1)
    points = np.concatenate([np.zeros((1, 4)), np.pad(rng.normal(0, spread, (40, 3)), ((0, 0), (0, 1)))])
    losses = 10 + loss(np.abs(points).sum(1)) + rng.normal(0, 0.1, 41)
    surface = Surface(np.ones(4, bool), points, losses, np.ones(41), np.zeros(41))
    means, _ = surface.effect(UNTURNED, np.array([3.0]))
    return float(means[0])


def before_any_run() -> float:
    surface = Surface(np.ones(4, bool), np.zeros((0, 4)), np.zeros(0), np.zeros(0), np.zeros(0))
    means, _ = surface.effect(UNTURNED, np.array([3.0]))
    return float(means[0])


def test_before_any_run_going_far_is_believed_to_lose() -> None:
    assert before_any_run() > 1


def test_where_going_far_lost_it_is_believed_to_lose_on() -> None:
    assert 0.5 * before_any_run() < far_loses(lambda far: far) <= before_any_run()


def test_from_a_bad_start_going_far_is_believed_to_lose_less_and_never_to_gain() -> None:
    for loss in (lambda far: 0 * far, lambda far: -far):
        assert 0 <= far_loses(loss) < 0.3 * before_any_run()

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from overnight.judge.ladder import release
from overnight.model import Goal

Bits = NDArray[np.bool_]
Answer = Callable[[float], float]

LABELS, QUERIES, HONEST = 1500, 700, 0.8
STANDARD_ERROR = math.sqrt(HONEST * (1 - HONEST) / LABELS)


class Ladder:
    """What an agent hears of its accuracies."""

    def __init__(self, step: float = STANDARD_ERROR) -> None:
        self.step, self.best = step, HONEST

    def __call__(self, accuracy: float) -> float:
        self.best = release(Goal.MAXIMIZE, self.best, accuracy, self.step)
        return self.best


def exact(accuracy: float) -> float:
    return accuracy


def rebuilt(answer: Answer) -> float:
    """The accuracy of an attacker who flips the honest predictions of many examples at random, asks how good that is,
    and solves for the labels: compressed sensing by approximate message passing, which knows that a fifth is wrong."""
    rng = np.random.default_rng(7)
    wrong = rng.random(LABELS) < 1 - HONEST
    flips: Bits = rng.random((QUERIES, LABELS)) < 0.5
    told = np.array([answer(float(np.mean(wrong == flip))) for flip in flips])
    design = np.where(flips, 1.0, -1.0) / math.sqrt(QUERIES)
    # accuracy = (1 + mean of sign·truth) / 2, where truth is +1 for a wrong example
    heard = (2 * told - 1) * LABELS / math.sqrt(QUERIES)
    return float(np.mean((solve(design, heard) > 0) == wrong))


def solve(design: NDArray[np.float64], heard: NDArray[np.float64]) -> NDArray[np.float64]:
    """The posterior mean of each ±1."""
    prior = math.log((1 - HONEST) / HONEST)
    guess, residual = np.full(LABELS, 1 - 2 * HONEST), heard - design @ np.full(LABELS, 1 - 2 * HONEST)
    for _ in range(25):
        noise = max(float(np.mean(residual**2)), 1e-6)
        pseudo = guess + design.T @ residual
        new = np.tanh(np.clip(pseudo / noise + prior / 2, -30, 30))
        correction = residual * np.sum(1 - new**2) / noise / QUERIES
        guess, residual = new, heard - design @ new + correction
    return guess


def climbed(answer: Answer, flipped: int) -> float:
    """The accuracy of an attacker who keeps every few flips that are said to help."""
    rng = np.random.default_rng(11)
    right: Bits = rng.random(LABELS) < HONEST
    best = answer(float(right.mean()))
    for _ in range(QUERIES):
        tried = right.copy()
        tried[rng.choice(LABELS, flipped, replace=False)] ^= True
        if (told := answer(float(tried.mean()))) > best:
            best, right = told, tried
    return float(right.mean())


def test_exact_scores_give_the_labels_away() -> None:
    assert rebuilt(exact) > 0.95


def test_released_scores_do_not() -> None:
    assert rebuilt(Ladder()) == pytest.approx(HONEST, abs=0.015)


def test_exact_scores_can_be_climbed() -> None:
    assert climbed(exact, 1) > HONEST + 0.05


@pytest.mark.parametrize("flipped", [1, 5, 30, 200])
def test_released_ones_cannot(flipped: int) -> None:
    assert climbed(Ladder(), flipped) == pytest.approx(HONEST, abs=0.015)


def test_what_is_not_better_by_a_step_is_no_news() -> None:
    assert release(Goal.MINIMIZE, 0.5, 0.45, 0.1) == 0.5
    assert release(Goal.MAXIMIZE, 0.5, 0.55, 0.1) == 0.5
    assert release(Goal.MINIMIZE, 0.5, 0.9, 0.1) == 0.5


def test_what_is_better_is_told_in_steps() -> None:
    assert release(Goal.MINIMIZE, 0.5, 0.3721, 0.1) == pytest.approx(0.4)
    assert release(Goal.MAXIMIZE, None, 0.3721, 0.1) == pytest.approx(0.4)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.sampled_from(Goal))
def test_what_is_told_only_gets_better(scores: list[float], goal: Goal) -> None:
    best: float | None = None
    for score in scores:
        told = release(goal, best, score, 0.05)
        assert best is None or told == best or goal.better(told, best)
        assert told == best or abs(told - score) <= 0.025 + 1e-9
        best = told

"""The levels of a night's incumbents, followed along its scores: a hidden Markov chain on a lattice.

Everything is in units of the noise, so one lattice serves every noise that is asked about, and all of them are walked
at once. Beyond the lattice (an effect of more than 60 times the noise) columns stand for ranges that grow. An effect is
a mixture: nothing (component 0), gains, and losses, each exponential with a scale of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

STEP, HALF, REACH = 0.5, 10, 120  # of the lattice, in units of the noise; a level is within HALF steps of its score
SCALES = 0.6 * 3.0 ** np.arange(14)
SIGN = np.concatenate([[0.0], np.ones(14), -np.ones(14)])
SCALE = np.concatenate([[1.0], SCALES, SCALES])
PRIOR = 10 * np.concatenate([[0.45], np.full(14, 0.05 / 14), np.full(14, 0.5 / 14)])  # as if so many had been seen
FAR = REACH * STEP * 1.1 ** np.arange(200)

X = STEP * np.arange(-HALF, HALF + 1)
TURN = np.arange(-HALF, HALF + 1)[None, :] - np.arange(-HALF, HALF + 1)[:, None]


@dataclass(frozen=True, slots=True)
class Stage:
    """An incumbent and what was measured while it was one; positive is better."""

    score: float
    runs: int = 1  # that the score is the mean of
    changed: bool = True  # False: kept, but no change of the code
    tries: Sequence[float] = ()  # scores of changes that stood on it
    again: Sequence[float] = ()  # scores of its own code, run again


@dataclass(frozen=True, slots=True)
class Repeats:
    """What repeated runs of other code say of the noise: a sum of squares with its degrees of freedom."""

    squares: float = 0.0
    df: int = 0


def _moves(steps: Array) -> Array:
    """For each component, the chance of a change to move the level by so many steps of the lattice."""
    stays = 1 - STEP / SCALE[:, None]
    size = np.abs(steps)[None, :]
    moved = (1 - stays) * stays ** np.maximum(size - 1, 0)
    found = np.where(SIGN[:, None] * steps[None, :] > 0, moved, 0.0)
    found[0] = steps == 0
    return found


def _beyond(away: Array) -> Array:
    """For each component, the density of a score that is so many units of noise off its incumbent's."""
    close = np.exp(-np.abs(away)[None, :] / SCALE[:, None] + 0.5 / SCALE[:, None] ** 2) / SCALE[:, None]
    return np.where(SIGN[:, None] * away[None, :] > 0, close, 0.0)


BELL = np.exp(-0.5 * X**2) / math.sqrt(2 * math.pi)
BEYOND = _beyond(np.concatenate([FAR, -FAR]))
REACHED = np.arange(-REACH, REACH + 1).astype(float)
NEAR = np.array([np.convolve(row, BELL, "valid") for row in _moves(np.arange(-REACH - HALF, REACH + HALF + 1.0))])
SCORED = np.concatenate([NEAR, BEYOND], axis=1)  # component by difference: density of a try's score
MOVED = np.concatenate([_moves(REACHED), BEYOND * STEP], axis=1)  # component by difference: chance of a move
WIDTH = SCORED.shape[1]


def _bins(away: Array) -> NDArray[np.int64]:
    """The column of SCORED, and of MOVED, for each difference in units of the noise."""
    near = np.rint(away / STEP)
    far = 2 * REACH + 1 + np.searchsorted(FAR[1:-1], np.abs(away)) + len(FAR) * (away < 0)
    return np.where(np.abs(near) <= REACH - HALF, np.clip(near, -REACH, REACH) + REACH, far).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Night:
    """The scores in units of each noise that is asked about. Axes: noise asked about, stage, level or column."""

    noises: Array
    anchors: Array  # of each stage's levels: its score, rounded to the lattice, so that moves are whole steps
    tried: Array  # how many tries of a stage are in each column of SCORED
    seen: Array  # log-density of the stage's own score, and of its repeats, for each level
    jumps: NDArray[np.int64]  # steps from a stage's anchor to the next one's
    leaps: NDArray[np.int64]  # the same as a column of MOVED
    changed: NDArray[np.bool_]
    plain: Array  # the part of the log-likelihood that does not depend on the shares

    @classmethod
    def of(cls, stages: Sequence[Stage], repeats: Repeats, noises: Array) -> Night:
        scores = np.array([stage.score for stage in stages])
        rounded = np.rint((scores - scores[0]) / noises[:, None] / STEP)
        anchors = rounded * STEP
        tried = np.zeros((len(noises), len(stages), WIDTH))
        seen = np.empty((len(noises), len(stages), len(X)))
        for k, stage in enumerate(stages):
            tries, again = np.array(stage.tries) - scores[0], np.array(stage.again) - scores[0]
            for s, noise in enumerate(noises):
                anchor = anchors[s, k]
                own = np.clip((scores[k] - scores[0]) / noise - anchor, -STEP, STEP)
                tried[s, k] = np.bincount(_bins(tries / noise - anchor), minlength=WIDTH)
                seen[s, k] = -0.5 * stage.runs * (X - own) ** 2
                seen[s, k] -= 0.5 * ((again[:, None] / noise - anchor - X) ** 2).sum(0)
        jumps = np.clip(np.diff(rounded), -1e9, 1e9)
        measured = sum(len(stage.tries) + len(stage.again) for stage in stages) + len(stages) - 1 + repeats.df
        plain = -measured * np.log(noises) - repeats.squares / (2 * noises**2)
        changed = np.array([stage.changed for stage in stages[1:]], dtype=bool)
        return cls(noises, anchors, tried, seen, jumps.astype(np.int64), _bins(jumps * STEP), changed, plain)


@dataclass(frozen=True, slots=True)
class Walk:
    """The levels along the night, for given shares: the forward and backward pass of a hidden Markov chain.

    `ahead` has three rows for each stage: the density of the level, and with it the first level's mean and mean square
    (so that the variance of the total, which needs both ends at once, comes out of the forward pass)."""

    ahead: Array  # stage, asked, row, level
    log_likelihood: Array
    levels: Array  # asked, stage, level: given the whole night
    doubts: Array  # asked, keep
    off: Array  # asked, column: how far the tries were off the levels
    moved: Array  # asked, column: how far the keeps moved the levels

    @classmethod
    def along(cls, night: Night, shares: Array) -> Walk:
        said, constant = _said(night, shares)
        chances = shares @ MOVED
        ahead = np.empty((said.shape[1], len(shares), 3, len(X)))
        likely = constant
        rows = said[:, 0, None, :] * STEP * np.stack([np.ones_like(X), X, X**2])
        for k in range(said.shape[1]):
            if k:
                rows = (ahead[k - 1] @ _turn(night, chances, k - 1)) * said[:, k, None, :]
            size = np.maximum(rows[:, 0].sum(1), 1e-300)
            ahead[k] = rows / size[:, None, None]
            likely = likely + np.log(size)
        return _back(night, chances, said, ahead, likely)


def shares_of(shares: Array, walk: Walk) -> Array:
    """How large the changes were, as shares of the components other than nothing."""
    others: Array = shares[:, 1:]
    for _ in range(4):
        scored = walk.off / np.maximum(shares @ SCORED, 1e-300)
        moved = walk.moved / np.maximum(shares @ MOVED, 1e-300)
        counts = shares * (scored @ SCORED.T + moved @ MOVED.T)
        others = normal(counts[:, 1:] + PRIOR[1:])
        shares = np.concatenate([shares[:, :1], (1 - shares[:, :1]) * others], axis=1)
    return others


def _said(night: Night, shares: Array) -> tuple[Array, Array]:
    """What a stage's scores say of each level, and the logarithm that was taken out of it."""
    near = 2 * REACH + 1
    logs = np.log(np.maximum(shares @ SCORED, 1e-300))
    windows = sliding_window_view(logs[:, :near], len(X), axis=1)[:, :, ::-1]
    said = night.seen + night.tried[:, :, HALF : near - HALF] @ windows
    most = said.max(2)
    far = (night.tried[:, :, near:].sum(1) * logs[:, near:]).sum(1)
    return np.exp(said - most[:, :, None]), most.sum(1) + far


def _turn(night: Night, chances: Array, keep: int) -> Array:
    """The chance to come from each level to each other one when `keep` landed."""
    if not night.changed[keep]:
        return np.where(night.jumps[:, keep, None, None] + TURN == 0, 1.0, 1e-30)
    found: Array = chances.ravel()[_columns(night, keep)].reshape(-1, len(X), len(X))
    return found


def _columns(night: Night, keep: int) -> NDArray[np.int64]:
    """Where in MOVED the way from each level to each other one is, with all that is asked about in one row."""
    steps = night.jumps[:, keep, None] + TURN.ravel()
    leaps = night.leaps[:, keep, None]
    row = WIDTH * np.arange(len(steps))[:, None]
    columns: NDArray[np.int64] = row + np.where(leaps > 2 * REACH, leaps, np.clip(steps, -REACH, REACH) + REACH)
    return columns


def _back(night: Night, chances: Array, said: Array, ahead: Array, likely: Array) -> Walk:
    asked, stages = said.shape[:2]
    levels, doubts = np.empty_like(said), np.ones((asked, stages - 1))
    moved = np.zeros(asked * WIDTH)
    after = np.ones((asked, len(X)))
    for k in reversed(range(stages)):
        levels[:, k] = normal(ahead[k][:, 0] * after)
        if k == 0:
            break
        turn, then = _turn(night, chances, k - 1), said[:, k] * after
        if night.changed[k - 1]:
            pairs = normal((ahead[k - 1][:, 0, :, None] * turn * then[:, None, :]).reshape(asked, -1))
            doubts[:, k - 1] = (pairs * (night.jumps[:, k - 1, None] + TURN.ravel() <= 0)).sum(1)
            moved += np.bincount(_columns(night, k - 1).ravel(), pairs.ravel(), asked * WIDTH)
        after = normal((turn @ then[:, :, None])[:, :, 0])
    return Walk(ahead, likely, levels, doubts, _off(night, levels), moved.reshape(asked, WIDTH))


def _off(night: Night, levels: Array) -> Array:
    """How many tries were how far off the level of their incumbent, as far as that is known."""
    near = 2 * REACH + 1
    off: Array = night.tried.sum(1)
    off[:, :near] = 0.0
    inner = night.tried[:, :, HALF : near - HALF]
    for j, shifted in enumerate(np.moveaxis(levels.transpose(0, 2, 1) @ inner, 1, 0)):
        off[:, 2 * HALF - j : 2 * HALF - j + inner.shape[2]] += shifted
    return off


def normal(density: Array) -> Array:
    found: Array = density / np.maximum(density.sum(1, keepdims=True), 1e-300)
    return found

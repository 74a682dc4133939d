"""Extremely randomised trees in numpy: a regression that needs no tuning and nothing installed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Tree:
    """Nodes by number, the root first; a leaf is its own child."""

    feature: npt.NDArray[np.intp]
    cut: Array
    below: npt.NDArray[np.intp]
    above: npt.NDArray[np.intp]
    value: Array


class Forest:
    """Every tree sees all rows; each cut is the best of one random place per feature."""

    def __init__(self, points: Array, values: Array, seed: int, trees: int = 60, leaf: int = 3) -> None:
        rng = np.random.default_rng(seed)
        grown = [_grown(points, values, rng, leaf) for _ in range(trees)]
        starts = np.cumsum([0, *(len(tree.value) for tree in grown)])
        self._roots = starts[:-1]
        self._feature = np.concatenate([tree.feature for tree in grown])
        self._cut = np.concatenate([tree.cut for tree in grown])
        self._below = np.concatenate([tree.below + at for tree, at in zip(grown, starts, strict=False)])
        self._above = np.concatenate([tree.above + at for tree, at in zip(grown, starts, strict=False)])
        self._value = np.concatenate([tree.value for tree in grown])

    def __call__(self, point: Array) -> float:
        at = self._roots
        while True:
            next_ = np.where(point[self._feature[at]] < self._cut[at], self._below[at], self._above[at])
            if (next_ == at).all():
                return float(self._value[at].mean())
            at = next_


def _grown(points: Array, values: Array, rng: np.random.Generator, leaf: int) -> _Tree:
    feature, cut, below, above, value = [0], [0.0], [0], [0], [0.0]
    waiting = [(0, np.arange(len(points)))]
    while waiting:
        node, rows = waiting.pop()
        value[node] = float(values[rows].mean())
        split = _split(points[rows], values[rows], rng, leaf) if len(rows) >= 2 * leaf else None
        if split is None:
            continue
        feature[node], cut[node] = split
        left = points[rows, feature[node]] < cut[node]
        children = [len(value), len(value) + 1]
        below[node], above[node] = children
        for column in (below, above):
            column += children
        feature += [0, 0]
        cut += [0.0, 0.0]
        value += [0.0, 0.0]
        waiting += [(children[0], rows[left]), (children[1], rows[~left])]
    return _Tree(np.array(feature), np.array(cut), np.array(below), np.array(above), np.array(value))


def _split(points: Array, values: Array, rng: np.random.Generator, leaf: int) -> tuple[int, float] | None:
    """A feature and a cut; None where the values are all alike, or every cut leaves too few rows on a side."""
    low, high = points.min(0), points.max(0)
    cuts = low + (high - low) * rng.random(points.shape[1])
    left = points < cuts
    count = left.sum(0)
    centred = values - values.mean()
    total = centred @ left
    allowed = (count >= leaf) & (len(values) - count >= leaf)
    if not allowed.any() or not centred.any():
        return None
    gain = np.where(allowed, total**2 / np.maximum(count, 1) + total**2 / np.maximum(len(values) - count, 1), -1.0)
    best = int(np.argmax(gain))
    return best, float(cuts[best])

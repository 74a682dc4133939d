"""The next setting to measure, from everything that was measured: a pure function of history and chance.

Around the run that is believed to be best, changes of one to four knobs are thought of: each knob alone, the promising
ones together, and neighbours of the best. What stands may owe it to luck that it measured best, and would be in the way
until something is as lucky; so it is not always where the search goes on. For each change, the gain that it may well
have is drawn from what is believed (Thompson sampling: `surface.py`), and weighed by the chance that it runs at all
(`failures.py`). So a knob that was never turned is still tried, and several proposals at a time differ. A promising
change is drawn several times, which makes the search bolder early on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from overnight.program.knobs import Knob, Value
from overnight.propose.failures import Failures, find_ties, tied
from overnight.propose.places import Array, Moves, Places, Setting
from overnight.propose.surface import Surface


@dataclass(frozen=True, slots=True)
class Seen:
    """A setting that was measured. `loss`: less is better; None: it failed, and `why`."""

    setting: Setting
    loss: float | None
    why: str = ""
    runs: int = 1  # that the loss is the mean of
    era: int = 0  # the same number for the same code around the knobs
    cause: str = ""  # of its failing: the one sentence of `why`


MOST = 4  # knobs that are turned at a time
TOGETHER = (2, 2, 2, 3, 3, 4)  # how many are put together, each as likely
PUT_TOGETHER = 200
NEIGHBOURS, BEST = 100, 12  # so many, of the best so many
CAUTION = 2.0  # a change that fails half of the time is worth half to this power

Picks = npt.NDArray[np.intp]
"""Changes, one a row: numbers of moves, filled up with the number of no move."""


def aims(
    knobs: Mapping[str, Knob], history: Sequence[Seen], pending: Sequence[Setting], rng: np.random.Generator
) -> Iterator[Setting]:
    """Settings that differ from where the knobs stand, the most promising first. `pending` are being measured."""
    places, points, surface = _around_the_best(knobs, history, pending)
    failures = _failures(places, points, history)
    moves = places.moves(rng)
    if not len(moves.axes):
        return
    surface.table(moves)
    failures.table(moves)
    picks = _ranked(moves, surface, failures, rng)
    failed = {each.why: each.setting for each in history if each.loss is None}
    stands = {name: knob.value for name, knob in knobs.items()}
    ties = find_ties(knobs, failed, [each.setting for each in history if each.loss is not None])
    for row in picks:
        turned = {places.names[moves.axes[i]]: moves.values[i] for i in row if i < len(moves.values)}
        setting = tied(places.here | turned, ties, knobs)
        if setting is not None and setting != stands:
            yield setting


def believed(places: Places, history: Sequence[Seen]) -> tuple[Surface, Failures]:
    points = places.of([each.setting for each in history])
    return _surface(places, points, history), _failures(places, points, history)


def _around_the_best(
    knobs: Mapping[str, Knob], history: Sequence[Seen], pending: Sequence[Setting]
) -> tuple[Places, Array, Surface]:
    """The knobs as in the run that is believed to be best, and all points and what is believed, seen from there."""
    places = Places(knobs)
    points = places.of([*(each.setting for each in history), *pending])
    surface = _surface(places, points, history)
    if (best := surface.best()) is None:
        return places, points, surface
    measured = [*(each.setting for each in history if each.loss is not None), *pending]
    there = Places(_as_in(measured[best], knobs))
    points = places.seen_from(there, points)
    return there, points, _surface(there, points, history)


def _surface(places: Places, points: Array, history: Sequence[Seen]) -> Surface:
    """What is being measured, the points beyond the history, is believed to be no better than what stands, so that
    others are thought of."""
    ran = [each for each in history if each.loss is not None]
    rows = np.array([each.loss is not None for each in history] + [bool(ran)] * (len(points) - len(history)), bool)
    points, more = points[rows], int(rows.sum()) - len(ran)
    losses = np.array([each.loss for each in ran], float)
    if more:
        here = losses[~points[: len(ran)].any(1)]
        losses = np.append(losses, [here.mean() if len(here) else losses.min()] * more)
    runs = np.array([each.runs for each in ran] + [1] * more, float)
    eras = np.array([each.era for each in ran] + [0] * more, float)
    return Surface(places.numbers, points, losses, runs, eras)


def _failures(places: Places, points: Array, history: Sequence[Seen]) -> Failures:
    failed = np.array([each.loss is None for each in history], bool)
    return Failures(places.numbers, points[: len(history)], failed)


def _as_in(setting: Setting, knobs: Mapping[str, Knob]) -> Mapping[str, Knob]:
    """But for what is not allowed any more."""
    turned = {name: setting[name] for name, knob in knobs.items() if name in setting and _allowed(knob, setting[name])}
    return {name: replace(knob, value=turned.get(name, knob.value)) for name, knob in knobs.items()}


def _allowed(knob: Knob, value: Value) -> bool:
    if knob.range is None or isinstance(value, str):
        return value in knob.choices
    return knob.range.low <= value <= knob.range.high


def _ranked(moves: Moves, surface: Surface, failures: Failures, rng: np.random.Generator) -> Picks:
    def promise(picks: Picks) -> Array:
        return _promise(surface.draw(picks, rng), 1 - failures.chance(picks))

    count = len(moves.axes)
    single = np.full((count, MOST), count)
    single[:, 0] = np.arange(count)
    alone = promise(single)
    weights = np.empty(count)
    weights[np.argsort(-alone)] = 1 / (3.0 + np.arange(count))
    weights /= weights.sum()
    together = _together(moves, weights, rng)
    picks, promises = np.concatenate([single, together]), np.append(alone, promise(together))
    near = _neighbours(picks[np.argsort(-promises)[:BEST]], moves, weights, rng)
    picks, promises = np.concatenate([picks, near]), np.append(promises, promise(near))
    return np.asarray(picks[np.argsort(-promises)])


def _promise(gains: Array, fine: Array) -> Array:
    weight = fine**CAUTION
    return np.where(gains > 0, gains * weight, gains / weight)


def _together(moves: Moves, weights: Array, rng: np.random.Generator) -> Picks:
    """Two to four moves each, more often those that promise more alone."""
    none = len(moves.axes)
    picks = rng.choice(none, (PUT_TOGETHER, MOST), p=weights)
    sizes = rng.choice(TOGETHER, PUT_TOGETHER)
    picks[np.arange(MOST)[None, :] >= sizes[:, None]] = none
    return _once(picks, moves)


def _neighbours(best: Picks, moves: Moves, weights: Array, rng: np.random.Generator) -> Picks:
    """One move put in, taken out, or exchanged."""
    none = len(moves.axes)
    picks = best[rng.integers(0, len(best), NEIGHBOURS)]
    new = rng.choice(none, NEIGHBOURS, p=weights)
    new[rng.random(NEIGHBOURS) < 0.2] = none
    picks[np.arange(NEIGHBOURS), rng.integers(0, MOST, NEIGHBOURS)] = new
    return _once(picks, moves)


def _once(picks: Picks, moves: Moves) -> Picks:
    """Each knob is turned once: of several moves of one, the first counts."""
    axes = np.append(moves.axes, -1)[picks]
    for column in range(1, MOST):
        again = (axes[:, :column] == axes[:, column : column + 1]).any(1)
        picks[again, column] = len(moves.axes)
    return picks

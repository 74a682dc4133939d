"""Settings as points: for each knob, how many steps it is from where it stands now; which values it may be turned to.

A number's steps are those of its range (`space.py`). A choice is at 0 where it stands, elsewhere at 1, 2, …: labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from overnight.program.knobs import Knob, Value
from overnight.propose.space import moved, positions

Array: TypeAlias = npt.NDArray[np.float64]
Setting: TypeAlias = Mapping[str, Value]

MOVES = 10
"""Values of a number that are thought of at a time, between a fraction of a step and most of its range."""
FARTHEST = 8.0
"""Steps; what lies further away counts as this far."""
UNHEARD = 99.0
"""The label of a choice that is not among the choices any more."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Turns of one knob each: which knob, to which value, and where that lies."""

    axes: npt.NDArray[np.intp]
    values: Sequence[Value]
    places: Array


class Places:
    def __init__(self, knobs: Mapping[str, Knob]) -> None:
        self.names, self._knobs = list(knobs), list(knobs.values())
        self.numbers = np.array([knob.range is not None for knob in self._knobs], bool)
        self.here = {name: knob.value for name, knob in knobs.items()}

    def of(self, settings: Sequence[Setting]) -> Array:
        """One row each. A knob that a setting does not know, or that was something else, counts as not turned."""
        columns = [
            places_of(knob, [setting.get(name, knob.value) for setting in settings])
            for name, knob in zip(self.names, self._knobs, strict=True)
        ]
        return np.array(columns, float).reshape(len(self.names), len(settings)).T

    def seen_from(self, other: Places, points: Array) -> Array:
        """The same points from where the same knobs stand in `other`."""
        there = self.of([other.here])[0]
        labels = np.where(points == 0, [_label(knob, knob.value) for knob in self._knobs], points)
        apart = np.clip(points - there, -FARTHEST, FARTHEST)
        return np.where(points == there, 0.0, np.where(self.numbers, apart, labels))

    def moves(self, rng: np.random.Generator) -> Moves:
        axes: list[int] = []
        values: list[Value] = []
        for axis, knob in enumerate(self._knobs):
            found = sorted(_turns(knob, rng) - {knob.value}, key=repr)
            axes += [axis] * len(found)
            values += found
        by_axis = [places_of(knob, [v for a, v in zip(axes, values, strict=True) if a == axis])
                   for axis, knob in enumerate(self._knobs)]  # fmt: skip
        return Moves(np.array(axes, np.intp), values, np.concatenate(by_axis))


def places_of(knob: Knob, values: Sequence[Value]) -> Array:
    """Where values of one knob lie, from where it stands."""
    reach, here = knob.range, knob.value
    if reach is None or isinstance(here, str):
        labels = {choice: _label(knob, choice) for choice in knob.choices} | {here: 0.0}
        return np.array([labels.get(value, UNHEARD) for value in values], float)
    known = [here if isinstance(value, str) else value for value in values]
    return np.clip(positions(reach, known) - positions(reach, [here]), -FARTHEST, FARTHEST)


def _label(knob: Knob, value: Value) -> float:
    return 1.0 + knob.choices.index(value) if value in knob.choices else UNHEARD


def _turns(knob: Knob, rng: np.random.Generator) -> set[Value]:
    """Other choices; of a number, values at distances that are spread evenly over short and long ones, both ways."""
    if knob.range is None or isinstance(knob.value, str):
        return set(knob.choices)
    share = 2 * (np.arange(MOVES) + rng.random(MOVES)) / MOVES - 1
    by = np.sign(share) * (-np.log(1 - 0.985 * np.abs(share))) ** 0.8
    return {moved(knob.range, knob.value, float(each)) for each in by}

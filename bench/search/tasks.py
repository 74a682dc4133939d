"""A task: a file with knobs, what a setting of them is truly worth, and what measuring it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np

from overnight.program.knobs import Knob, Value, find_knobs
from overnight.program.ranges import Number, Scale
from overnight.propose.space import moved, steps

Setting: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Crash:
    why: str


Truth: TypeAlias = Callable[[Setting], float | Crash]
"""The loss in % of the start's, without noise; or what went wrong."""


@dataclass(frozen=True)
class Task:
    """One of a family; each seed is another one."""

    family: str
    seed: int
    text: str  # of the file with the knobs: the start
    truth: Truth
    noise: float | Callable[[Setting], float]  # of one run of a setting, in % of the start's loss
    conditions: Mapping[str, tuple[str, Value]] = field(default_factory=dict)  # counts only where another has a value

    def spread(self, setting: Setting) -> float:
        return self.noise(setting) if callable(self.noise) else self.noise

    @cached_property
    def knobs(self) -> Sequence[Knob]:
        return find_knobs(self.text)

    @property
    def start(self) -> dict[str, Value]:
        return {knob.name: knob.value for knob in self.knobs}

    def active(self, name: str, setting: Setting) -> bool:
        return name not in self.conditions or setting[self.conditions[name][0]] == self.conditions[name][1]


class Unit:
    """A number knob's range as 0..1, on its own scale."""

    def __init__(self, knob: Knob) -> None:
        assert knob.range
        self.reach, self.whole = knob.range, isinstance(knob.value, int)
        self._width = steps(self.reach, self.reach.low, self.reach.high)

    def of(self, value: Value) -> float:
        assert not isinstance(value, str)
        return steps(self.reach, self.reach.low, value) / self._width

    def value(self, unit: float) -> Number:
        """The readable value nearest to this place."""
        if unit <= 0:
            return self.reach.low
        if unit >= 1:
            return self.reach.high
        low = self.reach.low if self.reach.scale is Scale.DOUBLING or not self.whole else float(self.reach.low)
        value = moved(self.reach, low, unit * self._width)
        return min(max(round(value), int(self.reach.low)), int(self.reach.high)) if self.whole else value


def anywhere(task: Task, rng: np.random.Generator) -> dict[str, Value]:
    """A setting drawn at random, as a random search would."""
    drawn: dict[str, Value] = {}
    for knob in task.knobs:
        if knob.range:
            drawn[knob.name] = Unit(knob).value(float(rng.random()))
        else:
            drawn[knob.name] = knob.choices[int(rng.integers(len(knob.choices)))]
    return drawn


class Measured:
    """What an optimiser sees of a task: noisy losses and crashes. What it reached is the truth of the best measured."""

    def __init__(self, task: Task, seed: int = 0) -> None:
        self.task = task
        self._noise = np.random.default_rng([task.seed, seed, 77])
        self._best = np.inf
        self.gains: list[float] = []  # true, of the setting that measured best, after each run
        self.crashes = 0

    def __call__(self, setting: Setting) -> float | Crash:
        truth = self.task.truth(setting)
        chance = float(self._noise.normal())  # drawn for a crash too: the same stream for everybody
        if isinstance(truth, Crash):
            self.crashes += 1
            self.gains.append(self.gains[-1] if self.gains else 0.0)
            return truth
        said = truth + chance * self.task.spread(setting)
        if said < self._best:
            self._best = said
            self.gains.append(100.0 - truth)
        else:
            self.gains.append(self.gains[-1])
        return said

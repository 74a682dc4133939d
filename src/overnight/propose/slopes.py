"""What the search believes: how much the metric gains for each step that a knob is turned.

Every measured change votes for the slopes of the knobs that it turned, in proportion to how far it turned each; a
crash votes like a bad loss, so the search turns away from where things crash, and the more so the more it has seen.
Beliefs are drawn at random in proportion to what is known (Thompson sampling): a knob that was never turned is still
tried, and one that failed once is not given up. All knobs are bent by the same amount: near a good starting point,
going too far is the usual way to lose.

Not covered: knobs that only help together. The pairs would need more runs than a night has.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from overnight.program.knobs import Knob, Value
from overnight.propose.space import steps

# Chosen by simulation (bench/search_sim.py, 80 tasks that did not choose them): of a true gain of 12 % after 60
# experiments, halving or doubling any one of these costs 0 to 0.5 points, none gains.
BEND = 0.34  # lost by one step for its own sake; all in units of the night's median change
PRIOR = 0.9  # before the first try: no slope, as if so many tries of one step had said so
CHANCE = 0.5  # how far a draw strays from the best guess
CRASH = -2.0  # what a crash counts
LOSS, GAIN = -3.0, 5.0  # a result beyond these says no more than one at them


@dataclass(frozen=True, slots=True)
class Try:
    """A change that was measured: each knob's old and new value, and what it gained. None: it crashed."""

    moves: Mapping[str, tuple[Value, Value]]
    gain: float | None


Slopes = Mapping[str, float]
"""For each number, the gain of a step upwards; for each other choice, the gain of taking it."""


class Belief:
    """What the tries say about each knob, seen from the values that stand now."""

    def __init__(self, knobs: Mapping[str, Knob], tries: Iterable[Try]) -> None:
        self._knobs = knobs
        self._votes = dict.fromkeys(_arms(knobs), 0.0)
        self._weights = dict.fromkeys(self._votes, PRIOR)
        tries = list(tries)
        unit = statistics.median([abs(t.gain) for t in tries if t.gain is not None] or [1.0]) or 1.0
        for each in tries:
            gain = CRASH if each.gain is None else min(max(each.gain / unit, LOSS), GAIN)
            self._learn(each.moves, gain)

    def draw(self, rng: random.Random) -> Slopes:
        """Slopes as they may well be."""
        return {
            arm: self._votes[arm] / weight + rng.gauss(0, CHANCE) / weight**0.5 for arm, weight in self._weights.items()
        }

    def promise(self, slopes: Slopes, change: Mapping[str, Value]) -> float:
        """The gain that a change would bring if the slopes were these."""
        turns = (_turn(name, self._knobs[name], self._knobs[name].value, new) for name, new in change.items())
        return sum(slopes[arm] * to - BEND * to * to for arm, _, to in turns)

    def _learn(self, moves: Mapping[str, tuple[Value, Value]], gain: float) -> None:
        turns = [
            _turn(name, self._knobs[name], old, new)
            for name, (old, new) in moves.items()
            if name in self._knobs and type(old) is type(new) is type(self._knobs[name].value)
        ]
        total = sum((to - start) ** 2 for _, start, to in turns)
        for arm, start, to in turns:
            far = to - start
            if arm in self._votes and far:
                weight = far * far / total
                self._votes[arm] += weight * far * (gain + BEND * (to * to - start * start))
                self._weights[arm] += weight * far * far


def _arms(knobs: Mapping[str, Knob]) -> list[str]:
    return [arm for name, knob in knobs.items() for arm in ([name] if knob.range else _others(name, knob))]


def _others(name: str, knob: Knob) -> list[str]:
    return [f"{name}={choice}" for choice in knob.choices if choice != knob.value]


def _turn(name: str, knob: Knob, old: Value, new: Value) -> tuple[str, float, float]:
    """Which slope a change is about, and from where to where it went, in steps from the value that stands now.
    Another choice is one step away."""
    if knob.range and not isinstance(old, str) and not isinstance(new, str) and not isinstance(knob.value, str):
        return name, steps(knob.range, knob.value, old), steps(knob.range, knob.value, new)
    if new == knob.value:
        return f"{name}={old}", 1.0, 0.0
    return f"{name}={new}", 0.0, 1.0

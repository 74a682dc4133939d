"""What the search believes of crashes: how likely a change is to fail, and which sizes must divide which.

A logistic regression on how far each knob is turned, upwards and downwards apart, so that memory that grows with
sizes is learnt from few crashes; going far is believed to be risky before any is seen. A message that says that a
number is not divisible by another teaches a tie at once, when every run that ended well respects it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

import numpy as np
import numpy.typing as npt

from overnight.program.knobs import Knob, Value
from overnight.propose.places import Array, Moves, Setting

# In logits; chosen on the tuning tasks of bench/search.
SAFE = -3.0  # a change of nothing
STEP, STEP_SPREAD = 0.3, 1.5  # what a step adds, before anything is known
ROUNDS = 4  # of Newton


class Failures:
    def __init__(self, numbers: npt.NDArray[np.bool_], points: Array, failed: npt.NDArray[np.bool_]) -> None:
        self._numbers = numbers
        features = np.concatenate([np.ones((len(points), 1)), self._ups(points), self._downs(points)], 1)
        self._logits = _learnt(features, failed)

    def table(self, moves: Moves) -> None:
        """Take in the moves that picks will be made of; the last row stands for no move."""
        number = self._numbers[moves.axes]
        ups, downs = self._logits[1 + moves.axes], self._logits[1 + len(self._numbers) + moves.axes]
        each = np.where(number, np.where(moves.places > 0, ups, -downs) * moves.places, ups)
        self._each = np.append(each, 0.0)

    def chance(self, picks: npt.NDArray[np.intp]) -> Array:
        """That a row of moves fails."""
        return _likely(self._logits[0] + self._each[picks].sum(1))

    def _ups(self, points: Array) -> Array:
        return np.where(self._numbers, np.maximum(points, 0), points != 0)

    def _downs(self, points: Array) -> Array:
        return np.where(self._numbers, np.maximum(-points, 0), 0)


def _learnt(features: Array, failed: npt.NDArray[np.bool_]) -> Array:
    count = features.shape[1]
    prior, sure = np.full(count, STEP), np.full(count, STEP_SPREAD**-2)
    prior[0], sure[0] = SAFE, 1.0
    logits = prior.copy()
    for _ in range(ROUNDS if failed.any() else 0):
        likely = _likely(features @ logits)
        bent = (features * (likely * (1 - likely))[:, None]).T @ features + np.diag(sure)
        logits = logits - np.linalg.solve(bent, features.T @ (likely - failed) + sure * (logits - prior))
    return logits


def _likely(logits: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))))


Ties = Sequence[tuple[str, str]]
"""Pairs of knobs of which the first must be a multiple of the second."""

_SAID = re.compile(r"divisib|divide|multiple of")


def find_ties(knobs: Mapping[str, Knob], failed: Mapping[str, Setting], fine: Sequence[Setting]) -> Ties:
    """From the settings that failed, by their messages, and those that ran; what stands is one of these. Names of knobs
    are as the code has them."""
    whole = [name for name, knob in knobs.items() if type(knob.value) is int and knob.value > 0]
    said = {message: setting for message, setting in failed.items() if _SAID.search(message)}
    found = (tie for message, setting in said.items() for tie in _broken(message, setting, whole))
    ran = [*fine, {name: knob.value for name, knob in knobs.items()}]
    return [tie for tie in dict.fromkeys(found) if all(_respects(setting, *tie) for setting in ran)]


def tied(setting: Setting, ties: Ties, knobs: Mapping[str, Knob]) -> Setting | None:
    """The setting with each multiple set to the nearest one; None where a tie cannot be kept."""
    new = dict(setting)
    for name, part in ties:
        whole, unit, reach = new[name], new[part], knobs[name].range
        if not _respects(new, name, part) and reach and isinstance(whole, int) and isinstance(unit, int) and unit > 0:
            nearest = max(1, round(whole / unit)) * unit
            new[name] = nearest if reach.low <= nearest <= reach.high else whole
    return new if all(_respects(new, *tie) for tie in ties) else None


def _broken(message: str, setting: Setting, whole: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The pairs that a message may be about: both are in it, by name or by value, and do not divide."""
    words = set(re.findall(r"\w+", message))
    named = [name for name in whole if {name.rpartition(":")[2], str(setting.get(name))} & words]
    return ((a, b) for a, b in permutations(named, 2) if not _respects(setting, a, b))


def _respects(setting: Mapping[str, Value], whole: str, part: str) -> bool:
    """True also where one of them is not known."""
    a, b = setting.get(whole), setting.get(part)
    return not (isinstance(a, int) and isinstance(b, int)) or (b > 0 and a % b == 0)

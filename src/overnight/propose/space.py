"""Steps: how far apart two values of a number are, and which value lies a given distance away."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from overnight.program.ranges import Number, Range, Scale

STEPS = 7
"""So many steps are as wide as a range: 4, 5 and 10 did worse in simulation (bench/search_sim.py)."""

ZERO, ONE = 0.003, 0.9999
"""Where a share counts as 0 or as 1: on a scale of odds, these are infinitely far."""


def steps(reach: Range, old: Number, new: Number) -> float:
    """Signed. The same change stays as far while an inferred range wanders along with its value."""
    return (_position(reach, new) - _position(reach, old)) / _step(reach)


def moved(reach: Range, value: Number, by: float) -> Number:
    """The readable value that lies `by` steps from `value`, within the range; whole numbers move at least by one."""
    target = _position(reach, value) + by * _step(reach)
    target = min(max(target, _position(reach, reach.low)), _position(reach, reach.high))
    new = _readable(reach.scale, _value(reach.scale, target), isinstance(value, int))
    if new == value and isinstance(value, int):
        least = value if reach.scale is Scale.DOUBLING else 1
        new = value + least if by > 0 else value - (least + 1) // 2
    return min(max(new, reach.low), reach.high)


def positions(reach: Range, values: Sequence[Number]) -> npt.NDArray[np.float64]:
    """Where many values lie, in steps; from anywhere."""
    raw = np.asarray(values, float)
    match reach.scale:
        case Scale.LINEAR:
            where = raw
        case Scale.FRACTION:
            share = np.clip(raw, ZERO, ONE)
            where = np.log(share / (1 - share))
        case _:
            where = np.log2(np.maximum(raw, reach.low / 2))
    return where / _step(reach)


def _step(reach: Range) -> float:
    return (_position(reach, reach.high) - _position(reach, reach.low)) / STEPS


def _position(reach: Range, value: Number) -> float:
    match reach.scale:
        case Scale.LINEAR:
            return float(value)
        case Scale.FRACTION:
            share = min(max(value, ZERO), ONE)
            return math.log(share / (1 - share))
        case _:
            return math.log2(max(value, reach.low / 2))  # an older value may have been 0


def _value(scale: Scale, position: float) -> float:
    match scale:
        case Scale.LINEAR:
            return position
        case Scale.FRACTION:
            share = round(1 / (1 + math.exp(-position)), 6)
            return 0.0 if share <= ZERO else 1.0 if share >= ONE else share
        case _:
            return float(2.0**position)


def _readable(scale: Scale, value: float, whole: bool) -> Number:
    """With two digits: a person will read the diff."""
    if scale is Scale.DOUBLING:
        return int(2 ** round(math.log2(value)))
    if scale is Scale.FRACTION and value > 0.9:
        return round(1 - float(f"{1 - value:.2g}"), 6)
    short = float(f"{value:.2g}")
    return round(short) if whole else short

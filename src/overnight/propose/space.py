"""How far apart two values of a knob are, and which value lies a given distance away."""

from __future__ import annotations

import math

from overnight.program.ranges import Number, Range, Scale

ZERO, ONE = 0.003, 0.9999
"""Where a share counts as 0 or as 1: on the logit scale these are infinitely far."""


def width(reach: Range) -> float:
    return _position(reach.scale, reach.high) - _position(reach.scale, reach.low)


def distance(reach: Range, old: Number, new: Number) -> float:
    """Signed, in widths of the range: the same change keeps its distance while the value wanders."""
    return (_position(reach.scale, new) - _position(reach.scale, old)) / width(reach)


def moved(reach: Range, value: Number, by: float) -> Number:
    """The readable value that lies `by` widths from `value`, within the range; the next one if that is nearer."""
    target = _position(reach.scale, value) + by * width(reach)
    new = _readable(reach.scale, _value(reach.scale, target), isinstance(value, int))
    if isinstance(value, int) and new == value:
        up = by > 0
        new = (value * 2 if up else value // 2) if reach.scale is Scale.DOUBLING else value + (1 if up else -1)
    return min(max(new, reach.low), reach.high)


def _position(scale: Scale, value: Number) -> float:
    if scale in (Scale.LOG, Scale.DOUBLING):
        return math.log2(value)
    if scale is Scale.FRACTION:
        share = min(max(value, ZERO), ONE)
        return math.log(share / (1 - share))
    return float(value)


def _value(scale: Scale, position: float) -> float:
    if scale in (Scale.LOG, Scale.DOUBLING):
        return float(2.0**position)
    if scale is Scale.FRACTION:
        share = 1 / (1 + math.exp(-position))
        return 0.0 if share < ZERO else 1.0 if share > ONE else share
    return position


def _readable(scale: Scale, value: float, whole: bool) -> Number:
    """Few digits: a person will read the diff."""
    if scale is Scale.DOUBLING:
        return int(2 ** round(math.log2(value)))
    if whole:
        return round(float(f"{value:.2g}"))
    if scale is Scale.FRACTION and value > 0.9:
        return round(1 - float(f"{1 - value:.2g}"), 6)
    return float(f"{value:.2g}")

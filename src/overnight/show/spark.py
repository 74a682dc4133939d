"""A curve in one line of characters, low is low. What falls steeply and then hardly at all, as a loss does, is drawn
so that its end shows: heights are not in proportion, only their order is."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
BROKEN = "×"  # no finite number
SKIPPED, FEW = 0.1, 3  # of the curve, for the scale: where it begins says little, and is far above the rest


def spark(values: Sequence[float], columns: int) -> str:
    """From left to right; each column shows the last of the values that fall into it."""
    if not values:
        return ""
    shown = [values[max(1, -(-(column + 1) * len(values) // columns)) - 1] for column in range(columns)]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return BROKEN * columns
    settled = finite[math.ceil(SKIPPED * len(finite)) :] if len(finite) > FEW else finite
    low, high = min(settled), max(settled)
    falls = finite[-1] <= finite[0]
    return "".join(_block(value, low, high, falls) for value in shown)


def _block(value: float, low: float, high: float, falls: bool) -> str:
    if not math.isfinite(value):
        return BROKEN
    share = min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.0
    share = math.sqrt(share) if falls else 1 - math.sqrt(1 - share)
    return BLOCKS[round(share * (len(BLOCKS) - 1))]

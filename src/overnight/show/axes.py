"""Where numbers lie in a picture: experiments across, the metric up, with a frame, a grid and round numbers at it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from overnight.show import svg
from overnight.show.svg import Point

PAD = 14.0  # so that the first and the last dot are whole
LIGHT, DARK = "#ececec", "#888"


@dataclass(frozen=True, slots=True)
class Plane:
    """`low` and `high` are the scores at its edges; what is beyond lies on the edge."""

    left: float
    top: float
    right: float
    bottom: float
    last: float  # experiment; the first is 0
    low: float
    high: float

    def at(self, point: Point) -> Point:
        score = min(max(point[1], self.low), self.high)
        share = (self.high - score) / (self.high - self.low)
        return self.across(point[0]), self.top + share * (self.bottom - self.top)

    def holds(self, score: float) -> bool:
        return self.low <= score <= self.high

    def across(self, number: float) -> float:
        return self.left + PAD + number / max(1.0, self.last) * (self.right - self.left - 2 * PAD)


def frame(plane: Plane, top: float, bottom: float, metric: str) -> Iterator[str]:
    """A line at each round score, the score beside it, and round numbers of experiments below. Between the plane and
    `top` or `bottom` there may be room for what has no score."""
    rounded = ticks(plane.low, plane.high, 8)
    for score in rounded:
        _, y = plane.at((0.0, score))
        yield svg.line([(plane.left, y), (plane.right, y)], LIGHT, 1.0)
        yield svg.words((plane.left - 8, y + 4), tick_text(score, rounded), 12, anchor="end")
    for number in ticks(0.0, plane.last, 10):
        if number == int(number):
            x = plane.across(number)
            yield svg.line([(x, bottom), (x, bottom + 5)], DARK, 1.0)
            yield svg.words((x, bottom + 20), f"{number:,.0f}", 12, anchor="middle")
    corners = [(plane.left, top), (plane.left, bottom), (plane.right, bottom), (plane.right, top), (plane.left, top)]
    yield svg.line(corners, DARK, 1.0)
    yield svg.words(((plane.left + plane.right) / 2, bottom + 42), "experiment", 13, anchor="middle")
    yield svg.words((20.0, (top + bottom) / 2), metric, 13, anchor="middle", turned=-90.0)


def band(plane: Plane, level: Sequence[Point], half: float) -> str:
    """Around a level: where 19 of 20 runs lie."""
    upper = [plane.at((x, y + half)) for x, y in level]
    return svg.area(upper + [plane.at((x, y - half)) for x, y in reversed(level)], svg.PALE)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers within the range."""
    rough = (high - low) / about
    size = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float, among: Sequence[float]) -> str:
    step = among[1] - among[0] if len(among) > 1 else abs(value) or 1.0
    return number_text(value, step)


def number_text(value: float, step: float) -> str:
    """As many decimals as tell `step` from nothing."""
    if max(abs(value), step) >= 1e6 or step < 1e-6:
        return f"{value:.4g}".replace("-", "−")
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:.{decimals}f}".replace("-", "−")


def steps(points: Sequence[tuple[float, float]], last: float) -> list[Point]:
    """Level until the next one begins."""
    ends = [*(x for x, _ in points[1:]), last]
    return [step for (x, y), end in zip(points, ends, strict=False) for step in ((float(x), y), (float(end), y))]


def apart(spots: Sequence[float], gap: float) -> list[float]:
    """One spot or two; two are moved apart evenly until `gap` lies between them."""
    middle, missing = sum(spots) / len(spots), gap - (max(spots) - min(spots))
    if len(spots) < 2 or missing <= 0:
        return list(spots)
    upper = spots[0] <= spots[1]
    return [middle - gap / 2, middle + gap / 2] if upper else [middle + gap / 2, middle - gap / 2]

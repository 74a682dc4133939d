"""What the knobs did, as a picture: a panel for each of the few that mattered, with what was tried and is believed.

A dot is a run, less what its other knobs are believed to have done in it; the line is what the knob alone is believed
to do, in a band of 95 %. All panels have the same scale upwards, so that what matters more is steeper. Promises: the
same lessons give the same picture; what failed, and what is far off, lies on the edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from overnight.propose.lessons import Learned, Place, Turned, shown
from overnight.show import svg
from overnight.show.axes import DARK, LIGHT, tick_text, ticks
from overnight.show.caption import BEYOND, CROSS, RED
from overnight.show.learned import scaled
from overnight.show.paint import cut, printable
from overnight.show.svg import BLUE, GREEN, PALE, Point
from overnight.show.words import plural

MOST, ACROSS = 6, 3  # panels
WIDTH, TOP, LEFT, RIGHT, FOOT = 1200, 84, 64, 16, 16
HIGH, WIDE, GAP = 190.0, 346.0, 41.0  # of a panel; between two
HEAD, BELOW = 44.0, 40.0  # above and below it
LANE = 16.0  # for what failed
FAR = 0.5  # of the whole height, that lone dots may add


@dataclass(frozen=True, slots=True)
class Panel:
    """`low` and `high`: gains at its edges, `first` and `last` steps."""

    left: float
    top: float
    first: float
    last: float
    low: float
    high: float

    @property
    def bottom(self) -> float:
        return self.top + HIGH

    def at(self, step: float, gain: float) -> Point:
        share = (self.high - min(max(gain, self.low), self.high)) / (self.high - self.low)
        return self.across(step), self.top + share * (HIGH - LANE)

    def across(self, step: float) -> float:
        return self.left + 10 + (step - self.first) / (self.last - self.first) * (WIDE - 20)

    def holds(self, gain: float) -> bool:
        return self.low <= gain <= self.high


def knob_picture(learned: Learned, metric: str, baseline: float | None) -> str:
    """Gains as shares of the baseline, where there is one; up is better."""
    knobs = [knob for knob in learned.turned if len(knob.curve) > 1][:MOST]
    rows = max(1, -(-len(knobs) // ACROSS))
    height = round(TOP + rows * (HEAD + HIGH + BELOW) + FOOT)
    return svg.picture(WIDTH, height, _parts(knobs, metric, baseline), _title(knobs, metric))


def _parts(knobs: Sequence[Turned], metric: str, baseline: float | None) -> Iterator[str]:
    factor = 100 / abs(baseline) if baseline else 1.0
    yield svg.words((LEFT, 32), _title(knobs, metric), 18)
    yield from _legend((LEFT, 58.0))
    low, high = _range(knobs)
    for place, knob in enumerate(knobs):
        row, column = divmod(place, ACROSS)
        left, top = LEFT + column * (WIDE + GAP), TOP + row * (HEAD + HIGH + BELOW) + HEAD
        first, last = _ends(knob)
        yield from _panel(Panel(left, top, first, last, low, high), knob, factor, baseline)


def _title(knobs: Sequence[Turned], metric: str) -> str:
    count = "What the knob did" if len(knobs) == 1 else f"What the {len(knobs)} knobs that mattered most did"
    return f"{count} to {cut(printable(metric), 40)}, as the optimiser believes"


def _legend(at: Point) -> Iterator[str]:
    x, y = at
    signs = (
        (svg.dots([(x + 8, y - 4)], 3.5, "#888", 0.6), "a run, less what its other knobs did"),
        (
            svg.area([(0, -10), (18, -10), (18, 1), (0, 1)], PALE) + svg.line([(0, -4), (18, -4)], BLUE, 2.0),
            "believed, 95 %",
        ),
        (svg.line([(8, -11), (8, 2)], GREEN, 1.5), "where it stands"),
        (svg.line([(8, -11), (8, 2)], DARK, 1.5, "3 3"), "where it began"),
        (svg.strokes(CROSS, [(8, -4)], RED, 0.8), "failed"),
    )
    for number, (sign, said) in enumerate(signs):
        yield svg.moved(sign, (x, y)) if number else sign
        yield svg.words((x + 24, y), said, 12)
        x += 24 + svg.width_of(said, 12) + 18


def _range(knobs: Sequence[Turned]) -> tuple[float, float]:
    """All of the curves; of bands and dots what does not flatten them."""
    means = [place.belief.gain for knob in knobs for place in knob.curve] or [0.0]
    low, high = min(means), max(means)
    tall = (high - low) or max((place.belief.se for knob in knobs for place in knob.curve), default=0.0) or 1.0
    gains = [dot.gain for knob in knobs for dot in knob.dots if dot.gain is not None]
    ends = [end for knob in knobs for place in knob.curve for end in (place.belief.low, place.belief.high)]
    seen = [gain for gain in (*gains, *ends) if low - FAR * tall <= gain <= high + FAR * tall]
    room = 0.06 * tall
    return min([low, *seen]) - room, max([high, *seen]) + room


def _ends(knob: Turned) -> tuple[float, float]:
    steps = [place.at for place in knob.curve] + [dot.at for dot in knob.dots]
    low, high = min(steps), max(steps)
    return (low - 0.5, high + 0.5) if knob.choice else (low, high) if high > low else (low - 1, high + 1)


def _panel(panel: Panel, knob: Turned, factor: float, baseline: float | None) -> Iterator[str]:
    name = cut(printable(knob.name), 40)
    yield svg.words((panel.left, panel.top - 22), name, 14)
    failed = f", {knob.failed} failed" if knob.failed else ""
    sure = "" if knob.matters else ", not sure"
    said = f"best against worst {scaled(knob.swing, baseline)}{sure} · {plural(knob.runs, 'run')}{failed}"
    yield svg.words((panel.left, panel.top - 7), said, 11, DARK)
    yield from _frame(panel, factor, bool(baseline))
    yield from _bars(panel, knob) if knob.choice else _curve(panel, knob)
    yield from _marks(panel, knob)
    yield from _dots(panel, knob)
    yield from _values(panel, knob)


def _frame(panel: Panel, factor: float, percent: bool) -> Iterator[str]:
    rounded = ticks(panel.low * factor, panel.high * factor, 4)
    for tick in rounded:
        _, y = panel.at(panel.first, tick / factor)
        yield svg.line([(panel.left, y), (panel.left + WIDE, y)], DARK if tick == 0 else LIGHT, 1.0)
        if panel.left == LEFT:  # the scale is the same in all
            text = tick_text(tick, rounded) if tick <= 0 else f"+{tick_text(tick, rounded)}"
            yield svg.words((panel.left - 5, y + 4), f"{text} %" if percent else text, 11, DARK, "end")
    right = panel.left + WIDE
    corners = [(panel.left, panel.top), (panel.left, panel.bottom), (right, panel.bottom), (right, panel.top)]
    yield svg.line([*corners, corners[0]], DARK, 1.0)


def _curve(panel: Panel, knob: Turned) -> Iterator[str]:
    upper = [panel.at(place.at, place.belief.high) for place in knob.curve]
    lower = [panel.at(place.at, place.belief.low) for place in reversed(knob.curve)]
    yield svg.area(upper + lower, PALE)
    yield svg.line([panel.at(place.at, place.belief.gain) for place in knob.curve], BLUE, 2.0)


def _bars(panel: Panel, knob: Turned) -> Iterator[str]:
    """Choices have no line between them."""
    for place in knob.curve:
        (x, high), (_, low) = panel.at(place.at, place.belief.high), panel.at(place.at, place.belief.low)
        yield svg.area([(x - 14, high), (x + 14, high), (x + 14, low), (x - 14, low)], PALE)
        _, y = panel.at(place.at, place.belief.gain)
        yield svg.line([(x - 14, y), (x + 14, y)], BLUE, 2.0)


def _marks(panel: Panel, knob: Turned) -> Iterator[str]:
    x = panel.across(0.0)
    yield svg.line([(x, panel.top), (x, panel.bottom)], GREEN, 1.5)
    if knob.brought is not None and panel.first <= knob.brought.at <= panel.last:
        x = panel.across(knob.brought.at)
        yield svg.line([(x, panel.top), (x, panel.bottom)], DARK, 1.5, "3 3")


def _dots(panel: Panel, knob: Turned) -> Iterator[str]:
    crowd = math.log10(max(10, len(knob.dots)))
    ran = [(dot.at, dot.gain) for dot in knob.dots if dot.gain is not None]
    near = [panel.at(at, gain) for at, gain in ran if panel.holds(gain)]
    yield svg.dots(near, round(4.6 - 0.8 * crowd, 1), "#888", round(max(0.3, 0.95 - 0.25 * crowd), 2))
    for up, y in ((True, panel.top + 5), (False, panel.bottom - LANE - 5)):
        far = [(panel.across(at), y) for at, gain in ran if (gain > panel.high if up else gain < panel.low)]
        yield svg.strokes(BEYOND[up], far, DARK, 0.7)
    failed = [(panel.across(dot.at), panel.bottom - LANE / 2) for dot in knob.dots if dot.gain is None]
    yield svg.strokes(CROSS, failed, RED, round(max(0.3, 0.9 - 0.25 * crowd), 2))


def _values(panel: Panel, knob: Turned) -> Iterator[str]:
    """Below: every choice; of a number its ends, and where it stands where there is room."""
    places = list(knob.curve) if knob.choice else _told(knob)
    taken: list[tuple[float, float]] = []
    for place in places:
        text = cut(shown(place.value), 14)
        half = svg.width_of(text, 11) / 2 + 3
        x = min(max(panel.across(place.at), panel.left + half), panel.left + WIDE - half)
        if all(x + half <= low or x - half >= high for low, high in taken):
            taken.append((x - half, x + half))
            stands = place.value == knob.value
            yield svg.words((x, panel.bottom + 15), text, 11, GREEN if stands else DARK, "middle")


def _told(knob: Turned) -> list[Place]:
    here = min(knob.curve, key=lambda place: abs(place.at))
    began = [knob.brought] if knob.brought else []
    return [here, knob.curve[0], knob.curve[-1], *began, knob.best]

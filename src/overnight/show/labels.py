"""Where slanted labels go, so that none lies on another, on a dot, or out of the picture.

All have the same slant, so that in coordinates turned by it each is an upright box. The important ones choose first; a
label that finds no place is left out. Does not look at what may be covered, such as grey dots: a label has a halo.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from overnight.show import svg
from overnight.show.paint import cut
from overnight.show.svg import Point

SLANT = 25.0  # degrees
COS, SIN = math.cos(math.radians(SLANT)), math.sin(math.radians(SLANT))
GAP = 9.0  # between a dot and its label
LETTERS = (42, 26)
PLACES = ((0, 1), (14, 1), (28, 1), (0, -1), (44, 1), (62, 1), (14, -1))
"""The side, 1 being that where there is room, and how much further off, which takes a thin line to the dot."""


@dataclass(frozen=True, slots=True)
class Wish:
    at: Point  # its dot
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """In turned coordinates."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True, slots=True)
class Label:
    text: str
    dot: Point
    at: Point  # where its middle line begins or ends
    baseline: Point  # the same of the line that its letters stand on
    anchor: str
    slant: float  # degrees, clockwise
    away: bool  # from its dot
    box: Box


@dataclass(frozen=True, slots=True)
class Room:
    """`falls`: better is further down, so that below the dots there is room; otherwise above them."""

    left: float
    top: float
    right: float
    bottom: float
    falls: bool
    size: int  # of the letters

    @property
    def slant(self) -> float:
        return -SLANT if self.falls else SLANT

    def turned(self, point: Point) -> Point:
        """x along the text, y across it, towards where there is room."""
        y = point[1] if self.falls else -point[1]
        return point[0] * COS - y * SIN, point[0] * SIN + y * COS

    def back(self, along: float, across: float) -> Point:
        y = across * COS - along * SIN
        return along * COS + across * SIN, y if self.falls else -y

    def holds(self, box: Box) -> bool:
        corners = [self.back(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
        return all(self.left <= x <= self.right and self.top <= y <= self.bottom for x, y in corners)


def placed(wishes: Sequence[Wish], dots: Sequence[Point], radius: float, room: Room) -> list[Label]:
    """The wishes, the most important first; `dots` are not covered. Where a name finds no place, its beginning may."""
    taken = [_around(room.turned(dot), radius) for dot in dots]
    found: list[Label] = []
    for wish in wishes:
        places = (place for most in LETTERS for place in _places(cut(wish.text, most), wish.at, room))
        label = next((place for place in places if room.holds(place.box) and _free(place.box, taken)), None)
        if label is not None:
            found.append(label)
            taken.append(label.box)
    return found


def written(labels: Iterable[Label], room: Room, fill: str) -> Iterator[str]:
    for label in labels:
        if label.away:
            yield svg.line([label.dot, label.at], fill, 0.5)
        yield svg.words(label.baseline, label.text, room.size, fill, label.anchor, label.slant, halo=True)


def _around(point: Point, radius: float) -> Box:
    return Box(point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius)


def _free(box: Box, taken: Sequence[Box]) -> bool:
    return not any(map(box.meets, taken))


def _places(text: str, dot: Point, room: Room) -> Iterator[Label]:
    """Ending at its dot, on the side where there is room; then beginning at it; then the same from further off."""
    along, across = room.turned(dot)
    wide, half = svg.width_of(text, room.size), 0.62 * room.size
    foot = 0.35 * room.size * (1 if room.falls else -1)
    for away, side in PLACES:
        off = across + away * side
        end = along - GAP if side > 0 else along + GAP + wide
        edge, anchor = (end, "end") if side > 0 else (end - wide, "start")
        spot, baseline = room.back(edge, off), room.back(edge, off + foot)
        box = Box(end - wide, off - half, end, off + half)
        yield Label(text, dot, spot, baseline, anchor, room.slant, away > 0, box)

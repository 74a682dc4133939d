"""Pictures as SVG text. What a stranger wrote is escaped, and holds nothing that XML forbids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TypeAlias

from overnight.show.paint import columns_of, printable

Point: TypeAlias = tuple[float, float]
FONT = "font-family='system-ui, sans-serif'"

GREY, GREEN, AMBER, BLUE, PALE, INK = "#bbb", "#1a8f3c", "#d08700", "#2457c5", "#dfe8fb", "#333"

WIDTHS = (
    ("ijl'", 0.3),
    (" frtIJ.,:;!|()[]/-", 0.42),
    ("cksvxyz", 0.6),
    ("abdeghnopqu_0123456789", 0.65),
    ("mwMW@%&", 1.0),
)
"""Of characters, in units of their size; at most."""


def picture(width: int, height: int, parts: Iterable[str], said: str) -> str:
    """On white, so that it can be read wherever it is put. `said`: for those who cannot see it."""
    size = f"width='{width}' height='{height}' viewBox='0 0 {width} {height}'"
    inside = "\n".join(parts)
    ground = f"<rect width='{width}' height='{height}' fill='#fff'/>"
    name = f"role='img' aria-label='{_text(said)}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size} {name}>\n{ground}\n{inside}\n</svg>\n"


def dot(at: Point, radius: float, fill: str, title: str = "", rim: str = "") -> str:
    named = f"<title>{_text(title)}</title>" if title else ""
    edge = f" stroke='{rim}'" if rim else ""
    return f"<circle cx='{at[0]:.1f}' cy='{at[1]:.1f}' r='{radius:g}' fill='{fill}'{edge}>{named}</circle>"


def dots(points: Iterable[Point], radius: float, fill: str, opacity: float) -> str:
    """Many alike: where they lie on one another, they are darker. On half units, which a picture of twice the size
    draws all the same: a tenth less to store."""
    placed = ((round(2 * x) / 2, round(2 * y) / 2) for x, y in points)
    inside = "".join(f"<circle cx='{x:g}' cy='{y:g}' r='{radius:g}'/>" for x, y in placed)
    return f"<g fill='{fill}' fill-opacity='{opacity:g}'>{inside}</g>"


def strokes(shape: str, points: Iterable[Point], stroke: str, opacity: float = 1.0) -> str:
    """The same small shape, a path from where it is put, many times."""
    path = "".join(f"M{x:.1f} {y:.1f}{shape}" for x, y in points)
    return f"<path d='{path}' fill='none' stroke='{stroke}' stroke-opacity='{opacity:g}'/>"


def line(points: Sequence[Point], stroke: str, width: float = 1.5, dashes: str = "") -> str:
    dashed = f" stroke-dasharray='{dashes}'" if dashes else ""
    return f"<polyline points='{_points(points)}' fill='none' stroke='{stroke}' stroke-width='{width:g}'{dashed}/>"


def area(points: Sequence[Point], fill: str) -> str:
    return f"<polygon points='{_points(points)}' fill='{fill}'/>"


def moved(part: str, by: Point) -> str:
    return f"<g transform='translate({by[0]:.1f} {by[1]:.1f})'>{part}</g>"


def words(
    at: Point,
    text: str,
    size: int = 12,
    fill: str = INK,
    anchor: str = "start",
    turned: float = 0.0,
    halo: bool = False,  # so that it can be read on top of dots
) -> str:
    turn = f" transform='rotate({turned:g} {at[0]:.1f} {at[1]:.1f})'" if turned else ""
    light = " stroke='#fff' stroke-width='3' stroke-linejoin='round' paint-order='stroke'" if halo else ""
    place = f"x='{at[0]:.1f}' y='{at[1]:.1f}' text-anchor='{anchor}'"
    return f"<text {place} font-size='{size}' fill='{fill}' {FONT}{light}{turn}>{_text(text)}</text>"


def width_of(text: str, size: float) -> float:
    """How wide it is at most, in the fonts that people have; ours is one of the wide ones."""
    return size * sum(map(_width, text))


def _width(char: str) -> float:
    for chars, wide in WIDTHS:
        if char in chars:
            return wide
    return 1.0 if columns_of(char) == 2 else 0.85


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _text(text: str) -> str:
    return escape(printable(text))

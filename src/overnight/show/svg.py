"""Pictures as SVG text. What a stranger wrote is escaped, and holds nothing that XML forbids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TypeAlias

from overnight.show.paint import printable

Point: TypeAlias = tuple[float, float]
FONT = "font-family='system-ui, sans-serif'"


def picture(width: int, height: int, parts: Iterable[str]) -> str:
    """On white, so that it can be read wherever it is put."""
    size = f"width='{width}' height='{height}' viewBox='0 0 {width} {height}'"
    inside = "\n".join(parts)
    ground = f"<rect width='{width}' height='{height}' fill='#fff'/>"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>\n{ground}\n{inside}\n</svg>\n"


def dot(at: Point, radius: float, fill: str, title: str = "") -> str:
    named = f"<title>{_text(title)}</title>" if title else ""
    return f"<circle cx='{at[0]:.1f}' cy='{at[1]:.1f}' r='{radius}' fill='{fill}'>{named}</circle>"


def line(points: Sequence[Point], stroke: str, width: float = 1.5, dashes: str = "") -> str:
    dashed = f" stroke-dasharray='{dashes}'" if dashes else ""
    return f"<polyline points='{_points(points)}' fill='none' stroke='{stroke}' stroke-width='{width}'{dashed}/>"


def area(points: Sequence[Point], fill: str) -> str:
    return f"<polygon points='{_points(points)}' fill='{fill}'/>"


def words(at: Point, text: str, size: int = 12, fill: str = "#333", anchor: str = "start", turned: float = 0.0) -> str:
    turn = f" transform='rotate({turned:g} {at[0]:.1f} {at[1]:.1f})'" if turned else ""
    place = f"x='{at[0]:.1f}' y='{at[1]:.1f}' text-anchor='{anchor}'"
    return f"<text {place} font-size='{size}' fill='{fill}' {FONT}{turn}>{_text(text)}</text>"


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _text(text: str) -> str:
    return escape(printable(text))

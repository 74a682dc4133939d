"""An audited night as a picture: every score, what was kept, and the level that would show again. In the terminal as
characters, in a file as SVG. Scores far worse than the incumbents lie on the edge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from overnight.judge.audit import SURE, Audit
from overnight.model import Goal
from overnight.show import svg
from overnight.show.axes import Plane, band, frame, steps
from overnight.show.labels import Room, Wish, placed, written
from overnight.show.paint import Cell, Screen, Tone, cut, fit, printable, spread
from overnight.show.svg import AMBER, BLUE, GREEN, GREY, Point
from overnight.show.words import score_text

ROWS, MOST_COLUMNS, LABEL = 11, 100, 11
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 1000, 540, 90, 62, 20, 76
NAMES = 40


@dataclass(frozen=True, slots=True)
class Shape:
    """What both pictures draw. Scores are the metric's own; positions count experiments."""

    tries: tuple[Point, ...]
    keeps: tuple[Point, ...]  # the baseline is the first
    sure: tuple[bool, ...]
    levels: tuple[float, ...]  # expected ones, of the same; empty where nothing is known
    low: float
    high: float
    last: int


def plot(audit: Audit, screen: Screen) -> Iterator[str]:
    """`o` kept and believed, `?` kept and in doubt, `·` the rest, `─` the level that would show again."""
    shape = _shape(audit)
    columns = min((screen.width or 80) - LABEL - 2, MOST_COLUMNS)
    grid: list[list[Cell]] = [[" "] * columns for _ in range(ROWS)]
    wide, tall = (columns - 1) / max(1, shape.last), (ROWS - 1) / (shape.high - shape.low)

    def put(at: Point, mark: Cell) -> None:
        row = round((shape.high - at[1]) * tall)
        grid[min(max(row, 0), ROWS - 1)][round(at[0] * wide)] = mark

    for (begin, level), (end, _) in pairwise([*_levels(shape), (shape.last + 1, 0.0)]):
        for column in range(round(begin * wide), min(columns, round(end * wide))):
            put((column / wide, level), ("─", Tone.QUIET))
    for at in shape.tries:
        put(at, ("·", Tone.QUIET))
    for at, sure in zip(shape.keeps, shape.sure, strict=True):
        put(at, ("o", Tone.GOOD) if sure else ("?", Tone.WARN))
    labels = {0: score_text(shape.high), ROWS - 1: score_text(shape.low)}
    for row, cells in enumerate(grid):
        yield spread([fit(labels.get(row, ""), LABEL, right=True), "  ", *cells], screen.width, screen).rstrip()
    legend = "o kept  ? kept, in doubt  · not kept" + ("  ─ would show again" if shape.levels else "")
    yield screen.paint(" " * (LABEL + 2) + legend, Tone.QUIET)


def audit_svg(audit: Audit, title: str) -> str:
    """`title`: two lines at most are shown of it."""
    shape = _shape(audit)
    plane = Plane(LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM, shape.last, shape.low, shape.high)
    return svg.picture(WIDTH, HEIGHT, [*_words(shape, title), *_drawn(audit, shape, plane)], title)


def _drawn(audit: Audit, shape: Shape, plane: Plane) -> Iterator[str]:
    level = steps(_levels(shape), shape.last)
    if level:
        yield band(plane, level, audit.noise.apart / 2**0.5)
    yield from frame(plane, plane.top, plane.bottom, cut(printable(audit.results.metric), 40))
    yield svg.line([plane.at(point) for point in level], BLUE)
    yield svg.line([plane.at(point) for point in steps(shape.keeps, shape.last)], GREEN, 1.0, "4 3")
    yield svg.dots(map(plane.at, shape.tries), 2.5, GREY, 1.0)
    spots = [plane.at(point) for point in shape.keeps]
    said = ["the baseline", *(f"#{kept.tried.number} {kept.tried.description}" for kept in audit.keeps)]
    for spot, sure, text in zip(spots, shape.sure, said, strict=True):
        yield svg.dot(spot, 4.5, GREEN if sure else AMBER, cut(text, 200))
    told = sorted(zip(audit.keeps, spots[1:], shape.sure[1:], strict=True), key=lambda each: -each[0].gain)
    wishes = [Wish(spot, printable(kept.tried.description)) for kept, spot, sure in told if sure]
    room = Room(LEFT, TOP, plane.right, plane.bottom, audit.results.goal is Goal.MINIMIZE, 10)
    yield from written(placed(wishes[:NAMES], spots, 5.0, room), room, GREEN)


def _words(shape: Shape, title: str) -> Iterator[str]:
    first, _, second = title.partition(". ")
    yield svg.words((LEFT, 26), cut(f"{first}." if second else first, 130), 14)
    yield svg.words((LEFT, 46), cut(second, 130), 14)
    x = float(LEFT)
    for text, colour in (
        ("kept", GREEN),
        ("kept, in doubt", AMBER),
        ("not kept", "#888"),
        ("would show again, and where 19 of 20 runs of it lie" if shape.levels else "", BLUE),
    ):
        yield svg.words((x, HEIGHT - 10), text, 11, colour)
        x += svg.width_of(text, 11) + 24


def _shape(audit: Audit) -> Shape:
    tried = [each for each in audit.results.tried if each.score is not None]
    kept = {keep.tried.number: keep for keep in audit.keeps}
    keeps = [(float(t.number), t.score or 0.0) for t in tried if t is tried[0] or t.number in kept]
    tries = [(float(t.number), t.score or 0.0) for t in tried if t is not tried[0] and t.number not in kept]
    low, high = _range([score for _, score in keeps] + list(audit.levels), audit)
    sure = (True, *(keep.doubt is not None and keep.doubt <= SURE for keep in audit.keeps))
    return Shape(tuple(tries), tuple(keeps), sure, audit.levels, low, high, audit.results.tried[-1].number)


def _range(scores: Sequence[float], audit: Audit) -> tuple[float, float]:
    low, high = min(scores), max(scores)
    room = max((high - low) * 0.15, 2 * audit.noise.value if audit.noise.shown else 0.0, abs(high) * 1e-9, 1e-300)
    worse = room * 1.5
    return (low - room, high + worse) if audit.results.goal is Goal.MINIMIZE else (low - worse, high + room)


def _levels(shape: Shape) -> list[Point]:
    return [(x, level) for (x, _), level in zip(shape.keeps, shape.levels, strict=False)]

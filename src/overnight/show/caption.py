"""The words around the staircase: one plain sentence above it, and what each sign in it means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from overnight.model import Goal, Standing
from overnight.show import svg
from overnight.show.axes import DARK, number_text
from overnight.show.paint import printable
from overnight.show.series import Series
from overnight.show.svg import BLUE, GREEN, GREY, PALE
from overnight.show.words import change_text, plural

SIZE, ROW, SIGN, APART = 12, 20.0, 22.0, 18.0  # of the legend: letters, a row, a sign, between two
RIM, RED = "#0d5f26", "#c0392b"
LOOKS: dict[Standing | None, tuple[str, str]] = {
    Standing.CARRIED: ("#a9dfb8", GREEN),
    Standing.REMOVED: ("#fff", GREEN),
}
CROSS = "m-3-3l6 6m0-6l-6 6"
BEYOND = {True: "m-3.5 2l3.5-5l3.5 5", False: "m-3.5-2l3.5 5l3.5-5"}  # towards the top, the bottom


def title(series: Series) -> str:
    """125 experiments, 14 kept, val_bpb 2.72 → 2.42; confirmed −11.60 % (95 %: −14.02 % to −9.31 %)"""
    tried, metric = plural(series.experiments, "experiment"), printable(series.metric)
    if series.baseline is None:
        return f"{tried}, and no score of {metric} yet"
    best = series.claimed[-1][1]
    if not series.keeps:
        return f"{tried}, nothing kept: {metric} stands at {short(series, series.baseline)}"
    moved = f"{metric} {short(series, series.baseline)} → {short(series, best)}"
    return f"{tried}, {len(series.keeps)} kept, {moved}; {_confirmed(series)}"


def short(series: Series, score: float) -> str:
    """As many digits as the night's progress has."""
    scores = [each for _, each in series.claimed]
    span = max(scores) - min(scores)
    return number_text(score, span / 30 if span else abs(score) / 1e4 or 1.0)


def _confirmed(series: Series) -> str:
    if series.claim is None:
        return "not confirmed yet"
    ends = sorted((series.claim.low, series.claim.high), key=series.toward)
    low, high = (_change(series, end) for end in ends)
    if not series.proven:
        return f"no gain proven (95 %: {low} to {high})"
    return f"confirmed {_change(series, series.claim.gain)} (95 %: {low} to {high})"


def _change(series: Series, gain: float) -> str:
    """As a share of the baseline, in the direction of the metric."""
    base = series.baseline or 0.0
    return change_text(base + series.toward(gain), base) or f"{series.toward(gain):+.4g}".replace("-", "−")


def legend(series: Series, at: svg.Point, beyond: int) -> Iterator[str]:
    """Two rows: the marks and the lines. `beyond`: how many scores lie outside of the scale."""
    for row, signs in enumerate((_marks(series, beyond), _lines(series))):
        x, y = at[0], at[1] + ROW * row
        for sign, text in signs:
            yield svg.moved(sign, (x, y - 4))
            yield svg.words((x + SIGN, y), text, SIZE)
            x += SIGN + svg.width_of(text, SIZE) + APART


def bracket(x: float, low: float, middle: float, high: float) -> str:
    ends = [(x - 4, low), (x + 4, low), (x, low), (x, high), (x - 4, high), (x + 4, high)]
    return svg.line(ends, BLUE) + svg.dot((x, middle), 3.5, BLUE)


def keep_dot(at: svg.Point, radius: float, standing: Standing | None, said: str = "") -> str:
    fill, rim = LOOKS.get(standing, (GREEN, RIM))
    return svg.dot(at, radius, fill, said, rim)


def _marks(series: Series, beyond: int) -> Iterator[tuple[str, str]]:
    """A sign that reaches from 0 to 16, and what it means; only those that the picture has."""
    spot = (8.0, 0.0)
    counts = Counter(mark.standing for mark in series.keeps)
    carried, removed = counts[Standing.CARRIED], counts[Standing.REMOVED]
    for sign, text, count in (
        (svg.dot(spot, 3.5, GREY), "not kept", sum(not m.kept and m.score is not None for m in series.marks)),
        (keep_dot(spot, 5, None), "kept", len(series.keeps) - carried - removed),
        (keep_dot(spot, 5, Standing.CARRIED), "kept, not proven", carried),
        (keep_dot(spot, 5, Standing.REMOVED), "kept, taken back later", removed),
        (svg.strokes(CROSS, [spot], RED), "crashed or cut short", sum(m.score is None for m in series.marks)),
        (svg.strokes(BEYOND[series.goal is Goal.MINIMIZE], [spot], DARK), "off the scale", beyond),
    ):
        if count:
            yield sign, f"{text} ({count:,})"


def _lines(series: Series) -> Iterator[tuple[str, str]]:
    across = [(0.0, 0.0), (16.0, 0.0)]
    if series.claimed:
        yield svg.line(across, GREEN, 2.0), "claimed while running" if series.keeps else "the baseline"
    if series.confirmed:
        yield svg.line(across, BLUE, 2.0), f"{'confirmed' if series.proven else 'believed'}, keep by keep"
    if series.claim is not None:
        word = "confirmed" if series.proven else "measured"
        yield bracket(8.0, -6.0, 0.0, 6.0), f"{word} as a whole, with its 95 % interval"
    if series.noise and series.claimed:
        yield svg.area([(0.0, -6.0), (16.0, -6.0), (16.0, 6.0), (0.0, 6.0)], PALE), "noise: 19 of 20 runs lie within"

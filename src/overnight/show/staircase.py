"""The night as a staircase, in the look that the field knows: grey dots for what was tried, green ones for what was
kept, the running best as steps, and the keeps' names. Beside it what is believed now, and the noise around that.

Promises: the same series gives the same picture. What has no score, and what is far off, lies on the edge and does not
stretch the scale. No label lies on another, and none leaves the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from overnight.model import Goal, Standing
from overnight.show import svg
from overnight.show.axes import DARK, Plane, apart, band, frame, steps
from overnight.show.caption import BEYOND, CROSS, RED, RIM, bracket, keep_dot, legend, short, title
from overnight.show.labels import Room, Wish, placed, written
from overnight.show.paint import cut, printable
from overnight.show.series import Series
from overnight.show.svg import BLUE, GREEN, Point

WIDTH, HEIGHT = 1200, 640
LEFT, TOP, RIGHT, BOTTOM = 84.0, 92.0, 1104.0, 580.0
LANE = 20.0  # for what has no score
NAMES, NAMES_OF_MANY, MANY = 40, 16, 300  # the most names; of so many experiments
NAMES_ROOM = 0.2  # of what the steps take, beyond the best of them
SURE = 2.0  # standard errors: 19 of 20 lie within


def staircase(series: Series) -> str:
    return svg.picture(WIDTH, HEIGHT, _parts(series, _plane(series)), title(series))


def _parts(series: Series, plane: Plane) -> Iterator[str]:
    beyond = sum(mark.score is not None and not plane.holds(mark.score) for mark in series.marks)
    said = title(series)
    yield svg.words((LEFT, 32), said, min(18, int((WIDTH - LEFT - 16) / svg.width_of(said, 1))))
    yield from legend(series, (LEFT, 58.0), beyond)
    yield from _band(series, plane)
    yield from frame(plane, TOP, BOTTOM, _axis(series))
    yield from _tries(series, plane)
    yield from _lines(series, plane)
    yield from _keeps(series, plane)
    yield from _names(series, plane)
    yield from _ends(series, plane)
    yield svg.words((WIDTH - 16, HEIGHT - 14), f"night {cut(printable(series.night), 60)}", 11, DARK, "end")


def _axis(series: Series) -> str:
    better = "lower" if series.goal is Goal.MINIMIZE else "higher"
    return f"{cut(printable(series.metric), 40)} ({better} is better)"


def _plane(series: Series) -> Plane:
    low, high = _range(series)
    lane = LANE if any(mark.score is None for mark in series.marks) else 0.0
    falls = series.goal is Goal.MINIMIZE
    last = max((1, *(mark.number for mark in series.marks)))
    return Plane(LEFT, TOP + lane * falls, RIGHT, BOTTOM - lane * (not falls), last, low, high)


def _range(series: Series) -> tuple[float, float]:
    """From a little better than the best to as much worse than the baseline as shows most of what was tried."""
    sign = int(series.toward(1.0))
    tried = sorted(sign * mark.score for mark in series.marks if mark.score is not None)
    told = [sign * score for _, score in (*series.claimed, *series.confirmed)]
    told += [sign * mark.score for mark in series.keeps if mark.score is not None]
    if series.claim is not None and series.baseline is not None:
        told += [sign * series.baseline + end for end in (series.claim.low, series.claim.high)]
    told = told or tried[-1:]
    if not told:
        return 0.0, 1.0
    worst, best, noise = min(told), max(told), series.noise or 0.0
    reach, usual = (max(0.0, worst - tried[len(tried) // part]) for part in (10, 2))  # how far down most of them lie
    tall = best - worst if series.keeps else min(reach, 5 * usual) or reach
    tall = max(tall, 8 * noise, abs(best) * 1e-6) or 1.0
    shown = (worst - score for score in tried if worst - score <= min(reach, tall))
    below = max(0.1 * tall, 2.5 * noise, *shown)
    above = max(min(tried[-1] - best, 0.3 * tall), NAMES_ROOM * tall, 2.5 * noise)
    ends = sign * (worst - below - 0.04 * tall), sign * (best + above + 0.04 * tall)
    return min(ends), max(ends)


def _band(series: Series, plane: Plane) -> Iterator[str]:
    """Where 19 of 20 runs of the branch lie, as far as it is believed."""
    half = SURE * (series.noise or 0.0)
    level = steps(series.confirmed or series.claimed, plane.last)
    if half and level:
        yield band(plane, level, half)


def _tries(series: Series, plane: Plane) -> Iterator[str]:
    """What was not kept."""
    rest = [mark for mark in series.marks if not mark.kept]
    near = [plane.at((mark.number, mark.score)) for mark in rest if mark.score is not None and plane.holds(mark.score)]
    crowd = math.log10(max(10, len(series.marks)))
    yield svg.dots(near, round(6.0 - 1.2 * crowd, 1), "#888", round(max(0.25, 0.95 - 0.2 * crowd), 2))
    for up, y in ((True, plane.top + 6), (False, plane.bottom - 6)):
        far = [m.number for m in rest if m.score is not None and (m.score > plane.high if up else m.score < plane.low)]
        yield svg.strokes(BEYOND[up], [(plane.across(number), y) for number in far], DARK, 0.7)
    y = (TOP + plane.top) / 2 if series.goal is Goal.MINIMIZE else (BOTTOM + plane.bottom) / 2
    silent = [(plane.across(mark.number), y) for mark in rest if mark.score is None]
    yield svg.strokes(CROSS, silent, RED, 0.6)


def _lines(series: Series, plane: Plane) -> Iterator[str]:
    for told, colour in ((series.confirmed, BLUE), (series.claimed, GREEN)):
        if told:
            yield svg.line([plane.at(point) for point in steps(told, plane.last)], colour, 2.0)


def _keeps(series: Series, plane: Plane) -> Iterator[str]:
    """Each with its own error, and its name where a pointer rests on it."""
    radius = _radius(series)
    for mark in series.marks:
        if not mark.kept or mark.score is None:
            continue
        if series.noise:
            off = SURE * series.noise / math.sqrt(mark.runs)
            ends = [plane.at((mark.number, mark.score + each)) for each in (-off, off)]
            yield svg.line(ends, RIM, 1.0)
        said = f"#{mark.number} {mark.said}" if mark.number else "the untouched baseline"
        yield keep_dot(plane.at((mark.number, mark.score)), radius, mark.standing, cut(printable(said), 200))


def _radius(series: Series) -> float:
    return round(max(3.0, 7.0 - 1.2 * math.log10(max(10, len(series.marks)))), 1)


def _names(series: Series, plane: Plane) -> Iterator[str]:
    size = 11 if len(series.marks) <= MANY else 10
    room = Room(LEFT, plane.top, RIGHT, plane.bottom, series.goal is Goal.MINIMIZE, size)
    spots = {mark.number: plane.at((mark.number, mark.score)) for mark in series.marks if mark.score is not None}
    kept = [spots[mark.number] for mark in series.marks if mark.kept]
    labels = placed([*_wishes(series, spots)], kept, _radius(series) + 1.0, room)
    yield from written(labels, room, RIM)


def _wishes(series: Series, spots: dict[int, Point]) -> Iterator[Wish]:
    """What brought the most comes first."""
    if series.baseline is not None and 0 in spots:
        yield Wish(spots[0], "baseline")
    standing = {mark.number: mark for mark in series.keeps if mark.standing is not Standing.REMOVED}
    gains = {number: abs(score - before) for (_, before), (number, score) in pairwise(series.claimed)}
    most = NAMES if len(series.marks) <= MANY else NAMES_OF_MANY
    for number in sorted(standing, key=lambda n: (-gains.get(n, 0.0), n))[:most]:
        yield Wish(spots[number], printable(standing[number].said))


def _ends(series: Series, plane: Plane) -> Iterator[str]:
    """What the lines came to, in figures; and the claim, with its interval."""
    if series.baseline is None:
        return
    best = series.claimed[-1][1]
    told = [(best, "claimed" if series.keeps else "baseline", GREEN)]
    if series.claim is not None:
        ends = [series.baseline + series.toward(each) for each in (series.claim.low, series.claim.high)]
        whole = series.baseline + series.toward(series.claim.gain)
        told.append((whole, "confirmed" if series.proven else "not proven", BLUE))
        low, middle, high = (plane.at((0, score))[1] for score in (ends[0], whole, ends[1]))
        yield bracket(RIGHT + 9, low, middle, high)
    elif series.confirmed:
        told.append((series.confirmed[-1][1], "believed", BLUE))
    spots = apart([plane.at((0, score))[1] for score, _, _ in told], 30.0)
    for (score, word, colour), y in zip(told, spots, strict=True):
        yield svg.words((RIGHT + 20, y + 1), short(series, score), 14, colour)
        yield svg.words((RIGHT + 20, y + 14), word, 11, colour)

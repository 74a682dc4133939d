"""A run's curve while it runs, and the end of the run when it fails a rung.

What the supervisor has read is taken in at each heartbeat; the box's own clock (CPU seconds in a CPU box) says how far
the run is. What a run prints can end that run, or let it go on, and nothing else. A rung for which there is no point
yet is not failed; a number that is not finite is worse than any limit.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from overnight.measure.process import Ended, Spec, Why
from overnight.model import Run, Rung
from overnight.program.program import Program

WINDOW = 0.05
"""A curve is noisy: its value is the median over so much of the box, so that who prints more often gains nothing."""
BEATS, SHORTEST_BEAT = 50, 0.1  # heartbeats in a box; seconds
POINTS = 200  # of a curve that are remembered: when there are more, every second one goes
SHOWN = 60  # at most, of those that are told while the run is under way

Curve = Sequence[tuple[float, float]]


def level(curve: Curve, share: float, box_seconds: float) -> float | None:
    """The curve at a share of the box: the median over the last twentieth of it, or else the newest point by then."""
    until = bisect_right(curve, share * box_seconds, key=lambda point: point[0])
    since = bisect_right(curve, (share - WINDOW) * box_seconds, key=lambda point: point[0])
    values = [value for _, value in curve[min(since, max(0, until - 1)) : until]]
    return median(values) if values else None


def failed(rung: Rung, curve: Curve, box_seconds: float) -> str:
    """The sentence that ends the run, or nothing."""
    worst = math.inf if rung.above else -math.inf
    at = level(
        [(seconds, value if math.isfinite(value) else worst) for seconds, value in curve], rung.share, box_seconds
    )
    if at is None or not (at > rung.limit if rung.above else at < rung.limit):
        return ""
    return (
        f"pruned at {rung.share * 100:.0f} % of the box: its curve was at {at:.4g}, "
        f"where {rung.limit:.4g} was needed for a {rung.chance * 100:.2g} % chance"
    )


def attended(spec: Spec, run: Run, program: Program) -> Spec:
    """Heard as often as the run's box needs."""
    if program.curve is None:
        return spec
    beat = min(max(run.box_seconds / BEATS, SHORTEST_BEAT), spec.beat_seconds)
    return replace(spec, curve=program.curve, beat_seconds=beat)


class Follower:
    """Follows one run from start to end. Belongs to the thread that waits for the run."""

    def __init__(self, run: Run, program: Program) -> None:
        self._run, self._program = run, program
        self._rungs = sorted(run.rungs, key=lambda rung: rung.share)
        self._curve: list[tuple[float, float]] = []
        self._newest: list[tuple[float, float]] = []
        self._seen, self._stride = 0, 1  # points, and one in so many is remembered
        self._beats = [(0.0, 0.0)]  # seconds by the wall, and by the box
        self._failed = ""

    def hopeless(self, points: Curve, wall_seconds: float, cpu_seconds: float) -> bool:
        """Takes in what has come since the last heartbeat. True, once: the run has failed a rung and is to be ended."""
        self._take(points, wall_seconds, cpu_seconds)
        reached = self._beats[-1][1] / self._run.box_seconds
        while self._rungs and self._rungs[0].share <= reached and not self._failed:
            self._failed = failed(self._rungs.pop(0), self._curve, self._run.box_seconds)
            if self._failed:
                return True
        return False

    def shape(self) -> tuple[float, ...]:
        """The values so far, thinned, the newest last: for people to look at."""
        values = [value for _, value in self._points()]
        return tuple(values[:: -max(1, -(-len(values) // SHOWN))][::-1])

    def concluded(self, points: Curve, ended: Ended) -> Ended:
        """The ending with its curve by the box's clock, and whether it was for a rung."""
        self._take(points, ended.usage.wall_seconds, ended.usage.cpu_seconds)
        curve = tuple((seconds, value) for seconds, value in self._points() if math.isfinite(value))
        if self._failed and ended.why is Why.STOPPED:
            return replace(ended, curve=curve, why=Why.PRUNED, note=self._failed + ended.note)
        return replace(ended, curve=curve)

    def _points(self) -> list[tuple[float, float]]:
        return self._curve + self._newest * (self._newest != self._curve[-1:])

    def _take(self, points: Curve, wall_seconds: float, cpu_seconds: float) -> None:
        self._beats = [self._beats[-1], (wall_seconds, cpu_seconds if self._program.box.cpu else wall_seconds)]
        for seconds, value in points:
            self._newest = [(self._by_the_box(seconds), value)]
            self._curve += self._newest * (self._seen % self._stride == 0)
            self._seen += 1
        while len(self._curve) > POINTS:
            self._curve, self._stride = self._curve[::2], self._stride * 2

    def _by_the_box(self, wall_seconds: float) -> float:
        """Between two heartbeats the clocks run evenly."""
        (wall, own), (next_wall, next_own) = self._beats
        passed = min(max(wall_seconds - wall, 0.0) / (next_wall - wall), 1.0) if next_wall > wall else 1.0
        return round(own + (next_own - own) * passed, 3)

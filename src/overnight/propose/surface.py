"""What the search believes of the metric: a smooth curve for each knob, added up, with its uncertainty.

A Gaussian process over steps from where the knobs stand now. Each knob's curve is nothing where the knob stands, so
that what is believed of a change is believed of the difference that it makes. How much each knob matters, and how
noisy a run is, is learnt from the runs (a few steps of maximum likelihood with a prior). Before there are any, going
far is believed to lose a little, since the code as it is was somebody's choice; how much it loses is learnt as well, so
that from a bad start the search goes far. Trials of other code (`eras`) teach the curves, not the level.

Not covered: knobs that only help together. Pairs cost more runs than they gained (docs/LOG.md).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from overnight.propose.places import Array, Moves

# Chosen on the tuning tasks of bench/search; figures of what else was tried are in docs/LOG.md. All in units of the
# night's median change.
LENGTH = 3.0  # steps over which a curve bends
MATTERS = 0.2  # variance of what a step of a knob does, before anything is known
SURE_MATTERS = 1.5  # runs that this is worth
NOISE = 0.4  # of a run, before anything is known
SURE_NOISE = 3.0
BOWL, BOWL_SPREAD = 0.7, 0.6  # what going far loses, before anything is known: at most so much, and never a gain
CHOICE = 0.41  # another choice is as far as one step
LEVEL, ERA = 1.0, 4.0  # variance of the level, and of another code's level
LOSS = 3.0  # beyond this, how much worse hardly counts
ROUNDS = 4  # of learning what matters
MOST = 120  # runs that are looked at: the nearest


class Surface:
    def __init__(self, numbers: npt.NDArray[np.bool_], points: Array, losses: Array, runs: Array, eras: Array) -> None:
        far = np.where(numbers, np.abs(points), points != 0).sum(1)
        near = np.sort(np.argsort(far - 0.02 * np.arange(len(far)), kind="stable")[:MOST])
        self._numbers, self._near, self.points = numbers, near, points[near]
        self._rest = 1 / runs[near]
        self._level = LEVEL + ERA * (eras[near][:, None] == eras[near][None, :])
        self.changes, self.unit = _in_units(losses[near], far[near] == 0)
        self._far = _far(numbers, self.points).sum(1)
        self._fit()

    def table(self, moves: Moves) -> None:
        """Take in the moves that picks will be made of. One more row stands for no move."""
        count = len(moves.axes)
        self._curves, self._own = np.zeros((count + 1, len(self.points))), np.zeros(count + 1)
        for axis, weight in enumerate(self._weights):
            rows = np.nonzero(moves.axes == axis)[0]
            at = moves.places[rows]
            self._curves[rows] = weight * self._curve(axis, at, self.points[:, axis])
            self._own[rows] = weight * self._curve(axis, at, at).diagonal()
        bowls = np.append(self._bowl * _far(self._numbers[moves.axes], moves.places), 0.0)
        self._means = bowls + self._curves @ self._pull

    def draw(self, picks: npt.NDArray[np.intp], rng: np.random.Generator) -> Array:
        """What each row of moves may well gain: the best guess, and by chance as much as is not known of it."""
        curves = self._curves[picks].sum(1)
        doubt = self._own[picks].sum(1) - ((curves @ self._inverse) * curves).sum(1)
        spread: Array = np.sqrt(np.maximum(doubt, 1e-9))
        gains: Array = -self._means[picks].sum(1) - spread * rng.standard_normal(len(picks))
        return gains

    def effect(self, axis: int, places: Array) -> tuple[Array, Array]:
        """What is believed of one knob at these places, against where it stands: means (a loss is positive) and their
        covariance, in units of the median change."""
        weight = self._weights[axis]
        curves = weight * self._curve(axis, places, self.points[:, axis])
        means = self._bowl * _far(self._numbers[[axis]], places) + curves @ self._pull
        return means, weight * self._curve(axis, places, places) - curves @ self._inverse @ curves.T

    def change(self, point: Array) -> tuple[float, float]:
        """What is believed of turning all these at once: the mean, and its standard error."""
        axes = np.nonzero(point)[0].tolist()
        curves = np.zeros(len(self.points))
        own = mean = 0.0
        for axis in axes:
            at = point[[axis]]
            curves += self._weights[axis] * self._curve(axis, at, self.points[:, axis])[0]
            own += float(self._weights[axis] * self._curve(axis, at, at)[0, 0])
            mean += self._bowl * float(_far(self._numbers[[axis]], at)[0])
        return mean + float(curves @ self._pull), math.sqrt(max(own - float(curves @ self._inverse @ curves), 1e-9))

    def best(self) -> int | None:
        """Of the runs, in the order in which they were told, the one that is believed to be best; None: what stands
        is."""
        means = self.changes - self._level @ self._pull - self.unexplained()
        return int(self._near[means.argmin()]) if len(means) and means.min() < 0 else None

    def unexplained(self) -> Array:
        """What the curves and the level leave of each run."""
        return np.asarray((self.noise**2 * self._rest + 1e-6) * self._pull)

    def beyond(self, term: Array) -> tuple[float, float]:
        """The weight of one more term of the runs' points, and its standard error, beside all that the curves take."""
        known = float(term @ self._inverse @ term)
        return (float(term @ self._pull) / known, known**-0.5) if known > 0 else (0.0, math.inf)

    def _curve(self, axis: int, a: Array, b: Array) -> Array:
        """How alike the effects of two places are; anchored, so that it is 0 where the knob stands."""
        a, b = a[:, None], b[None, :]
        if not self._numbers[axis]:
            return np.where((a == 0) | (b == 0), 0.0, np.where(a == b, 1.0, 0.5))
        alike = _smooth(a - b) - _smooth(a) - _smooth(b) + 1
        return np.asarray(alike / (2 - 2 * math.exp(-1 / (2 * LENGTH**2))))

    def _among_runs(self, axis: int) -> Array:
        """Its curve between all runs: nothing where one of them did not turn it, which saves most of the time."""
        turned = np.nonzero(self.points[:, axis])[0]
        at, alike = self.points[turned, axis], np.zeros((len(self.points), len(self.points)))
        alike[np.ix_(turned, turned)] = self._curve(axis, at, at)
        return alike

    def _fit(self) -> None:
        """Each round, a weight grows where its curve explains more than chance would, and shrinks where less."""
        count = len(self.points)
        self._weights, noise = np.full(len(self._numbers), MATTERS), NOISE**2
        used = np.nonzero((self.points != 0).any(0))[0].tolist()
        curves = np.array([self._among_runs(axis) for axis in used]).reshape(len(used), count * count)
        for last in [*[False] * ROUNDS, True]:
            weights = self._weights[used]
            covariance = self._level + (weights @ curves).reshape(count, count) + np.diag(noise * self._rest + 1e-6)
            self._inverse = np.linalg.inv(covariance)
            self._bowl = self._loses_going_far()
            self._pull = self._inverse @ (self.changes - self._bowl * self._far)
            if last:
                self.noise = math.sqrt(noise)
                return
            seen, chance = curves @ np.outer(self._pull, self._pull).ravel(), curves @ self._inverse.ravel()
            self._weights[used] = _grown(weights, seen, chance, MATTERS, SURE_MATTERS)
            seen, chance = self._pull**2 @ self._rest, np.diag(self._inverse) @ self._rest
            noise = float(_grown(np.array(noise), seen, chance, NOISE**2, SURE_NOISE))

    def _loses_going_far(self) -> float:
        """The most likely slope of all runs over how far they went, beside what the curves take."""
        pulled = self._inverse @ self._far
        off = float(pulled @ (self.changes - BOWL * self._far)) / (BOWL_SPREAD**-2 + float(pulled @ self._far))
        return min(max(BOWL + off, 0.0), BOWL)


def _in_units(losses: Array, here: npt.NDArray[np.bool_]) -> tuple[Array, float]:
    """Differences to what stands now, in units of the median one, which it gives too; great losses are squashed."""
    if not len(losses):
        return losses, 1.0
    changes = losses - (losses[here].mean() if here.any() else losses.min())
    sizes = np.abs(changes[~here])
    unit = (float(np.median(sizes)) if len(sizes) else 0.0) or 1.0
    changes = changes / unit
    squashed: Array = np.where(changes > LOSS, LOSS + np.log1p(np.maximum(changes - LOSS, 0)), changes)
    return squashed, unit


def _far(numbers: npt.NDArray[np.bool_], places: Array) -> Array:
    """About 0.4 at one step, and one more at each further one."""
    return np.where(numbers, np.sqrt(1 + places**2) - 1, CHOICE * (places != 0))


def _smooth(far: Array) -> Array:
    return np.asarray(np.exp(-far * far / (2 * LENGTH**2)))


def _grown(variance: Array, seen: Array, chance: Array, prior: float, sure: float) -> Array:
    """A step of minorise-maximise for a component of variance under an inverse gamma prior: it never overshoots."""
    up, down = 0.5 * variance**2 * seen + sure * prior, 0.5 * chance + sure / variance
    return np.asarray(np.sqrt(up / np.maximum(down, 1e-9)))

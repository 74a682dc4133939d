"""Tasks fitted to recorded real runs (`record`): a forest for the loss, one for what fails, and the noise of repeats.

    python -m bench.search.surrogate           how true to the records they are: five folds, held out in turn

A loss is in % of the start's, as everywhere here. Each seed starts elsewhere: a run near the recorded start, and about
as good. A setting fails where at least half of what is near it failed. What a surrogate is not: its best setting is no
better than what was recorded, and of two settings that differ by less than the noise it does not know the better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import numpy as np

from bench.search.forest import Array, Forest
from bench.search.record import Run, load
from bench.search.tasks import Crash, Setting, Task, Unit
from bench.search.works import WORKS
from overnight.program.knobs import Knob, Value, find_knobs, with_knobs
from overnight.propose.space import moved

WORST = math.log(2.0)  # beyond this many times the start's loss, how much worse does not count
NEAR = 40  # pairs of the same setting by which the noise of a loss is known
FOLDS = 5
LEAST = 500  # runs that a surrogate is fitted to


class Surrogate:
    def __init__(self, knobs: Sequence[Knob], runs: Sequence[Run], start: float) -> None:
        self._knobs, self._units = knobs, {knob.name: Unit(knob) for knob in knobs if knob.range}
        fine = [run for run in runs if run.loss is not None]
        points = np.array([self.point(run.setting) for run in runs])
        self._logs = np.array([min(math.log(run.loss / start), WORST) for run in fine if run.loss is not None])
        self.loss = Forest(points[[run.loss is not None for run in runs]], self._logs, 1)
        self._fails = Forest(points, np.array([float(run.loss is None) for run in runs]), 2)
        failed = [run for run in runs if run.loss is None]
        self._failed, self._whys = np.array([self.point(run.setting) for run in failed]), [run.why for run in failed]
        self._levels, self._apart = _pairs(fine, start)

    def point(self, setting: Setting) -> Array:
        """Numbers by their place in 0..1; of choices, which it is."""
        found: list[float] = []
        for knob in self._knobs:
            if knob.range:
                found.append(self._units[knob.name].of(setting[knob.name]))
            else:
                found += [float(setting[knob.name] == choice) for choice in knob.choices]
        return np.array(found)

    def fails(self, point: Array) -> float:
        return self._fails(point)

    def why(self, point: Array) -> str:
        """What the nearest failure said."""
        return self._whys[int(np.argmin(((self._failed - point) ** 2).sum(1)))]

    def noise(self, log_loss: float) -> float:
        """Of one run with about this loss, as a share of it."""
        near = np.argsort(np.abs(self._levels - log_loss))[:NEAR]
        return float(np.sqrt((self._apart[near] ** 2).mean() / 2))


def _pairs(fine: Sequence[Run], start: float) -> tuple[Array, Array]:
    """Of runs of the same setting: their mean level, and how far two of them are apart."""
    same: dict[tuple[Value, ...], list[float]] = {}
    for run in fine:
        assert run.loss is not None
        same.setdefault(tuple(run.setting.values()), []).append(min(math.log(run.loss / start), WORST))
    pairs = [(a, b) for each in same.values() for a, b in zip(each[::2], each[1::2], strict=False)]
    return np.array([(a + b) / 2 for a, b in pairs]), np.array([a - b for a, b in pairs])


def recorded(name: str, seed: int) -> Task:
    _, model = _fitted(name)
    start, level = _start(name, seed)

    def truth(setting: Setting) -> float | Crash:
        point = model.point(setting)
        return Crash(model.why(point)) if model.fails(point) >= 0.5 else 100.0 * math.exp(model.loss(point) - level)

    def noise(setting: Setting) -> float:
        log_loss = model.loss(model.point(setting))
        return 100.0 * math.exp(log_loss - level) * model.noise(log_loss)

    return Task(name, seed, with_knobs(WORKS[name]().text, start), truth, noise)


@cache
def _fitted(name: str) -> tuple[Sequence[Knob], Surrogate]:
    knobs, runs, start = _recording(name)
    return knobs, Surrogate(knobs, runs, start)


def _recording(name: str) -> tuple[Sequence[Knob], Sequence[Run], float]:
    """The first run is of the start."""
    knobs, runs = find_knobs(WORKS[name]().text), load(name)
    start = runs[0].loss
    assert start is not None
    return knobs, runs, start


def _start(name: str, seed: int) -> tuple[dict[str, Value], float]:
    """The recorded start, turned a little in every number, and what the surrogate makes of it, as a logarithm."""
    knobs, model = _fitted(name)
    here = {knob.name: knob.value for knob in knobs}
    rng = np.random.default_rng([seed, 31])
    plain = model.loss(model.point(here))
    while True:
        turned: dict[str, Value] = {k.name: moved(k.range, k.value, rng.normal(0, 0.7)) for k in knobs
                  if k.range and not isinstance(k.value, str)}  # fmt: skip
        point = model.point(here | turned)
        if model.fails(point) < 0.3 and abs(model.loss(point) - plain) < 0.1:
            return turned, model.loss(point)


def fidelity(name: str) -> str:
    """Held-out R² of the logarithm of the loss, how well failures are told apart, and the noise."""
    knobs, runs, start = _recording(name)
    fold = np.random.default_rng(0).permutation(len(runs)) % FOLDS
    fine, losses, chances = np.array([run.loss is not None for run in runs]), np.zeros(len(runs)), np.zeros(len(runs))
    for held in range(FOLDS):
        model = Surrogate(knobs, [run for run, at in zip(runs, fold, strict=True) if at != held], start)
        for number in np.nonzero(fold == held)[0].tolist():
            point = model.point(runs[number].setting)
            losses[number], chances[number] = model.loss(point), model.fails(point)
    truth = np.array([min(math.log(run.loss / start), WORST) if run.loss is not None else 0.0 for run in runs])
    good = fine & (truth < np.median(truth[fine]))
    _, whole = _fitted(name)
    return (
        f"{name}: {len(knobs)} knobs, {len(runs)} runs, {(~fine).mean():.0%} failed; "
        f"held-out R² {_r2(truth[fine], losses[fine]):.2f}, better half {_r2(truth[good], losses[good]):.2f}; "
        f"AUC of failing {_auc(chances, ~fine):.2f}; noise of a run {whole.noise(0.0):.1%} at the start, "
        f"{whole.noise(truth[fine].min()):.1%} at the best, which is {-math.expm1(truth[fine].min()):.0%} better"
    )


def _r2(truth: Array, said: Array) -> float:
    return 1 - float(((truth - said) ** 2).mean() / truth.var())


def _auc(chances: Array, failed: np.ndarray) -> float:
    """How often a run that failed was given a higher chance of it than one that did not."""
    if not failed.any():
        return math.nan
    apart = chances[failed][:, None] - chances[~failed][None, :]
    return float((apart > 0).mean() + 0.5 * (apart == 0).mean())


# A recording that has just begun is no task yet.
RECORDED: Mapping[str, Callable[[int], Task]] = {
    name: partial(recorded, name) for name in WORKS if len(load(name)) >= LEAST
}

if __name__ == "__main__":
    for each in RECORDED:
        print(fidelity(each))

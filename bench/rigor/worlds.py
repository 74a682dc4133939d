"""The simulated worlds: what proposals are worth, how noisy a run is, and which sets a task has.

Units are % of the metric, and effects add up. Three things make a score lie: the noise of a run (`sigma`), which
repeating averages away; what a change does to the finite set of examples that it is scored on (`tau`), which repeating
shows again and again; and changes that suit the visible set only. A judge is told none of these numbers.

Every night draws its ideas from one stream and its noise from another, so that all policies are offered the same ideas
in the same order: what they make of it can be compared night by night.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

NO_OP_SHARE = 0.3
"""A change that is worth nothing does less to the sets than one that is worth something: so much of `tau`."""


@dataclass(frozen=True, slots=True)
class World:
    name: str
    sigma: float  # noise of one run
    tau: float = 0.1  # what a change does to the score of a set, beside its worth
    helping: float = 0.03  # share of the proposals that help …
    gain: float = 0.5  # … by so much in the mean, exponentially distributed
    idle: float = 0.40  # share that changes nothing; all others do harm …
    harm: float = 0.5  # … by so much in the mean
    fitting: float = 0.03  # share that is worth nothing and suits the visible set …
    fit: float = 0.3  # … by so much in the mean
    dof: int = 0  # degrees of freedom of Student's noise, of the same variance; 0: it is Gaussian
    drift: float = 0.0  # of the machine, a random walk: standard deviation after 100 runs, in sigmas
    hidden: bool = True  # the task has a hidden and a sealed set


SIGMAS = (0.1, 0.3, 1.0)

_NO_OPS = {"helping": 0.0, "idle": 1.0, "fitting": 0.0}

MIXES: Mapping[str, Mapping[str, float]] = {
    "plain": {},
    "K": {"helping": 0.10, "gain": 0.25},  # fitted to the published log, where sigma is 0.035
    "one set": {"hidden": False},
    "no overfit": {"tau": 0.0},
    "strong overfit": {"fitting": 0.10},
    "small sets": {"tau": 0.3},
    "rare": {"helping": 0.01},
    "rich": {"helping": 0.10},
    "small gains": {"gain": 0.2},
    "t(3)": {"dof": 3},
    "drift 1": {"drift": 1.0},
    "drift 2": {"drift": 2.0},
    "A/A": _NO_OPS,
    "A/A one set": {**_NO_OPS, "hidden": False},
    "A/A drift 1": {**_NO_OPS, "drift": 1.0},
    "A/A drift 2": {**_NO_OPS, "drift": 2.0},
}


def world(mix: str, sigma: float) -> World:
    return replace(World(f"{mix} {sigma:g}", sigma), **MIXES[mix])  # type: ignore[arg-type]


class Effect(NamedTuple):
    """What a change, or a stack of them, is worth, and what it adds to the score on each set."""

    worth: float
    visible: float
    hidden: float
    sealed: float


NOTHING = Effect(0.0, 0.0, 0.0, 0.0)


class Nature:
    """What happens to one night in a world."""

    def __init__(self, world: World, night: str) -> None:
        self.world = world
        self._ideas = random.Random(f"{world.name}/{night}/ideas")
        self._weather = random.Random(f"{world.name}/{night}/weather")
        self._drifted = 0.0

    def idea(self) -> Effect:
        world, draw = self.world, self._ideas
        shift, kind = draw.gauss, draw.random()
        worth, fit, scale = 0.0, 0.0, world.tau
        if draw.random() < world.fitting:
            fit = draw.expovariate(1 / world.fit)
        elif kind < world.helping:
            worth = draw.expovariate(1 / world.gain)
        elif kind < world.helping + world.idle:
            scale *= NO_OP_SHARE
        else:
            worth = -draw.expovariate(1 / world.harm)
        sets = [worth + shift(0.0, scale) for _ in range(3)]
        return Effect(worth, sets[0] + fit, sets[1], sets[2])

    def noise(self) -> float:
        """Of the next run, the same on all its sets."""
        world, weather = self.world, self._weather
        if world.drift:
            self._drifted += weather.gauss(0.0, world.drift * world.sigma / 10)
        return self._drifted + world.sigma * (_student(weather.gauss, world.dof) if world.dof else weather.gauss(0, 1))


def _student(gauss: Callable[[float, float], float], dof: int) -> float:
    """Student's t, scaled to variance one."""
    chi = sum(gauss(0, 1) ** 2 for _ in range(dof))
    return gauss(0, 1) / math.sqrt(chi / dof) * math.sqrt((dof - 2) / dof)

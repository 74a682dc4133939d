"""The textbooks' optimisers, each as its documentation recommends for some hundred runs; the start is told first.

Knobs are given on the scales of their ranges: logs as logs, powers of two by their exponents, shares by their odds.
A crash is told as a little worse than the worst that was measured. Other ways that the documentation offers are in
VARIANTS; they have not been compared yet, so the figures of TPE and CMA-ES may be below their best.
"""

from __future__ import annotations

import importlib
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from bench.search.tasks import Crash, Measured, Setting, Task, Unit
from overnight.program.knobs import Knob, Value
from overnight.program.ranges import Scale


class Peer(Protocol):
    def ask(self) -> dict[str, Value]: ...
    def tell(self, result: float | Crash) -> None: ...


Made = Callable[[Task, int, int], Peer]
"""From a task, a seed, and how many runs there will be."""


def play(peer: Peer, measured: Measured, runs: int) -> None:
    for _ in range(runs):
        peer.tell(measured(peer.ask()))


class Told:
    """Stands for a crash: a little worse than the worst that was measured."""

    def __init__(self) -> None:
        self._worst, self._best = 100.0, 100.0

    def number(self, result: float | Crash) -> float:
        if isinstance(result, Crash):
            return self._worst + 0.1 * (self._worst - self._best) + 1e-6
        self._worst, self._best = max(self._worst, result), min(self._best, result)
        return result


class Optuna:
    """A sampler of Optuna. `crash`: fail, prune or bad, how a crash is told."""

    def __init__(self, task: Task, sampler: Any, crash: str, conditional: bool = False) -> None:
        optuna = importlib.import_module("optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._task, self._crash, self._conditional = task, crash, conditional
        self._states, self._told = optuna.trial.TrialState, Told()
        self._study = optuna.create_study(sampler=sampler)
        start = {knob.name: _inner(knob, knob.value) for knob in task.knobs}
        self._study.enqueue_trial({name: value for name, value in start.items() if self._wanted(name, task.start)})

    def _wanted(self, name: str, setting: Setting) -> bool:
        return not self._conditional or self._task.active(name, setting)

    def ask(self) -> dict[str, Value]:
        self._trial = self._study.ask()
        setting = self._task.start
        for knob in sorted(self._task.knobs, key=lambda knob: knob.name in self._task.conditions):
            if self._wanted(knob.name, setting):
                setting[knob.name] = _suggested(self._trial, knob)
        return setting

    def tell(self, result: float | Crash) -> None:
        number = self._told.number(result)
        if isinstance(result, Crash) and self._crash != "bad":
            state = self._states.FAIL if self._crash == "fail" else self._states.PRUNED
            self._study.tell(self._trial, state=state)
        else:
            self._study.tell(self._trial, number)


def _inner(knob: Knob, value: Value) -> Value:
    if not knob.range or isinstance(value, str):
        return value
    match knob.range.scale:
        case Scale.DOUBLING:
            return int(value).bit_length() - 1
        case Scale.FRACTION:
            return Unit(knob).of(value)
    return value


def _suggested(trial: Any, knob: Knob) -> Value:
    reach = knob.range
    if not reach:
        chosen: Value = trial.suggest_categorical(knob.name, list(knob.choices))
        return chosen
    if reach.scale is Scale.DOUBLING:
        low, high = int(reach.low).bit_length() - 1, int(reach.high).bit_length() - 1
        return 1 << int(trial.suggest_int(knob.name, low, high))
    if reach.scale is Scale.FRACTION:
        return Unit(knob).value(trial.suggest_float(knob.name, 0.0, 1.0))
    if isinstance(knob.value, int):
        return int(trial.suggest_int(knob.name, reach.low, reach.high, log=reach.scale is Scale.LOG))
    return float(trial.suggest_float(knob.name, reach.low, reach.high, log=reach.scale is Scale.LOG))


class Cma:
    """CatCMA with margin of `cmaes`: integers and choices as its documentation has them, from the start."""

    def __init__(self, task: Task, seed: int, sigma: float) -> None:
        numbers = [knob for knob in task.knobs if knob.range]
        self._floats = [knob for knob in numbers if len(_places(knob)) > 40]
        self._whole = [knob for knob in numbers if 2 < len(_places(knob)) <= 40]
        self._choices = [knob for knob in task.knobs if knob not in self._floats and knob not in self._whole]
        np = importlib.import_module("numpy")
        mean = [Unit(knob).of(knob.value) for knob in [*self._floats, *self._whole]]
        values = [list(_values(knob)) for knob in self._choices]
        width = max(map(len, values), default=0)
        odds = np.zeros((len(values), width))
        for row, knob, each in zip(odds, self._choices, values, strict=True):
            row[: len(each)] = 0.5 / max(len(each) - 1, 1)
            row[each.index(knob.value)] = 0.5
        self._optimiser = importlib.import_module("cmaes").CatCMAwM(
            x_space=[[0.0, 1.0]] * len(self._floats) or None,
            z_space=[_places(knob) for knob in self._whole] or None,
            c_space=[len(each) for each in values] or None,
            mean=np.clip(mean, 0.001, 0.999), sigma=sigma, cat_param=odds if values else None, seed=seed,
        )  # fmt: skip
        self._task, self._told, self._asked = task, Told(), False
        self._told_so_far: list[tuple[Any, float]] = []

    def ask(self) -> dict[str, Value]:
        if not self._asked:
            return self._task.start
        self._solution = self._optimiser.ask()
        setting = self._task.start
        numbers = [*(self._solution.x if self._floats else ()), *(self._solution.z if self._whole else ())]
        for knob, unit in zip([*self._floats, *self._whole], numbers, strict=True):
            setting[knob.name] = Unit(knob).value(float(unit))
        for knob, row in zip(self._choices, self._solution.c if self._choices else (), strict=True):
            setting[knob.name] = list(_values(knob))[int(row.argmax())]
        return setting

    def tell(self, result: float | Crash) -> None:
        number = self._told.number(result)
        if not self._asked:
            self._asked = True
            return
        self._told_so_far.append((self._solution, number))
        if len(self._told_so_far) == self._optimiser.population_size:
            self._optimiser.tell(self._told_so_far)
            self._told_so_far = []


def _values(knob: Knob) -> tuple[Value, ...]:
    if not knob.range:
        return knob.choices
    return tuple(range(int(knob.range.low), int(knob.range.high) + 1))


def _places(knob: Knob) -> list[float]:
    """The whole numbers of a range as places in 0..1; so many that it counts as continuous for a float."""
    if not isinstance(knob.value, int) or not knob.range:
        return [0.0] * 99 if knob.range else []
    if knob.range.scale is Scale.DOUBLING:
        low, high = int(knob.range.low), int(knob.range.high)
        return [Unit(knob).of(2**k) for k in range(low.bit_length() - 1, high.bit_length())]
    if knob.range.high - knob.range.low > 40:
        return [0.0] * 99
    return [Unit(knob).of(value) for value in range(int(knob.range.low), int(knob.range.high) + 1)]


class Smac:
    """SMAC's optimiser of hyperparameters (a random forest), deterministic, after a small Sobol design."""

    def __init__(self, task: Task, seed: int, runs: int) -> None:
        smac, space = importlib.import_module("smac"), importlib.import_module("ConfigSpace")
        self._history = importlib.import_module("smac.runhistory")
        self._task, self._told = task, Told()
        configurations = space.ConfigurationSpace(seed=seed)
        for knob in task.knobs:
            configurations.add(_dimension(space, knob))
        for name, (ruler, value) in task.conditions.items():
            configurations.add(space.EqualsCondition(configurations[name], configurations[ruler], _told_as(value)))
        self._folder = tempfile.TemporaryDirectory()
        scenario = smac.Scenario(
            configurations, deterministic=True, n_trials=runs, seed=seed, output_directory=Path(self._folder.name)
        )
        facade = smac.HyperparameterOptimizationFacade
        design = facade.get_initial_design(
            scenario, n_configs=8, additional_configs=[configurations.get_default_configuration()]
        )
        self._smac = facade(scenario, _never, initial_design=design, logging_level=False, overwrite=True)
        self._first, self._seed = configurations.get_default_configuration(), seed

    def ask(self) -> dict[str, Value]:
        self._info = self._history.TrialInfo(self._first, seed=0) if self._first else self._smac.ask()
        setting = self._task.start
        for knob in self._task.knobs:
            if knob.name in dict(self._info.config):
                setting[knob.name] = _outer(knob, self._info.config[knob.name])
        return setting

    def tell(self, result: float | Crash) -> None:
        number = self._told.number(result)
        self._first = None
        self._smac.tell(self._info, self._history.TrialValue(cost=number))


def _never(_config: Any, seed: int = 0) -> float:
    """SMAC wants a function, and is asked and told instead."""
    raise AssertionError(seed)


def _told_as(value: Value) -> Value:
    return str(value) if isinstance(value, bool) else value


def _dimension(space: Any, knob: Knob) -> Any:
    if not knob.range:
        words = [str(choice) for choice in knob.choices]
        return space.CategoricalHyperparameter(knob.name, words, default_value=str(knob.value))
    inner, reach = _inner(knob, knob.value), knob.range
    match reach.scale:
        case Scale.FRACTION:
            return space.UniformFloatHyperparameter(knob.name, 0.0, 1.0, default_value=inner)
        case Scale.DOUBLING:
            low, high = int(reach.low).bit_length() - 1, int(reach.high).bit_length() - 1
            return space.UniformIntegerHyperparameter(knob.name, low, high, default_value=inner)
    kind = space.UniformIntegerHyperparameter if isinstance(inner, int) else space.UniformFloatHyperparameter
    return kind(knob.name, reach.low, reach.high, log=reach.scale is Scale.LOG, default_value=inner)


def _outer(knob: Knob, value: Any) -> Value:
    if not knob.range:
        return next(choice for choice in knob.choices if str(choice) == str(value))
    match knob.range.scale:
        case Scale.DOUBLING:
            return int(2 ** int(value))
        case Scale.FRACTION:
            return Unit(knob).value(float(value))
    return int(value) if isinstance(knob.value, int) else float(value)


def _tpe(task: Task, seed: int, _runs: int, crash: str = "bad", multivariate: bool = True, startup: int = 10) -> Peer:
    samplers = importlib.import_module("optuna").samplers
    # Optuna computes this in Python, number by number, which takes two thirds of its time; they differ by 6e-8 at most.
    truncated: Any = importlib.import_module("optuna.samplers._tpe._truncnorm")
    truncated._log_ndtr = importlib.import_module("scipy.special").log_ndtr
    sampler = samplers.TPESampler(seed=seed, multivariate=multivariate, group=multivariate, n_startup_trials=startup)
    return Optuna(task, sampler, crash, conditional=True)


def _random(task: Task, seed: int, _runs: int) -> Peer:
    return Optuna(task, importlib.import_module("optuna").samplers.RandomSampler(seed=seed), "fail")


def _gp(task: Task, seed: int, _runs: int) -> Peer:
    importlib.import_module("torch").set_num_threads(1)
    return Optuna(task, importlib.import_module("optuna").samplers.GPSampler(seed=seed), "bad")


PEERS: Mapping[str, Made] = {
    "random": _random,
    "tpe": _tpe,
    "cma": lambda task, seed, _runs: Cma(task, seed, 0.167),
    "gp": _gp,
    "smac": Smac,
}

VARIANTS: Mapping[str, Made] = {
    "tpe-prune": lambda task, seed, runs: _tpe(task, seed, runs, crash="prune"),
    "tpe-fail": lambda task, seed, runs: _tpe(task, seed, runs, crash="fail"),
    "tpe-single": lambda task, seed, runs: _tpe(task, seed, runs, multivariate=False),
    "tpe-single-prune": lambda task, seed, runs: _tpe(task, seed, runs, "prune", multivariate=False),
    "cma-small": lambda task, seed, _runs: Cma(task, seed, 0.06),
    "cma-tiny": lambda task, seed, _runs: Cma(task, seed, 0.1),
}
"""To be compared on the tuning tasks (--tuning --peers NAME …), and the best of each to be taken into PEERS."""


def reached(name: str, task: Task, seed: int, runs: int) -> list[float]:
    """The true gain of the best measured after each run."""
    measured = Measured(task, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        play({**PEERS, **VARIANTS}[name](task, seed, runs), measured, runs)
    return measured.gains

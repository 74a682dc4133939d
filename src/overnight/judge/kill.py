"""Early kill: at which value of its curve a screening run is hopeless, learned from this night's finished runs alone.

A fold of its own over the ledger's events. A finished screening run is one point: its curve at a share of the box,
relative to the incumbent's curve there, against the gain that the judge saw in the end. The regression of the one on
the other gives the chance that a run whose curve is there would be adopted; where that is clearly less than what a new
idea has, a rung ends it. The curve may be another number than the metric, and may run either way: the sign is learned.

Promises: the first 10 finished runs and every twentieth experiment have no rungs, so that what is lost can be seen; the
rungs are there only while what they save outweighs what they lose; a curve decides nothing but whether its own run goes
on. Not covered: a candidate that starts slowly and ends well in a way that no finished run of this night has shown; a
kept change that prints better numbers than it has, beside which later ones look hopeless, but for every twentieth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median
from typing import TypeAlias

from overnight.judge.regression import Line, through
from overnight.ledger.events import Admitted, Event, Judged, Proposed, Rebased, Recorded, RunDone, Session
from overnight.measure.rungs import level
from overnight.model import Call, Goal, Purpose, Run, Rung, Status, Trial, Verdict
from overnight.program.program import Program

SHARES = (0.2, 0.4, 0.6)
WARM_UP, AUDIT = 10, 20
MEMORY = 400  # runs that are learned from: the newest
ENOUGH = 50  # curves of the incumbent
GROWTH = 1.05  # a new fit when this many times as many runs have finished as at the last one
MOST = 0.15
"""A run that has used a share t of its box is ended when its chance is less than 1 − t of a new idea's, which is the
night's own rate of adoption: so much a new idea costs, too. A fixed 2 % loses a third of the gain where only one idea
in a hundred is adopted, and gives speed away where one in twenty is. The rate counts up to MOST: a night's first hour
is rich, and what it teaches is still in force when the night has become poor."""
TRUST = 4  # what the regression says is lost counts as much as so many adoptions that were watched

Levels: TypeAlias = tuple[float | None, ...]
"""A curve at SHARES; None where it had no point by then."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An experiment without a verdict, or one that lands now."""

    base: str
    simpler: bool = False  # a tie would keep it
    curves: tuple[Levels, ...] = ()  # of its runs
    screened: Levels = ()  # its screening run, relative to the incumbent
    free: bool = True  # that run had no rungs


@dataclass(frozen=True, slots=True)
class Past:
    """A screening run, once the judge has said what it makes of it."""

    levels: Levels
    free: bool
    gain: float | None  # positive is better; None: it was pruned
    adopted: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """What all of them together say."""

    lines: tuple[Line | None, ...] = ()  # one for each of SHARES
    bar: float = 0.0  # the gain that an adoption takes
    hope: float = 0.0  # who has a smaller chance to reach it is ended …
    limits: tuple[float | None, ...] = ()  # … at these curve values, relative to the incumbent's
    learned: int = 0  # from so many finished runs
    worth_it: bool = False


@dataclass(frozen=True, slots=True)
class Hopes:
    curve: str | None  # the regular expression
    box_seconds: float
    cpu: bool  # it counts CPU seconds
    sign: int  # 1: more is better
    incumbent: str = ""
    curves: tuple[Levels, ...] = ()  # of the incumbent's runs
    open: Mapping[int, Candidate] = field(default_factory=dict)
    past: tuple[Past, ...] = ()
    finished: int = 0  # screening runs with a curve, a gain and a verdict
    runs: int = 0  # for any purpose …
    screens: int = 0  # … and these among them
    fit: Fit = Fit()

    @classmethod
    def of(cls, program: Program) -> Hopes:
        return cls(program.curve, program.box.seconds, program.box.cpu, 1 if program.goal is Goal.MAXIMIZE else -1)

    def step(self, event: Event) -> Hopes:
        """Folds one event in."""
        match event:
            case Session():
                return _in_force(self, event.settings.get("curve", self.curve))
            case Proposed():
                return _with(self, event.experiment, Candidate(event.parent))
            case Admitted() if event.experiment in self.open:
                simpler = event.size < event.parent_size
                return _with(self, event.experiment, replace(self.open[event.experiment], simpler=simpler))
            case Rebased():
                return _with(self, event.experiment, Candidate(event.onto, event.size < event.parent_size))
            case RunDone():
                return _heard(self, event.run, event.trial)
            case Judged() if event.experiment in self.open:
                return _learned(self, event.verdict)
            case Recorded() if event.experiment in self.open:
                return _landed(self, event.experiment, event.kept)
        return self

    def rungs(self, number: int) -> tuple[Rung, ...]:
        """For the screening run of this experiment. Empty: it is not to be ended early."""
        candidate = self.open.get(number)
        if not self.fit.worth_it or number % AUDIT == 0 or candidate is None or candidate.base != self.incumbent:
            return ()
        fit, limits = self.fit, self.fit.limits
        if candidate.simpler:
            limits = _limits(fit.lines, min(fit.bar, 0.0), fit.hope)
        return tuple(_rungs(self, limits))


def _rungs(state: Hopes, limits: Sequence[float | None]) -> Iterator[Rung]:
    for index, (line, limit) in enumerate(zip(state.fit.lines, limits, strict=True)):
        base = _mean(state.curves, index)
        if line is not None and limit is not None and base is not None:
            yield Rung(SHARES[index], base + limit, above=line.slope < 0, chance=state.fit.hope * (1 - SHARES[index]))


def _in_force(state: Hopes, curve: str | None) -> Hopes:
    """Another expression reads another number: what was learned of the old one is void."""
    if curve == state.curve:
        return state
    void = {number: replace(each, curves=(), screened=()) for number, each in state.open.items()}
    return replace(state, curve=curve, curves=(), open=void, past=(), finished=0, fit=Fit())


def _with(state: Hopes, number: int, candidate: Candidate) -> Hopes:
    return replace(state, open={**state.open, number: candidate})


def _heard(state: Hopes, run: Run, trial: Trial) -> Hopes:
    screen, reached = run.purpose is Purpose.SCREEN, _reached(state, trial)
    state = replace(state, runs=state.runs + 1, screens=state.screens + screen)
    levels = tuple(level(trial.curve, share, state.box_seconds) if share <= reached else None for share in SHARES)
    if run.purpose is Purpose.INCUMBENT and run.commit == state.incumbent and trial.status is Status.OK:
        return replace(state, curves=(*state.curves[-ENOUGH + 1 :], levels))
    candidate = state.open.get(run.experiment)
    if candidate is None or run.purpose is Purpose.CLAIM:
        return state
    if screen and candidate.base == state.incumbent and trial.status in (Status.OK, Status.PRUNED):
        relative = tuple(_minus(of_it, _mean(state.curves, index)) for index, of_it in enumerate(levels))
        candidate = replace(candidate, screened=relative, free=not run.rungs)
    if trial.status is Status.OK:
        candidate = replace(candidate, curves=(*candidate.curves, levels))
    return _with(state, run.experiment, candidate)


def _reached(state: Hopes, trial: Trial) -> float:
    """The share of its box that a run had when we ended it; else all of it."""
    seconds = trial.usage.cpu_seconds if state.cpu else trial.usage.wall_seconds
    return min(1.0, seconds / state.box_seconds) if trial.status is Status.PRUNED else 1.0


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _mean(curves: tuple[Levels, ...], index: int) -> float | None:
    values = [value for levels in curves if (value := levels[index]) is not None]
    return fmean(values) if values else None


def _learned(state: Hopes, verdict: Verdict) -> Hopes:
    candidate, gain = state.open[verdict.experiment], None
    if verdict.score is not None and verdict.against is not None:
        gain = state.sign * (verdict.score - verdict.against)
    if (gain is None and verdict.call is not Call.PRUNED) or all(each is None for each in candidate.screened):
        return state
    adopted = verdict.call is Call.KEEP and not verdict.simpler
    past = (*state.past[-MEMORY + 1 :], Past(candidate.screened, candidate.free, gain, adopted))
    state = replace(state, past=past, finished=state.finished + (gain is not None))
    due = state.finished >= max(WARM_UP, state.fit.learned * GROWTH)
    return replace(state, fit=_fit(state)) if due else state


def _landed(state: Hopes, number: int, kept: str | None) -> Hopes:
    """What lands is the incumbent from now on; one that lands without a run leaves the curve as it was."""
    rest = {n: each for n, each in state.open.items() if n != number}
    if kept is None:
        return replace(state, open=rest)
    return replace(state, open=rest, incumbent=kept, curves=state.open[number].curves or state.curves)


def _fit(state: Hopes) -> Fit:
    gains = sorted((past.gain for past in state.past if past.gain is not None), reverse=True)
    adopted = [past.gain for past in state.past if past.adopted and past.gain is not None]
    bar = gains[min(len(adopted), len(gains) - 1)]  # one more than were adopted have reached it
    if adopted:
        bar = min(bar, median(adopted))  # for others may have more, and break a guard
    lines = tuple(_line(state.past, index, bar) for index in range(len(SHARES)))
    hope = min((len(adopted) + 1) / len(state.past), MOST)
    fit = Fit(lines, bar, hope, _limits(lines, bar, hope), state.finished)
    return replace(fit, worth_it=_worth_it(fit, state))


def _line(past: tuple[Past, ...], index: int, bar: float) -> Line | None:
    points = [(x, each.gain) for each in past if each.gain is not None and (x := each.levels[index]) is not None]
    return through([x for x, _ in points], [y for _, y in points], bar) if len(points) >= WARM_UP else None


def _limits(lines: Sequence[Line | None], bar: float, hope: float) -> tuple[float | None, ...]:
    return tuple(
        line.limit(bar, hope * (1 - share)) if line else None for line, share in zip(lines, SHARES, strict=True)
    )


def _worth_it(fit: Fit, state: Hopes) -> bool:
    """(1 - what is lost) x (how many times as many experiments) > 1, as if these rungs had stood from the start."""
    saved = lost = hoped = 0.0
    watched = missed = 0
    for past in state.past:
        share, hope = _outcome(fit, past.levels)
        saved, hoped, lost = saved + 1 - share, hoped + hope, lost + hope * (share < 1)
        watched, missed = watched + (past.free and past.adopted), missed + (past.free and past.adopted and share < 1)
    loss = (TRUST * lost / hoped + missed) / (TRUST + watched) if hoped else 1.0
    saving = saved / len(state.past) * state.screens / state.runs  # of the time of all runs
    return (1 - loss) / (1 - saving) > 1


def _outcome(fit: Fit, levels: Levels) -> tuple[float, float]:
    """The share of its box at which a run with these levels ends, and the chance of adoption that it then has."""
    last = None
    for share, line, limit, x in zip(SHARES, fit.lines, fit.limits, levels, strict=True):
        if line is not None and x is not None:
            last = line, x
            if limit is not None and (x > limit if line.slope < 0 else x < limit):
                return share, line.chance(x, fit.bar)
    return 1.0, last[0].chance(last[1], fit.bar) if last else 0.0

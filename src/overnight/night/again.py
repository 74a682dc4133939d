"""Some keeps measured again: the branch before and after each, under seeds that nobody could know.

It writes nothing into the ledger: whoever doubts a night asks this of it, also on another machine.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean

from overnight.errors import UsageError
from overnight.judge.policy import AnyPolicy
from overnight.ledger.events import Judged
from overnight.ledger.ledger import Reader
from overnight.model import Goal, Purpose, Run, Split, Status, Trial, Verdict
from overnight.night.state import NightState
from overnight.program.program import Program
from overnight.repo.repo import Repo

RUNS = 3  # of each side, in turns
FAR = 4.0  # standard deviations, of a noise that is itself estimated: chance alone gets there once in 400 to 15,000
Execute = Callable[[Run], Trial]


@dataclass(frozen=True, slots=True)
class Questions:
    """The night, and what it takes to ask it."""

    reader: Reader
    repo: Repo
    program: Program
    policy: AnyPolicy


@dataclass(frozen=True, slots=True)
class Again:
    """A keep, then and now; gains are in units of the metric, positive is better."""

    experiment: int
    then: float
    now: float | None  # None: a run failed, and `why` says how
    deviation: float  # that chance alone gives to the difference of the two
    why: str = ""

    @property
    def holds(self) -> bool:
        return self.now is not None and abs(self.now - self.then) <= FAR * self.deviation


def again(questions: Questions, count: int, execute: Execute, rng: random.Random) -> Iterator[Again]:
    state = NightState(questions.program, questions.policy)
    judged: dict[int, Judged] = {}
    for entry in questions.reader.since():
        state.fold(entry)
        if isinstance(entry.event, Judged):
            judged[entry.event.experiment] = entry.event
    keeps = [number for number in state.kept if number > 0 and judged[number].verdict.removes is None]
    if not keeps:
        raise UsageError("this night has kept nothing that could be measured again")
    drawn = rng.sample(keeps, min(count, len(keeps)))
    noise = questions.policy.outlook(state.belief, None).noise or 0.0
    for number in sorted(drawn):
        before = list(state.kept)[list(state.kept).index(number) - 1]
        commits, seeds = (state.kept[before], state.kept[number]), [rng.randrange(2**31) for _ in range(2 * RUNS)]
        runs = [_run(questions.program, number, commits[turn % 2], turn, seed) for turn, seed in enumerate(seeds)]
        yield _again(questions.program, judged[number].verdict, runs, noise, execute)


def _again(program: Program, verdict: Verdict, runs: list[Run], noise: float, execute: Execute) -> Again:
    sides: tuple[list[float], list[float]] = ([], [])
    deviation = noise * math.sqrt(2 / RUNS + 2 / verdict.runs)
    then = verdict.gain if verdict.gain is not None else _gain(program, verdict.against or 0.0, verdict.score or 0.0)
    for turn, run in enumerate(runs):
        trial = execute(run)
        if trial.status is not Status.OK:
            return Again(verdict.experiment, then, None, deviation, trial.why)
        sides[turn % 2].append(trial.scores[program.metric].value)
    return Again(verdict.experiment, then, _gain(program, *map(fmean, sides)), deviation or _spread(sides))


def _gain(program: Program, before: float, after: float) -> float:
    return before - after if program.goal is Goal.MINIMIZE else after - before


def _spread(sides: tuple[list[float], list[float]]) -> float:
    """Where the night never repeated a run, these do."""
    squares = sum((value - fmean(side)) ** 2 for side in sides for value in side)
    return math.sqrt(squares / (2 * RUNS - 2)) * math.sqrt(2 / RUNS + 2)


def _run(program: Program, experiment: int, commit: str, turn: int, seed: int) -> Run:
    return Run(
        id=f"{experiment}-again-{turn}",
        experiment=experiment,
        commit=commit,
        purpose=Purpose.REPEAT,
        split=Split.VISIBLE,
        seed=seed,
        box_seconds=program.box.seconds,
        kill_after_seconds=program.kill_after_seconds,
    )

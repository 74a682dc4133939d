"""Simulated nights: a proposer, a task of `landscape`, and the plain rule (keep what measured better)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from overnight.model import Call, Experiment, Goal, Proposal, Verdict
from overnight.program.knobs import Knob, Value, find_knobs, with_knobs
from overnight.program.program import Box
from overnight.propose.proposer import Proposer, View
from overnight.propose.space import moved
from overnight.testing import a_program
from tests.propose.landscape import NOISE, TEXT, Task

PROGRAM = a_program(box=Box(1.0), kill_after_seconds=2.0)


def view(
    files: Mapping[str, str] | str,
    seed: int = 0,
    goal: Goal = Goal.MINIMIZE,
    in_flight: Sequence[str] = (),
    incumbent: str = "c0",
) -> View:
    files = {"train.py": files} if isinstance(files, str) else files
    return View(replace(PROGRAM, goal=goal), 1, seed, incumbent, files, None, in_flight)


def judged(
    proposal: Proposal,
    call: Call,
    score: float | None = None,
    against: float | None = None,
    number: int = 1,
    why: str = "",
) -> Experiment:
    return Experiment(number, proposal, f"c{number}", (), Verdict(number, call, why, score, against))


@dataclass(frozen=True, slots=True)
class SimulatedNight:
    truths: Sequence[float]  # of the incumbent, in % of the start's loss, after each experiment
    crashes: int

    def gain(self, experiments: int) -> float:
        return 100.0 - self.truths[experiments - 1]


def night(task: Task, proposer: Proposer, experiments: int) -> SimulatedNight:
    noise = random.Random(task.seed)
    text, best, truths, crashes, commit = TEXT, 100.0 + noise.gauss(0, NOISE), [100.0], 0, "c0"
    for number in range(1, experiments + 1):
        proposal = next(proposer.ask(view(text, seed=1000 * task.seed + number, incumbent=commit), 1))
        assert isinstance(proposal, Proposal)
        truth = task.loss(proposal.files["train.py"])
        score = None if truth is None else truth + noise.gauss(0, NOISE)
        call = Call.CRASH if score is None else Call.KEEP if score < best else Call.DISCARD
        proposer.observe(judged(proposal, call, score, None if score is None else best, number))
        crashes += score is None
        if call is Call.KEEP and score is not None and truth is not None:
            text, best, commit = proposal.files["train.py"], score, f"c{number}"
            truths.append(truth)
        else:
            truths.append(truths[-1])
    return SimulatedNight(truths[1:], crashes)


class Blind:
    """A rival that learns nothing: turns one to four knobs around the best, and never makes a tree twice."""

    trusted = True

    def __init__(self, turn: Callable[[Knob, random.Random], Value]) -> None:
        self._turn, self._known = turn, {TEXT}

    def ask(self, view: View, n: int) -> Iterator[Proposal]:
        rng = random.Random(view.seed)
        text = view.files["train.py"]
        knobs = find_knobs(text)
        new = text
        while new in self._known or new == text:
            chosen = rng.sample(knobs, rng.choice((1, 1, 2, 2, 3, 4)))
            new = with_knobs(text, {knob.name: self._turn(knob, rng) for knob in chosen})
        self._known.add(new)
        yield Proposal({"train.py": new}, view.incumbent, "blind", "")

    def observe(self, experiment: Experiment) -> None: ...

    def close(self) -> None: ...


def wide(knob: Knob, rng: random.Random) -> Value:
    """Anywhere in its range."""
    return _turned(knob, rng, rng.uniform(-4, 4))


def near(knob: Knob, rng: random.Random) -> Value:
    """About a step away, the distance that served best."""
    return _turned(knob, rng, rng.gauss(0, 1))


def _turned(knob: Knob, rng: random.Random, steps: float) -> Value:
    if knob.range and not isinstance(knob.value, str):
        return moved(knob.range, knob.value, steps)
    return rng.choice([choice for choice in knob.choices if choice != knob.value])

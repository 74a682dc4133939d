"""The search of a night, played against a task as a night plays it: the incumbent is what measured best."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.search.tasks import Crash, Measured, Task
from overnight.model import Call, Experiment, Proposal, Status, Trial, Usage, Verdict
from overnight.program.knobs import find_knobs
from overnight.program.program import Box
from overnight.propose.proposer import Proposer, View
from overnight.propose.search import Search
from overnight.testing import a_program

PROGRAM = a_program(box=Box(1.0), kill_after_seconds=2.0)


@dataclass(frozen=True, slots=True)
class Night:
    gains: list[float]  # true, of the incumbent, after each run
    crashes: int
    slowest_seconds: float  # of the asks


def night(task: Task, seed: int, runs: int, make: Callable[[], Proposer] = Search) -> Night:
    measured, proposer, slowest = Measured(task, seed), make(), 0.0
    text, best, commit = task.text, measured(task.start), "c0"
    assert isinstance(best, float)
    for number in range(1, runs):
        began = time.perf_counter()
        shown = View(PROGRAM, number, 1000 * seed + number, commit, {"train.py": text}, best, ())
        proposal = next(iter(proposer.ask(shown, 1)), None)
        slowest = max(slowest, time.perf_counter() - began)
        if not isinstance(proposal, Proposal):
            break
        new = proposal.files["train.py"]
        result = measured({knob.name: knob.value for knob in find_knobs(new)})
        proposer.observe(_judged(number, proposal, result, best))
        if not isinstance(result, Crash) and result < best:
            text, best, commit = new, result, f"c{number}"
    return Night(measured.gains + [measured.gains[-1]] * (runs - len(measured.gains)), measured.crashes, slowest)


def _judged(number: int, proposal: Proposal, result: float | Crash, best: float) -> Experiment:
    if isinstance(result, Crash):
        trial = Trial(f"{number}", 1, Status.CRASH, {}, Usage(), 1, None, result.why, result.why)
        return Experiment(number, proposal, f"c{number}", (trial,), Verdict(number, Call.CRASH, result.why))
    call = Call.KEEP if result < best else Call.DISCARD
    return Experiment(number, proposal, f"c{number}", (), Verdict(number, call, "simulated", result, best))

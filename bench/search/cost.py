"""What asking costs: CPU milliseconds, late in a long night of many knobs, on one thread."""

from __future__ import annotations

import time

import numpy as np

from bench.search.ours import PROGRAM
from bench.search.spaces import drawn
from overnight.model import Call, Experiment, Proposal, Verdict
from overnight.program.knobs import Knob, Value, find_knobs, with_knobs
from overnight.propose.proposer import View
from overnight.propose.search import Search
from overnight.propose.space import moved

KNOBS, TRIALS, ASKS = 30, 500, 20


def cost_line() -> str:
    """Of asks after so many runs, a fifth of which failed, of one to four knobs each."""
    rng, search = np.random.default_rng(0), Search()
    text = drawn(rng, KNOBS, good=True)
    for number in range(1, TRIALS + 1):
        search.observe(_experiment(number, text, rng))
    took = []
    for number in range(ASKS):
        began = time.process_time()
        assert next(search.ask(View(PROGRAM, TRIALS, number, "c0", {"train.py": text}, 1.0, ()), 1))
        took.append(1000 * (time.process_time() - began))
    return f"asking at {TRIALS} runs and {KNOBS} knobs: {np.median(took):.0f} ms of CPU, at most {max(took):.0f}"


def _experiment(number: int, text: str, rng: np.random.Generator) -> Experiment:
    knobs = rng.choice(np.array(find_knobs(text), object), int(rng.integers(1, 5)), replace=False)
    new = with_knobs(text, {knob.name: _turned(knob, rng) for knob in knobs})
    score = None if rng.random() < 0.2 else 1.0 + float(rng.normal(0, 0.01))
    call, against = (Call.CRASH, None) if score is None else (Call.DISCARD, 1.0)
    proposal = Proposal({"train.py": new}, "c0", "somebody", "")
    return Experiment(number, proposal, f"c{number}", (), Verdict(number, call, "simulated", score, against))


def _turned(knob: Knob, rng: np.random.Generator) -> Value:
    if knob.range is None or isinstance(knob.value, str):
        return knob.choices[int(rng.integers(len(knob.choices)))]
    return moved(knob.range, knob.value, float(rng.normal()))

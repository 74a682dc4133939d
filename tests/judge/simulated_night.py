"""A greedy night of another tool, of which the truth is known. Scores are in % of the metric, and higher is better."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from overnight.judge.results import Results, Tried
from overnight.model import Call, Goal

GAINS, NOTHING, HARMS, SUITS = 0.03, 0.40, 0.54, 0.03  # shares; the last suit the evaluation set only, and show again
EFFECT, SUIT = 0.5, 0.3  # means of exponentials


@dataclass(frozen=True, slots=True)
class Simulated:
    results: Results
    truth: float  # what the last keep is above the baseline, on average over runs
    worth: tuple[float, ...]  # of each keep


def simulated(seed: int, noise: float, runs: int, taste: float = 0.1, repeats: int = 0) -> Simulated:
    """`taste`: how much each change suits the evaluation set or not, as a standard deviation. `repeats`: of the
    baseline, in the table."""
    rng = Random(seed)
    level, best = 0.0, rng.gauss(0, noise)
    tried = [Tried(0, Call.KEEP, best, "baseline")]
    tried += [Tried(n, Call.DISCARD, rng.gauss(0, noise), "baseline again") for n in range(1, repeats + 1)]
    worth: list[float] = []
    for number in range(repeats + 1, runs):
        effect = _effect(rng, taste)
        score = level + effect + rng.gauss(0, noise)
        kept = score > best
        tried.append(Tried(number, Call.KEEP if kept else Call.DISCARD, score, f"idea {number}"))
        if kept:
            level, best = level + effect, score
            worth.append(effect)
    return Simulated(Results("score", Goal.MAXIMIZE, "", tuple(tried)), level, tuple(worth))


def _effect(rng: Random, taste: float) -> float:
    drawn, suits = rng.random(), rng.gauss(0, taste)
    if drawn < GAINS:
        return rng.expovariate(1 / EFFECT) + suits
    if drawn < GAINS + NOTHING:
        return 0.3 * suits
    if drawn < GAINS + NOTHING + HARMS:
        return suits - rng.expovariate(1 / EFFECT)
    return rng.expovariate(1 / SUIT) + suits

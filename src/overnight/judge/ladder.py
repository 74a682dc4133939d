"""What is told of a score to somebody who may learn from it: the Ladder (Blum and Hardt, 2015).

Exact scores of a fixed set leak its labels: 700 of them rebuild 1,500. So the best score so far is told again unless
the new one is better by at least a step, and then it is rounded to a step: what leaks is one bit for each real gain.
"""

from __future__ import annotations

from overnight.model import Goal


def release(goal: Goal, best: float | None, score: float, step: float) -> float:
    """`best`: what was released last. The caller keeps it: it is the only state there is."""
    if best is not None:
        rung = best - step if goal is Goal.MINIMIZE else best + step
        if goal.better(rung, score):
            return best
    return round(score / step) * step

"""How right is an audit? Simulated greedy nights of which the truth is known, audited from their scores alone.

    python -m bench.audit_nights [nights]

Scores are in % of the metric. The truth is what the last keep is above the baseline on average over runs. Shown are
means over the nights: the truth, what the table claims, what the audit expects of it with the standard error of its
error, how often its 95 % interval holds the truth, the noise that it finds as a share of the true one with how often
that interval holds, and the share of keeps that are worth nothing or less beside the mean doubt of the audit.
"""

from __future__ import annotations

import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

from overnight.judge.audit import audit
from tests.judge.simulated_night import simulated

NOISES = (0.035, 0.1, 0.3, 1.0)
WORLDS: dict[str, dict[str, float]] = {
    "100 runs": {"runs": 100},
    "100 runs, no taste": {"runs": 100, "taste": 0.0},
    "30 runs, 3 of them the baseline": {"runs": 30, "repeats": 3},
    "400 runs": {"runs": 400},
}


class Outcome(NamedTuple):
    truth: float
    claimed: float
    expected: float
    inside: bool
    noise: float
    noise_inside: bool
    worthless: float
    doubt: float


def table(nights: int) -> None:
    print(f"{nights} nights each\n{'noise':>6} {'truth':>7} {'claimed':>8} {'expected':>16} {'inside':>7}", end="")
    print(f" {'noise found':>12} {'inside':>7} {'worthless':>10} {'doubt':>6}")
    with ProcessPoolExecutor() as pool:
        for name, world in WORLDS.items():
            print(name)
            for noise in NOISES:
                found = pool.map(partial(_one, noise, world), range(nights), chunksize=5)
                _line(noise, [each for each in found if each is not None])


def _one(noise: float, world: dict[str, float], seed: int) -> Outcome | None:
    night = simulated(seed, noise, **world)  # type: ignore[arg-type]
    found = audit(night.results)
    if found.expected is None or found.low is None or found.high is None or not night.worth:
        return None
    doubts = [kept.doubt or 0.0 for kept in found.keeps]
    return Outcome(
        night.truth,
        found.claimed,
        found.expected,
        found.low <= night.truth <= found.high,
        found.noise.value / noise,
        found.noise.low <= noise <= found.noise.high,
        statistics.mean(worth <= 0 for worth in night.worth),
        statistics.mean(doubts),
    )


def _line(noise: float, found: list[Outcome]) -> None:
    mean = Outcome(*(statistics.mean(each) for each in zip(*found, strict=True)))
    error = statistics.stdev(each.expected - each.truth for each in found) / len(found) ** 0.5
    print(
        f"{noise:6} {mean.truth:7.2f} {mean.claimed:8.2f} {mean.expected:7.2f} ± {error:6.3f} {mean.inside:7.1%}",
        end="",
    )
    print(f" {mean.noise:12.2f} {mean.noise_inside:7.1%} {mean.worthless:10.0%} {mean.doubt:6.0%}", flush=True)


if __name__ == "__main__":
    table(int(sys.argv[1]) if len(sys.argv) > 1 else 100)

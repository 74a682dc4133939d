"""Invented nights of any length in a real ledger: what pictures are looked at, and tested, with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from overnight.ledger.events import Admitted, Claimed, Event, Judged, Proposed, Recorded, RunDone, Weighed
from overnight.ledger.ledger import Ledger
from overnight.model import (
    Call,
    Claim,
    Goal,
    Purpose,
    Run,
    Score,
    Split,
    Standing,
    Status,
    Trial,
    Usage,
    Verdict,
    Worth,
)
from tests.ledger.sample_night import NOW, closed, opened, session

IDEAS = (
    "halve the batch size",
    "warm up over 5 % of the box",
    "depth 6 → 8, narrower heads",
    "ReLU² in place of GELU",
    "learning rate of the embedding × 2",
    "rotary base 10,000 → 50,000",
    "no weight decay on norms and biases",
    "Muon momentum 0.95 → 0.9, and a longer warm-down to a tenth of the rate",
    "tie the embedding to the head",
    "clip gradients at 1.0",
    "smaller vocabulary projection",
    "QK-norm",
)


@dataclass(slots=True)
class LongNight:
    """A night of `experiments`, of which the truth is known; scores around `start`."""

    experiments: int
    goal: Goal = Goal.MINIMIZE
    start: float = 2.72
    noise: float = 0.006
    crashes: float = 0.08  # share
    believed: bool = True  # the judge says what keeps are worth
    claims: bool = True
    seed: int = 1
    ideas: tuple[str, ...] = IDEAS
    level: float = field(init=False)  # of the branch, in truth
    worths: list[Worth] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.level = self.start

    def events(self) -> Iterator[Event]:
        rng = Random(self.seed)
        yield from (opened(self.goal), session())
        yield from self._experiment(0, "the untouched baseline", 0.0, 4, rng)
        for number in range(1, self.experiments + 1):
            yield from self._tried(number, rng)
        if self.believed and self.worths:
            yield Weighed(number=1, worths=tuple(self.worths))
        if self.claims and self.worths:
            gain, margin = abs(self.level - self.start), 1.2 * self.noise
            claim = Claim(Split.SEALED, 4, self.start, self.level, gain, gain - margin, gain + margin)
            kept = f"{self.worths[-1].experiment:040x}"
            yield Claimed(number=1, commit=kept, claim=claim)
        yield closed(finished=True, why="all experiments are done")

    def _tried(self, number: int, rng: Random) -> Iterator[Event]:
        said = rng.choice(self.ideas)
        if rng.random() < self.crashes:
            yield from _experiment(number, said, [], Call.CRASH)
            return
        promising = rng.random() < 0.25 / (1 + number / 60)
        effect = rng.expovariate(40 / self.start) if promising else -rng.expovariate(30 / self.start)
        effect *= math.exp(-number / 300)
        yield from self._experiment(number, said, effect, 3 if promising else 1, rng)

    def _experiment(self, number: int, said: str, effect: float, runs: int, rng: Random) -> Iterator[Event]:
        sign = -1.0 if self.goal is Goal.MINIMIZE else 1.0
        level = self.level + sign * effect
        scores = [level + rng.gauss(0, self.noise) for _ in range(runs)]
        seen = sign * (sum(scores) / runs - self.level)
        keep = number == 0 or (runs > 1 and seen > self.noise)
        yield from _experiment(number, said, scores, Call.KEEP if keep else Call.DISCARD)
        if keep and number:
            doubt = 0.5 * math.exp(-seen / self.noise)
            standing = Standing.REMOVED if effect < 0.3 * self.noise else Standing.PROVEN
            carried = standing is Standing.PROVEN and doubt > 0.1
            self.worths.append(Worth(number, 0.97 * effect, doubt, runs, Standing.CARRIED if carried else standing))
            self.level = self.level if standing is Standing.REMOVED else level


def filled(folder: Path, night: LongNight) -> Path:
    with Ledger.create_or_open(folder, holder="overnight run", patience_seconds=0.2) as ledger:
        ledger.append(NOW, 1.0, *night.events())
    return folder


def _experiment(number: int, said: str, scores: list[float], call: Call) -> Iterator[Event]:
    commit = f"{number:040x}"
    yield Proposed(experiment=number, parent="b" * 40, edits=(), origin="search", hypothesis=said)
    yield Admitted(experiment=number, commit=commit, fingerprint=str(number), size=9, parent_size=9)
    for index, score in enumerate(scores or [None]):
        run = Run(f"{number}-screen-{index}", number, commit, Purpose.SCREEN, Split.VISIBLE, index, 5.0, 30.0)
        status = Status.CRASH if score is None else Status.OK
        told = {} if score is None else {"val_bpb": Score(score)}
        yield RunDone(run=run, trial=Trial(run.id, 1, status, told, Usage(), 0, None, "", ""))
    mean = sum(scores) / len(scores) if scores else None
    verdict = Verdict(number, call, "because", mean, runs=max(1, len(scores)))
    yield Judged(verdict=verdict, commit=commit, log_tip="1" * 40, branch_tip="b" * 40)
    yield Recorded(experiment=number, entry="e" * 40, kept=commit if call is Call.KEEP else None)

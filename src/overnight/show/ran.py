"""The runs of a night as the report counts them: what each was for, how long it took, and what it scored.

Scores are the visible ones, which is what an experiment's own score is made of.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from overnight.judge.noise import Noise
from overnight.ledger.ledger import Reader
from overnight.model import Purpose, Split, Status

SQL = """
    SELECT done.experiment, json_extract(done.body, '$.run.purpose'), json_extract(done.body, '$.run.split'),
      json_extract(done.body, '$.run.commit'), json_extract(done.body, '$.trial.status'),
      done.elapsed - started.elapsed, json_extract(done.body, '$.trial.scores'),
      json_extract(done.body, '$.trial.hidden') <> '{}'
    FROM event AS done LEFT JOIN event AS started ON started.key = 'run/' || json_extract(done.body, '$.run.id')
      || '/started/' || json_extract(done.body, '$.trial.attempt')
    WHERE done.kind = 'run_done' ORDER BY done.seq"""


@dataclass(frozen=True, slots=True)
class Ran:
    experiment: int
    purpose: Purpose
    split: Split
    commit: str
    status: Status
    seconds: float  # that it held its slot, scoring included
    score: float | None
    hidden: bool  # it was scored on the hidden set as well


@dataclass(frozen=True, slots=True)
class Spent:
    """What the runs of one purpose took."""

    purpose: Purpose
    runs: int
    seconds: float


def runs_of(reader: Reader, metric: str) -> Iterator[Ran]:
    for experiment, purpose, split, commit, status, seconds, scores, hidden in reader.query(SQL):
        found = json.loads(scores or "{}").get(metric)
        score = found["value"] if found and status == Status.OK else None
        yield Ran(
            experiment, Purpose(purpose), Split(split), commit, Status(status), seconds or 0.0, score, bool(hidden)
        )


def spent(runs: Sequence[Ran]) -> Iterator[Spent]:
    for purpose in Purpose:
        if those := [run.seconds for run in runs if run.purpose is purpose]:
            yield Spent(purpose, len(those), sum(those))


def noise_of(runs: Sequence[Ran]) -> Noise:
    """How runs of the same commit differ."""
    groups: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        if run.score is not None and run.split is Split.VISIBLE:
            groups[run.commit].append(run.score)
    means = {commit: fmean(scores) for commit, scores in groups.items()}
    squares = sum((score - means[commit]) ** 2 for commit, scores in groups.items() for score in scores)
    return Noise(squares, sum(len(scores) - 1 for scores in groups.values()))


def splits_of(runs: Sequence[Ran]) -> tuple[str, ...]:
    """The sets that runs were scored on."""
    found = {run.split for run in runs} | ({Split.HIDDEN} if any(run.hidden for run in runs) else set())
    return tuple(split for split in Split if split in found)

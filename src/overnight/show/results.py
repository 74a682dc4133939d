"""A night of ours as a table of results, so that it can be audited like anybody's."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean

from overnight.judge.results import Results, Tried
from overnight.judge.walk import Repeats
from overnight.ledger import views
from overnight.ledger.events import RunDone
from overnight.ledger.ledger import Reader
from overnight.model import Call, Goal, Purpose, Status, Trial

NEVER_RAN = (Call.DUPLICATE, Call.REFUSED, None)
SEARCHED = (Purpose.BASELINE, Purpose.SCREEN, Purpose.REPEAT, Purpose.INCUMBENT)


def results_of(reader: Reader) -> Results:
    summary = views.summary(reader, held=False)
    tried = [
        Tried(row.number, row.call, row.score, row.hypothesis, row.kept or row.commit or "", max(1, row.runs))
        for row in views.rows(reader)
        if row.call not in NEVER_RAN and row.call is not None
    ]
    return Results(summary.metric, Goal(summary.goal), "as program.md says", tuple(tried))


def repeats_of(reader: Reader) -> Repeats:
    """Runs of one commit: how their scores differ is noise."""
    metric = views.summary(reader, held=False).metric
    squares, df = 0.0, 0
    for row in views.rows(reader):
        scores: dict[str, list[float]] = defaultdict(list)
        for entry in reader.of(row.number) if row.runs > 1 else ():
            done = entry.event
            if isinstance(done, RunDone) and done.run.purpose in SEARCHED and done.trial.status is Status.OK:
                scores[done.run.commit].append(_score(done.trial, metric))
        for runs in scores.values():
            squares += sum((score - fmean(runs)) ** 2 for score in runs)
            df += len(runs) - 1
    return Repeats(squares, df)


def _score(trial: Trial, metric: str) -> float:
    """The judge's: the mean over the sets that there are."""
    return fmean([scores[metric].value for scores in (trial.scores, trial.hidden) if metric in scores])

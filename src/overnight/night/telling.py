"""What a proposer is told of a finished experiment. Nothing hidden, and, for whoever could learn labels from exact
scores, only the score as it was released: rounded, and no news where it is not better than what is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from overnight.model import Call, Experiment, Proposal, Status, Trial, Verdict
from overnight.night.state import Open

SILENT = (Call.KEEP, Call.DISCARD)
"""Their sentences hold numbers that hidden scores went into."""


def told(done: Open, files: Mapping[str, str], exact: bool) -> Experiment:
    """`files`: the whole new texts of the proposal. `exact`: it is our own optimiser that is told."""
    proposed, judged = done.proposed, done.judged
    assert judged is not None
    proposal = Proposal(
        files=files,
        parent=proposed.parent,
        origin=proposed.origin,
        hypothesis=proposed.hypothesis,
        cost=proposed.cost,
        notes=proposed.notes,
    )
    trials = tuple(_trial(trial, exact) for trial in done.trials)
    verdict = _verdict(judged.verdict, done.released, exact)
    return Experiment(done.number, proposal, done.commit, trials, verdict, proposed.edits)


def _trial(trial: Trial, exact: bool) -> Trial:
    seen = replace(trial, hidden={})
    if exact or trial.status is not Status.OK:
        return seen
    return replace(seen, scores={}, curve=(), tail="", why="")


def _verdict(verdict: Verdict, released: float | None, exact: bool) -> Verdict:
    why = "" if verdict.call in SILENT else verdict.why
    plain = replace(verdict, why=why, gain=None, doubt=None)
    return plain if exact else replace(plain, score=released, against=None)

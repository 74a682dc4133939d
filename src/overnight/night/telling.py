"""What a proposer is told of a finished experiment. Nothing hidden, and, for whoever could learn labels from exact
scores, only the score as it was released: rounded, and no news where it is not better than what is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from overnight.ledger.events import Admitted, Judged, Proposed, Rebased, Recorded, RunDone
from overnight.ledger.ledger import Reader
from overnight.model import Call, Experiment, Proposal, Purpose, Status, Trial, Verdict
from overnight.night.open import Open

SILENT = (Call.KEEP, Call.DISCARD)
"""Their sentences hold numbers that hidden scores went into."""


def finished(reader: Reader) -> Iterator[Open]:
    """Every recorded experiment once more, in that order, one at a time: a long night's do not fit into memory."""
    open_: dict[int, Open] = {}
    for entry in reader.since():
        match event := entry.event:
            case Proposed():
                open_[event.experiment] = Open(event, event.parent)
            case Admitted():
                open_[event.experiment].commit = event.commit
            case Rebased() if event.commit is not None:
                open_[event.experiment].commit = event.commit
                open_[event.experiment].trials.clear()
            case RunDone() if event.experiment in open_ and event.run.purpose is not Purpose.SCOUT:
                open_[event.experiment].trials.append(event.trial)
            case Judged():
                open_[event.experiment].judged = event
            case Recorded():
                done = open_.pop(event.experiment)
                done.released, done.landed = event.released, event.kept
                yield done


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
    return Experiment(done.number, proposal, done.landed or done.commit, trials, verdict, proposed.edits)


def _trial(trial: Trial, exact: bool) -> Trial:
    seen = replace(trial, hidden={})
    if exact or trial.status is not Status.OK:
        return seen
    return replace(seen, scores={}, curve=(), tail="", why="")


def _verdict(verdict: Verdict, released: float | None, exact: bool) -> Verdict:
    why = "" if verdict.call in SILENT else verdict.why
    plain = replace(verdict, why=why, gain=None, doubt=None)
    return plain if exact else replace(plain, score=released, against=None)

"""An invented night with one of everything that a morning report speaks of, event by event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from overnight.ledger.events import (
    Admitted,
    Claimed,
    Closed,
    Event,
    Judged,
    Opened,
    Proposed,
    Recorded,
    RunDone,
    Session,
    Weighed,
)
from overnight.ledger.ledger import Reader
from overnight.model import (
    Call,
    Claim,
    Cost,
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
from overnight.repo.repo import Repo
from overnight.show.report import Report, report_of
from tests.nights import make_repo
from tests.show.story import PROGRAM, beginning, commit_of, written

BASELINE, CLAIM = (2.0, 2.02, 1.98, 2.0), Claim(Split.SEALED, 3, 2.0625, 1.9375, 0.125, 0.0625, 0.1875)
WORTHS = (
    Worth(1, 0.1, 0.004, 9, Standing.PROVEN, 0.06, 0.14),
    Worth(5, 0.001, 0.72, 5, Standing.REMOVED, -0.02, 0.03),
)


@dataclass(frozen=True, slots=True)
class Tale:
    """What becomes of an experiment."""

    number: int
    said: str
    call: Call
    scores: Sequence[float] = ()
    against: float | None = 2.0
    why: str = ""
    removes: int | None = None


TALES = (
    Tale(1, "wider", Call.KEEP, (1.9, 1.9), why="kept: 2 runs against 4"),
    Tale(2, "lucky", Call.DISCARD, (1.8, 1.95), 1.9, "not better: 2 runs against 2"),
    Tale(3, "close", Call.DISCARD, (1.895,), 1.9, "not better: 1 run against 2"),
    Tale(4, "too wide", Call.CRASH, (), why="exit code 1: MemoryError: 99 is too wide"),
    Tale(5, "seemed good", Call.KEEP, (1.88, 1.89), 1.9, "kept: 2 runs against 2"),
    Tale(6, "harm", Call.DISCARD, (2.5,), 1.9, "not better: 1 run against 2"),
    Tale(7, "too wide again", Call.CRASH, (), why="exit code 1: MemoryError: 98 is too wide"),
    Tale(8, "without #5", Call.KEEP, (1.89,), 1.9, "experiment 5 is taken back", removes=5),
)


def morning_events(policy: str = "proof", tales: Sequence[Tale] = TALES) -> Iterator[Event]:
    settings = msgspec.to_builtins(replace(PROGRAM, policy=policy), enc_hook=str)
    for event in beginning():
        assert isinstance(event, Opened | Session)
        yield replace(event, settings=settings)
    yield from _told(Tale(0, "the untouched baseline", Call.KEEP, BASELINE, None, "loss 2 in the mean of 4 runs"))
    for tale in tales:
        yield from _told(tale)


def morning_report(folder: Path, events: Sequence[Event]) -> Report:
    repo = Repo.discover(make_repo(folder / "repo", {"a": "a"}))
    with Reader.open(written(folder / "night", [*events])) as reader:
        return report_of(reader, repo, held=False)


def a_morning() -> list[Event]:
    """The whole of it: kept, fallen, taken back, weighed, claimed."""
    end = Closed(session=1, why="8 of 8 experiments", finished=True)
    return [
        *morning_events(),
        Weighed(number=1, worths=WORTHS),
        Claimed(number=1, commit=commit_of(8), claim=CLAIM),
        end,
    ]


def _told(tale: Tale) -> Iterator[Event]:
    commit, number = commit_of(tale.number), tale.number
    cost = Cost(tokens=10, usd=0.25) if number and tale.removes is None else Cost()
    yield Proposed(
        experiment=number,
        parent=commit_of(0),
        edits=(),
        origin="ada",
        hypothesis=tale.said,
        cost=cost,
        removes=tale.removes,
    )
    yield Admitted(experiment=number, commit=commit, fingerprint=str(number), size=10, parent_size=10)
    for index, score in enumerate(tale.scores or (None,)):
        run = Run(f"{number}-{index}", number, commit, _purpose(tale, index), Split.VISIBLE, 7, 4.0, 8.0)
        yield RunDone(run=run, trial=_trial(run, score, tale.why))
    mean = sum(tale.scores) / len(tale.scores) if tale.scores else None
    against = tale.against if tale.scores else None
    verdict = Verdict(number, tale.call, tale.why, mean, against, runs=len(tale.scores) or 1, removes=tale.removes)
    yield Judged(verdict=verdict, commit=commit, log_tip="", branch_tip="")
    yield Recorded(experiment=number, entry="e" * 40, kept=commit if tale.call is Call.KEEP else None)


def _purpose(tale: Tale, index: int) -> Purpose:
    if tale.removes is not None:
        return Purpose.ABLATION
    if not tale.number:
        return Purpose.BASELINE
    return Purpose.REPEAT if index else Purpose.SCREEN


def _trial(run: Run, score: float | None, why: str) -> Trial:
    status = Status.CRASH if score is None else Status.OK
    scores = {} if score is None else {"loss": Score(score)}
    return Trial(run.id, 1, status, scores, Usage(wall_seconds=4.0, cpu_seconds=3.0), 0, None, why, "")

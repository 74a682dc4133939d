"""Events of a small invented night, for the tests of the ledger."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from overnight.clock import Now
from overnight.ledger.acceptance import Accepted, How
from overnight.ledger.doors import Asked, Reported, Told
from overnight.ledger.events import (
    Admitted,
    Claimed,
    Closed,
    Event,
    Judged,
    Noted,
    Opened,
    Proposed,
    Rebased,
    Recorded,
    RunDone,
    RunStarted,
    Session,
    StopAsked,
    Turned,
    Weighed,
)
from overnight.ledger.idling import Idled
from overnight.ledger.ledger import Ledger
from overnight.ledger.steering import Approved, Held, IdeaGiven, Paused, Reread, Said, Unpaused
from overnight.model import (
    Call,
    Claim,
    Cost,
    Edit,
    Goal,
    Phase,
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

NOW = Now(1_700_000_000.1239, 5.0)
ENV = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
"""For another process that is to know this module."""


def open_ledger(folder: Path) -> Ledger:
    return Ledger.create_or_open(folder, holder="overnight run", patience_seconds=0.2)


def written(folder: Path, *events: Event) -> Path:
    """A night of these events, whose coordinator has gone."""
    with open_ledger(folder) as ledger:
        for elapsed, event in enumerate(events):
            ledger.append(NOW, float(elapsed), event)
    return folder


def opened(goal: Goal = Goal.MINIMIZE) -> Opened:
    return Opened(
        night="mar5",
        node="n1",
        branch="autoresearch/mar5",
        baseline="b" * 40,
        metric="val_bpb",
        goal=goal,
        program_text="# Goal\n\nLower `val_bpb`: é, \x00, 🌙.\n",
        settings={"box": {"seconds": 5.0, "cpu": True}, "edit": ["train.py"]},
        secret_hash="5" * 64,
        environment={"python": "3.11"},
        who="ada",
    )


def session(number: int = 1) -> Session:
    return Session(number=number, host="h", pid=7, scratch="/s", program_text="# Goal", settings={})


def closed(session: int = 1, finished: bool = False, why: str = "stopped by ada") -> Closed:
    return Closed(session=session, why=why, finished=finished)


def proposed(number: int, cost: Cost = Cost()) -> Proposed:  # noqa: B008 - frozen
    edits = (Edit("train.py", 3, 1, f"lr = {number}\n"),)
    return Proposed(
        experiment=number, parent="b" * 40, edits=edits, origin="search", hypothesis=f"idea {number}", cost=cost
    )


def admitted(number: int, problem: str = "", call: str = "") -> Admitted:
    fingerprint = f"f{number}"
    return Admitted(
        experiment=number,
        commit=commit(number),
        fingerprint=fingerprint,
        size=90,
        parent_size=91,
        problem=problem,
        problem_call=call,
    )


def commit(number: int) -> str:
    return f"{number:040x}"


def run(number: int, split: Split = Split.VISIBLE) -> Run:
    return Run(f"{number}-screen-{split}", number, commit(number), Purpose.SCREEN, split, 11, 5.0, 30.0)


def started(number: int, attempt: int = 1) -> RunStarted:
    return RunStarted(run=run(number), attempt=attempt, slot="slot-1")


def done(number: int, score: float | None, split: Split = Split.VISIBLE, why: str = "") -> RunDone:
    status = Status.CRASH if score is None else Status.OK
    scores = {} if score is None else {"val_bpb": Score(score), "peak_vram_mb": Score(800.0)}
    usage = Usage(wall_seconds=4.5, cpu_seconds=4.0, peak_mb=100.0 + number)
    trial = Trial(run(number, split).id, 1, status, scores, usage, 0, None, why, "…\n", curve=((1.0, 2.5), (2.0, 2.25)))
    return RunDone(run=run(number, split), trial=trial)


def rebased(number: int) -> Rebased:
    return Rebased(experiment=number, onto="c" * 40, commit="d" * 40, fingerprint="g", size=9, parent_size=9)


def judged(number: int, call: Call, score: float | None = None, why: str = "because") -> Judged:
    verdict = Verdict(number, call, why, score, 2.5)
    return Judged(verdict=verdict, commit=commit(number), log_tip="1" * 40, branch_tip="b" * 40)


def recorded(number: int, call: Call) -> Recorded:
    return Recorded(experiment=number, entry="e" * 40, kept=f"{number:040d}" if call is Call.KEEP else None)


def experiment(number: int, call: Call, score: float | None = None) -> Iterator[Event]:
    """A whole experiment, from its proposal to its record."""
    yield from (proposed(number), admitted(number), started(number), done(number, score, why="exit code 1"))
    yield from (judged(number, call, score), recorded(number, call))


def a_night() -> list[Event]:
    """A baseline of 2.5, a keep of 2.0, a discard and a crash; then it was stopped."""
    return [
        opened(),
        session(),
        *experiment(0, Call.KEEP, 2.5),
        *experiment(1, Call.KEEP, 2.0),
        *experiment(2, Call.DISCARD, 2.25),
        *experiment(3, Call.CRASH),
        closed(),
    ]


def accepted(number: int = 1, by: str = "Ada <ada@example.com>") -> Accepted:
    claim, commits = Claim(Split.SEALED, 3, 2.5, 2.0, 0.5, 0.4, 0.6), {"refs/heads/main": "a" * 40}
    return Accepted(number=number, by=by, how=How.MERGE, tip="d" * 40, commits=commits, before="b" * 40, claim=claim)


EVERY_KIND: list[Event] = [
    *a_night(),
    rebased(4),
    StopAsked(id="s1", who="ada", now=True),
    Noted(id="n1", text="the disk is nearly full"),
    Turned(number=1, phase=Phase.CLAIM, runs=9, left=None, why="40 of 40 experiments"),
    Weighed(number=1, worths=(Worth(1, 0.5, 0.02, 3, Standing.PROVEN),)),
    Claimed(number=1, commit="d" * 40, claim=Claim(Split.SEALED, 3, 2.5, 2.0, 0.5, 0.4, 0.6)),
    accepted(),
    Idled(
        number=1, origin="claude", trouble="rate", why="429: try again in 20 s", until=1e9, cost=Cost(2.0, 500, None)
    ),
    Said(id="m1", text="leave the batch size alone", who="ada"),
    IdeaGiven(id="m2", text="tie the embeddings", who="ada"),
    Paused(id="m3", who="ada", why="the GPU is needed"),
    Unpaused(id="m4", who="ada"),
    Held(experiment=5, found=Verdict(5, Call.KEEP, "better", 2.0, 2.5)),
    Approved(id="m5", experiment=5, who="ada", yes=False, why="hard to maintain"),
    Reread(number=1, program_text="# More", settings={"metric": "loss"}, changed=("the prose",)),
    Asked(id="a1", ask=1, parent="a" * 40, folder="/somewhere", who="ada"),
    Told(ask=1, edits=(Edit("train.py", 0, 1, "RATE = 2\n"),), hypothesis="twice the rate"),
    Reported(id="r1", ask=1, value=0.31, who="ada"),
]

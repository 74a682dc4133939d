"""A small invented night, told event by event, and a terminal that only knows what a drawn frame needs."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import msgspec

from overnight.clock import Now
from overnight.judge.greedy import GreedyPolicy
from overnight.ledger.events import Admitted, Entry, Event, Judged, Opened, Proposed, Recorded, RunDone, RunStarted
from overnight.ledger.events import Session as SessionBegan
from overnight.ledger.ledger import Ledger
from overnight.model import Call, Goal, Purpose, Run, Score, Split, Status, Trial, Usage, Verdict
from overnight.night.actions import Tick
from overnight.night.night import Night
from overnight.program.program import Box, Program, Stop
from overnight.testing import a_program

START = Now(1_800_000_000.0, 0.0)

PROGRAM = a_program(box=Box(4.0), kill_after_seconds=8.0, stop=Stop(experiments=10), policy="greedy")


def at(seconds: float) -> Now:
    return Now(START.utc + seconds, seconds)


def beginning() -> list[Event]:
    settings = msgspec.to_builtins(PROGRAM, enc_hook=str)
    opened = Opened(
        night="mar5",
        node="n1",
        branch="refs/heads/autoresearch/mar5",
        baseline="b" * 40,
        metric="loss",
        goal=Goal.MINIMIZE,
        program_text="",
        settings=settings,
        secret_hash="",
        environment={},
        who="ada",
    )
    return [opened, SessionBegan(number=1, host="h", pid=1, scratch="/s", program_text="", settings=settings)]


def begun(number: int, hypothesis: str) -> list[Event]:
    """Up to where its run is under way."""
    parent, commit = commit_of(min(number, 2) // 2), commit_of(number)  # experiment 1 is kept
    proposed = Proposed(experiment=number, parent=parent, edits=(), origin="ada", hypothesis=hypothesis)
    admitted = Admitted(experiment=number, commit=commit, fingerprint=str(number), size=10, parent_size=10)
    return [proposed, admitted, RunStarted(run=run(number), attempt=1, slot="slot-1")]


def commit_of(number: int) -> str:
    return f"{number:040}" if number else "b" * 40


def run(number: int) -> Run:
    return Run(f"{number}-screen-0", number, commit_of(number), Purpose.SCREEN, Split.VISIBLE, 7, 4.0, 8.0)


def ended(number: int, call: Call, score: float | None, against: float | None = None, why: str = "") -> list[Event]:
    verdict = Verdict(number, call, why or call, score, against)
    kept = commit_of(number) if call is Call.KEEP else None
    judged = Judged(verdict=verdict, commit=commit_of(number), log_tip="", branch_tip="")
    return [
        RunDone(run=run(number), trial=trial(number, score, why)),
        judged,
        Recorded(experiment=number, entry="e" * 40, kept=kept),
    ]


def trial(number: int, score: float | None, why: str = "") -> Trial:
    status = Status.OK if score is not None else Status.CRASH
    scores = {"loss": Score(score)} if score is not None else {}
    usage = Usage(wall_seconds=4.0, cpu_seconds=3.0, peak_mb=2048.0)
    return Trial(run(number).id, 1, status, scores, usage, 0, None, why, "last line")


def story() -> list[Event]:
    """Baseline, a keep, a discard, a crash, and one that still runs."""
    return [
        *beginning(),
        *begun(0, "the untouched baseline"),
        *ended(0, Call.KEEP, 2.0),
        *begun(1, "wider"),
        *ended(1, Call.KEEP, 1.5, 2.0, "better"),
        *begun(2, "wider still"),
        *ended(2, Call.DISCARD, 1.8, 1.5, "not better"),
        *begun(3, "much wider"),
        *ended(3, Call.CRASH, None, None, "exit code 1: MemoryError: 99 is too wide"),
        *begun(4, "faster"),
    ]


def written(folder: Path, events: list[Event]) -> Path:
    """As a ledger, an event a second."""
    with Ledger.create_or_open(folder, holder="overnight run") as ledger:
        for seconds, event in enumerate(events):
            ledger.append(at(seconds), float(seconds), event)
    return folder


def entries(events: list[Event]) -> Iterator[Entry]:
    for seq, event in enumerate(events, 1):
        yield Entry(seq, at(seq).utc, float(seq), event, "", "")


def night(program: Program = PROGRAM, slots: int = 1) -> Night:
    return Night(program, GreedyPolicy(), "secret", slots, Tick(START, 0.0), None)


class Window(io.StringIO):
    """A terminal of some width: what stands on it after all that was written to it."""

    def __init__(self, columns: int = 80) -> None:
        super().__init__()
        self.columns = columns

    def rows(self) -> list[str]:
        grid: list[list[str]] = [[]]
        row = column = 0
        for number, code, char in re.findall(r"\x1b\[([\d;]*)([A-Za-z])|([\s\S])", self.getvalue()):
            match code or {"\r": "CR", "\n": "LF"}.get(char, ""):
                case "A":
                    row = max(0, row - int(number))
                case "K":
                    del grid[row][column:]
                case "J":
                    del grid[row][column:], grid[row + 1 :]
                case "CR":
                    column = 0
                case "LF":
                    row, column = row + 1, 0
                case "m":
                    pass
                case _:
                    grid[row][column:] = [char]
                    column += 2 if unicodedata.east_asian_width(char) in "WF" else 1
                    assert column <= self.columns, f"a line is too long: {''.join(grid[row])}"
            grid += [[] for _ in range(row + 1 - len(grid))]
        return ["".join(line).rstrip() for line in grid]

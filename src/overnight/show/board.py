"""Several nights side by side, a row each: live, while they run in this process, and from their ledgers.

Finished experiments are lines that stay, each with its night's name before it; below them, in a terminal, the table.
Nights call from threads of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TextIO

from overnight.clock import Now
from overnight.ledger.events import Entry, Noted
from overnight.ledger.views import Summary
from overnight.model import Call, Heartbeat
from overnight.night.night import Night
from overnight.night.open import Open
from overnight.show.frame import Frame
from overnight.show.line import HEAD, line_of, told
from overnight.show.live import Plain, Tale
from overnight.show.paint import Cell, Screen, Tone, fit, printable, screen_of
from overnight.show.progress import counted, phase
from overnight.show.table import table
from overnight.show.words import change_text, ended_text, score_text

TITLES = ("objective", "done", "kept", "running", "baseline", "best", "change", "state")
SPARED = ("running", "baseline")  # where there is little room
WIDE, LEAST = 84, 60  # columns that all of them take, and that the others do
APART_SECONDS = 0.2  # between two drawings of the table


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    experiments: int
    limit: int | None  # experiments that it stops after
    kept: int
    running: int
    metric: str
    baseline: float | None
    best: float | None
    state: str
    tone: Tone = Tone.PLAIN


def row_from(name: str, summary: Summary, limit: int | None = None) -> Row:
    """From a ledger."""
    tone = {"running": Tone.GOOD, "interrupted": Tone.WARN}.get(summary.state, Tone.PLAIN)
    best = summary.tip_score if summary.worths else summary.best
    return Row(
        name=name,
        experiments=summary.experiments,
        limit=limit,
        kept=counted(summary)[Call.KEEP],
        running=len(summary.in_flight),
        metric=summary.metric,
        baseline=summary.baseline,
        best=best,
        state=f"{summary.night} {ended_text(summary.state, summary.why)}",
        tone=tone,
    )


def board_text(rows: Sequence[Row], screen: Screen) -> Iterator[str]:
    narrow = screen.width is not None and screen.width < WIDE
    shown = [i for i, title in enumerate(TITLES) if not (narrow and title in SPARED)]
    cells = [[_cells(row)[i] for i in shown] for row in rows]
    yield from table(cells, screen, [TITLES[i] for i in shown], range(1, len(shown) - 1))


def board_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{key: value for key, value in asdict(row).items() if key != "tone"} for row in rows]


class Board:
    """`names` in the order of the rows."""

    def __init__(self, stream: TextIO, names: Sequence[str], look: Callable[[TextIO], Screen] = screen_of) -> None:
        self.stream, self.look = stream, look
        self.frame = Frame(stream) if look(stream).moves else None
        self.rows: dict[str, Row | None] = dict.fromkeys(names)
        self.width = max(map(len, names))
        self._lock = threading.Lock()
        self._drawn = 0.0
        self.say("", [self.look(stream).paint(HEAD, Tone.QUIET)])

    def part(self, name: str) -> Part:
        return Part(self, name)

    def screen(self) -> Screen:
        """Of what is said beside a name."""
        found = self.look(self.stream)
        return replace(found, width=found.width and max(20, found.width - self.width - 2))

    def say(self, name: str, lines: Sequence[str]) -> None:
        label = fit(name, self.width)
        with self._lock:
            for line in lines:
                self._say(f"{label}  {line}")

    def update(self, row: Row, now: Now) -> None:
        with self._lock:
            self.rows[row.name] = row
            if self.frame and now.mono - self._drawn >= APART_SECONDS:
                self._drawn = now.mono
                self._draw(self.frame)

    def close(self) -> None:
        if self.frame:
            self.frame.clear()

    def _say(self, line: str) -> None:
        if self.frame:
            self.frame.say(line)
        else:
            Plain(self.stream, self.look).say(line)

    def _draw(self, frame: Frame) -> None:
        screen = self.look(self.stream)
        width = screen.width or 80
        rows = [row for row in self.rows.values() if row] if width > LEAST else []
        lines = list(board_text(rows, replace(screen, width=width - 1)))
        frame.draw(["", *lines][: max(1, screen.height - 1)], width)


class Part:
    """The Watcher of one of the nights."""

    def __init__(self, board: Board, name: str) -> None:
        self.board, self.name, self.tale = board, name, Tale()
        self.begun, self.words = False, ""  # what is told before the first tick is from earlier sessions

    def saw(self, entry: Entry, night: Night) -> None:  # noqa: ARG002 - the shape of a Watcher
        self.begun = True
        if isinstance(entry.event, Noted):
            self.board.say(self.name, [f"note: {printable(entry.event.text)}"])

    def finished(self, experiment: Open, night: Night) -> None:  # noqa: ARG002
        line = line_of(experiment)
        self.tale.take(line)
        if self.begun:
            self.board.say(self.name, list(told(line, self.board.screen())))

    def tick(self, night: Night, now: Now, beats: Mapping[str, Heartbeat]) -> None:  # noqa: ARG002
        self.begun = True
        if not self.board.frame and (words := phase(night)) != self.words:
            self.words = words
            self.board.say(self.name, [printable(words)])
        self.board.update(self._row(night), now)

    def _row(self, night: Night) -> Row:
        state = night.state
        return Row(
            name=self.name,
            experiments=state.counted,
            limit=night.program.stop.experiments,
            kept=self.tale.counts[Call.KEEP],
            running=len(state.under_way),
            metric=night.program.metric,
            baseline=self.tale.baseline,
            best=state.best,
            state=phase(night),
        )


def _cells(row: Row) -> list[Cell]:
    done = f"{row.experiments} of {row.limit}" if row.limit else str(row.experiments)
    return [
        (printable(row.name), Tone.STRONG),
        done,
        (str(row.kept), Tone.GOOD if row.kept else Tone.PLAIN),
        str(row.running),
        score_text(row.baseline),
        score_text(row.best),
        change_text(row.best, row.baseline) if row.kept else "",
        (printable(row.state), row.tone),
    ]

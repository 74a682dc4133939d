"""What a person sees while a night runs: `Terminal` for a terminal, `Plain` for a pipe, a log file or CI.

Both are Watchers: each finished experiment is a line that stays. A terminal has a status below these lines, drawn anew
a few times a second; a pipe has a line for each change of phase. Nobody reading any more does not end the night.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TextIO

from overnight.clock import Now
from overnight.ledger.events import Entry, Noted, Turned
from overnight.model import Call, Heartbeat, Run
from overnight.night.night import Night
from overnight.night.open import Open
from overnight.show.frame import Frame
from overnight.show.line import HEAD, Line, line_of, told
from overnight.show.paint import Cell, Screen, Tone, bar, fit, labelled, printable, screen_of, spread
from overnight.show.progress import LABEL, Hours, best_row, branch_row, phase, rule_rows, rules
from overnight.show.purpose import purpose
from overnight.show.spark import spark
from overnight.show.spending import spent_cells
from overnight.show.words import counts_text, span, value_text

BEAT_SECONDS = 2.0  # by the wall's clock a bar runs on by itself, no further than this past the last sign of life
NEARLY = 0.9  # of its box a run has used, and is not heard of any more: it has ended
VALUE = 7
WIDEST, BESIDE = 40, LABEL + VALUE + 17  # columns of a curve, and of what stands in its row beside it


@dataclass(slots=True)
class Tale:
    """What has been heard of this night."""

    counts: Counter[Call] = field(default_factory=Counter)
    baseline: float | None = None
    best_number: int = 0

    def take(self, line: Line) -> None:
        assert line.call is not None
        if line.number == 0:
            self.baseline = line.score
        elif line.removes is None:
            self.counts[line.call] += 1
        if line.call is Call.KEEP:
            self.best_number = line.number

    def __str__(self) -> str:
        return counts_text(self.counts)


class Plain:
    """One line for each finished experiment, and for each change of phase."""

    def __init__(self, stream: TextIO, look: Callable[[TextIO], Screen] = screen_of) -> None:
        self.stream, self.look = stream, look
        self.screen = look(stream)
        self.tale = Tale()
        self.begun = False  # what is told before the first tick is from earlier sessions
        self.phase = ""

    def saw(self, entry: Entry, night: Night) -> None:
        self._begin(night)
        if isinstance(entry.event, Turned):
            self._tell_phase(night)
        if isinstance(entry.event, Noted):
            self._tell(f"note: {printable(entry.event.text)}", Tone.WARN)

    def finished(self, experiment: Open, night: Night) -> None:  # noqa: ARG002 - the shape of a Watcher
        line = line_of(experiment)
        self.tale.take(line)
        if self.begun:
            for text in told(line, self.screen):
                self.say(text)

    def tick(self, night: Night, now: Now, beats: dict[str, Heartbeat]) -> None:  # noqa: ARG002
        self._begin(night)
        self._tell_phase(night)

    def say(self, line: str) -> None:
        with suppress(OSError):
            self.stream.write(f"{line}\n")
            self.stream.flush()

    def close(self) -> None:
        """Takes away what should not stay."""

    def _begin(self, night: Night) -> None:
        if not self.begun:
            self.begun = True
            earlier = self.tale.counts.total()
            self._tell(f"night {night.state.name}" + (f" goes on: {self.tale}" if earlier else ""), Tone.STRONG)
            self._tell(HEAD, Tone.QUIET)

    def _tell_phase(self, night: Night) -> None:
        if (words := phase(night)) != self.phase:
            self.phase = words
            self._tell(f"{night.state.name}: {printable(words)}", Tone.QUIET)

    def _tell(self, text: str, tone: Tone) -> None:
        self.say(spread([(text, tone)], self.screen.width, self.screen))


class Terminal(Plain):
    """The same lines, and below them what happens now: for each slot the curve of its run, and what that is for."""

    def __init__(self, stream: TextIO, look: Callable[[TextIO], Screen] = screen_of) -> None:
        super().__init__(stream, look)
        self.frame = Frame(stream)
        self.since: dict[str, tuple[Heartbeat, float]] = {}  # when each sign of life was first seen
        self.purposes: dict[str, list[Cell]] = {}  # of what is under way
        self.slots: set[str] = set()  # that have had a run
        self.began: Now | None = None

    def tick(self, night: Night, now: Now, beats: dict[str, Heartbeat]) -> None:
        self._begin(night)
        self.began = self.began or now
        self.screen = self.look(self.stream)
        for run_id, beat in beats.items():
            if self.since.get(run_id, (None,))[0] is not beat:
                self.since[run_id] = (beat, now.mono)
        self.since = {run_id: self.since[run_id] for run_id in beats}
        self._take_runs(night)
        width = self.screen.width or 80
        rows = list(self._rows(night, now))[: max(1, self.screen.height - 1)]
        self.frame.draw([spread(row, width - 1, self.screen) for row in rows], width)

    def say(self, line: str) -> None:
        self.frame.say(line)

    def close(self) -> None:
        self.frame.clear()

    def _take_runs(self, night: Night) -> None:
        runs = night.state.under_way
        self.purposes = {id: self.purposes.get(id) or purpose(started.run, night) for id, started in runs.items()}
        self.slots |= {started.slot for started in runs.values()}

    def _rows(self, night: Night, now: Now) -> Iterator[list[Cell]]:
        assert self.began is not None
        state, columns = night.state, self._columns()
        progress, hours = state.progress(night.time.elapsed), Hours(self.began, now.utc)
        gauges = rules(night.program.stop, night.program.goal, progress, hours)
        below = [*labelled("cost", spent_cells(state.spent), LABEL + 2), *rule_rows(gauges, columns)]
        yield []
        yield [(fit(state.name, LABEL), Tone.STRONG), f"  {printable(phase(night))}", (f"   {self.tale}", Tone.QUIET)]
        yield from self._slots(night, now, self.screen.height - len(below) - 4)
        if state.worths:
            yield branch_row(night.program.metric, state.best, self.tale.baseline)
        else:
            yield best_row(night.program.metric, state.best, self.tale.best_number, self.tale.baseline)
        yield from below

    def _slots(self, night: Night, now: Now, room: int) -> Iterator[list[Cell]]:
        """Two rows for each slot where there is room, and always in the same place."""
        by_slot = {started.slot: started.run for started in night.state.under_way.values()}
        slots, both = sorted(self.slots, key=lambda name: (len(name), name)), 2 * len(self.slots) <= room
        shown = slots if both or len(slots) <= room else slots[: max(0, room - 1)]
        for slot in shown:
            run = by_slot.get(slot)
            row = self._run_row(run, night, now) if run else [fit("", LABEL), "  ", *bar(0.0, self._columns())]
            why = self.purposes[run.id] if run else [(self._idle(night), Tone.QUIET)]
            yield from ([row, [fit("", LABEL), "  ", *why]] if both else [[*row, "  ", *why]])
        if len(slots) > len(shown):
            yield [(f"{fit('', LABEL)}  and {len(slots) - len(shown)} more", Tone.QUIET)]

    def _run_row(self, run: Run, night: Night, now: Now) -> list[Cell]:
        share, left = self._position(run, night, now)
        curve = self.since[run.id][0].curve if run.id in self.since else ()
        columns = self._columns()
        done = round(min(1.0, share) * columns)
        drawn = [spark(curve, done), ("─" * (columns - done), Tone.QUIET)] if curve else bar(share, columns)
        value = [f"  {fit(value_text(curve[-1]) if curve else '', VALUE)}"] if night.program.curve else []
        return [fit(f"#{run.experiment}", LABEL), "  ", *drawn, *value, (f"  {left}", Tone.QUIET)]

    def _columns(self) -> int:
        """Of a run's curve."""
        return max(8, min(WIDEST, (self.screen.width or 80) - BESIDE))

    def _idle(self, night: Night) -> str:
        thinking = list(dict.fromkeys(place.seat.name for place in night.asking.places if place.asked))
        return f"waits for what {printable(', '.join(thinking))} proposes" if thinking else "idle"

    def _position(self, run: Run, night: Night, now: Now) -> tuple[float, str]:
        """How much a run has used of its box and of what starting takes, and the words for what is left."""
        if run.id not in self.since:
            return 0.0, "starts"
        beat, seen = self.since[run.id]
        silent = now.mono - seen
        used = beat.cpu_seconds if night.program.box.cpu else beat.wall_seconds + min(BEAT_SECONDS, silent)
        if night.program.score and silent > BEAT_SECONDS and used > NEARLY * run.box_seconds:
            return 1.0, "is scored"
        allowed = run.box_seconds + (night.state.startup_seconds or 0.0)
        left = allowed - used
        return used / allowed, f"{span(left)} left" if left > 0 else f"{span(-left)} over"

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
from overnight.model import Call, Heartbeat, Purpose, Run
from overnight.night.night import Night
from overnight.night.state import Open
from overnight.show.frame import Frame
from overnight.show.line import HEAD, Line, line_of, told
from overnight.show.paint import Cell, Screen, Tone, bar, fit, printable, screen_of, spread
from overnight.show.progress import BAR, LABEL, Hours, best_row, branch_row, phase, rule_rows, rules
from overnight.show.words import counts_text, plural, span

ABOUT = {
    Purpose.BASELINE: "the untouched baseline, to learn how much runs differ",
    Purpose.INCUMBENT: "what changes are compared with, once more",
    Purpose.CLAIM: "the claim: #{} on sealed data",
}
BEAT_SECONDS = 2.0  # a bar runs on by itself no further than this past the last sign of life


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
    """The same lines, and below them what happens now."""

    def __init__(self, stream: TextIO, look: Callable[[TextIO], Screen] = screen_of) -> None:
        super().__init__(stream, look)
        self.frame = Frame(stream)
        self.since: dict[str, tuple[Heartbeat, float]] = {}  # when each sign of life was first seen
        self.began: Now | None = None

    def tick(self, night: Night, now: Now, beats: dict[str, Heartbeat]) -> None:
        self._begin(night)
        self.began = self.began or now
        self.screen = self.look(self.stream)
        for run_id, beat in beats.items():
            if self.since.get(run_id, (None,))[0] is not beat:
                self.since[run_id] = (beat, now.mono)
        self.since = {run_id: self.since[run_id] for run_id in beats}
        width = self.screen.width or 80
        self.frame.draw([spread(row, width - 1, self.screen) for row in self._rows(night, now)], width)

    def say(self, line: str) -> None:
        self.frame.say(line)

    def close(self) -> None:
        self.frame.clear()

    def _rows(self, night: Night, now: Now) -> Iterator[list[Cell]]:
        assert self.began is not None
        yield []
        name = fit(night.state.name, LABEL)
        yield [(name, Tone.STRONG), f"  {printable(phase(night))}", (f"   {self.tale}", Tone.QUIET)]
        yield from self._slots(night, now)
        if night.state.worths:
            yield branch_row(night.program.metric, night.state.best, self.tale.baseline)
        else:
            yield best_row(night.program.metric, night.state.best, self.tale.best_number, self.tale.baseline)
        progress = night.state.progress(night.time.elapsed)
        yield from rule_rows(rules(night.program.stop, night.program.goal, progress, Hours(self.began, now.utc)))

    def _slots(self, night: Night, now: Now) -> Iterator[list[Cell]]:
        runs = list(night.state.under_way.values())
        room = max(1, self.screen.height - 12)
        for started in runs[:room]:
            share, left = self._position(started.run, night.program.box.cpu, now)
            said = (printable(_about(started.run, night)), Tone.SAID)
            yield [fit(f"#{started.experiment}", LABEL), "  ", *bar(share, BAR), f"  {left:>12}  ", said]
        if len(runs) > room:
            yield [(f"{'':{LABEL}}  and {len(runs) - room} more", Tone.QUIET)]
        if night.asked:
            waits = f"{printable(night.program.agent)} is asked for {plural(night.asked, 'proposal')}"
            yield [(f"{fit('next', LABEL)}  {waits}", Tone.QUIET)]

    def _position(self, run: Run, cpu: bool, now: Now) -> tuple[float, str]:
        """How much of its box a run has used, and the words for what is left."""
        if run.id not in self.since:
            return 0.0, "starts"
        beat, seen = self.since[run.id]
        used = (beat.cpu_seconds if cpu else beat.wall_seconds) + min(BEAT_SECONDS, now.mono - seen)
        left = run.box_seconds - used
        return used / run.box_seconds, f"{span(left)} left" if left > 0 else f"{span(-left)} over"


def _about(run: Run, night: Night) -> str:
    """What its author says, or what a run of ours is for."""
    if run.purpose in ABOUT:
        return ABOUT[run.purpose].format(run.experiment)
    return night.state.open[run.experiment].proposed.hypothesis

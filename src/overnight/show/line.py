"""A finished experiment in one line: what was measured, and, in another colour, what its author says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from overnight.ledger.events import Judged
from overnight.ledger.ledger import Reader
from overnight.ledger.views import Row
from overnight.model import Call, Verdict
from overnight.night.open import Open
from overnight.show.paint import Screen, Tone, fit, folded, printable, spread
from overnight.show.words import TONES, change_text, score_text, span

HEAD = f"{'':>5}  {'verdict':9} {'score':>10} {'change':>9}  {'took':>7}  its author says"


INDENT = " " * 7


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    hypothesis: str
    seconds: float
    call: Call | None = None
    score: float | None = None
    against: float | None = None
    why: str = ""
    state: str = ""  # while there is no verdict
    removes: int | None = None
    gain: float | None = None
    doubt: float | None = None
    runs: int = 1

    @property
    def word(self) -> str:
        """Of a removal it is the keep's fate that is said."""
        if self.removes is None or self.call not in (Call.KEEP, Call.DISCARD):
            return self.call or self.state
        return "removed" if self.call is Call.KEEP else "stays"


def line_of(done: Open) -> Line:
    """From the loop."""
    assert done.judged is not None
    seconds = sum(trial.usage.wall_seconds for trial in done.trials)
    return _judged(done.number, done.proposed.hypothesis, seconds, done.judged.verdict)


def line_from(reader: Reader, row: Row) -> Line:
    """From the ledger."""
    entry = reader.find(f"{row.number}/judged")
    if entry and isinstance(entry.event, Judged):
        return _judged(row.number, row.hypothesis, row.seconds, entry.event.verdict)
    return Line(row.number, row.hypothesis, row.seconds, state=row.state)


def shown(line: Line, screen: Screen) -> str:
    """Cut to the screen's width. What failed says why instead of a score."""
    tone = TONES[line.call] if line.call else Tone.PLAIN
    number_tone = Tone.QUIET if tone is Tone.QUIET else Tone.PLAIN
    measured = f" {score_text(line.score):>10} {change_text(line.score, line.against):>9}"
    failed = line.call is not None and line.score is None
    cells = [
        (f"{f'#{line.number}':>5}  ", number_tone),
        (fit(line.word, 9), tone),
        (f"{measured}  {span(line.seconds) if line.seconds else '':>7}  ", number_tone),
        (printable(line.hypothesis), Tone.SAID),
        (f"  {printable(line.why)}" if failed else "", tone),
    ]
    return spread(cells, screen.width, screen).rstrip()


def told(line: Line, screen: Screen) -> Iterator[str]:
    """The line and why: of the baseline, of keeps, and of what was asked about keeps. In a pipe it stays one line."""
    explained = line.call is Call.KEEP or (line.removes is not None and line.score is not None)
    why = printable(line.why) if explained else ""
    if screen.width is None:
        yield f"{shown(line, screen)}  {why}".rstrip()
        return
    yield shown(line, screen)
    for part in folded(why, screen.width - len(INDENT)) if why else ():
        yield INDENT + screen.paint(part, Tone.QUIET)


def _judged(number: int, hypothesis: str, seconds: float, verdict: Verdict) -> Line:
    return Line(
        number=number,
        hypothesis=hypothesis,
        seconds=seconds,
        call=verdict.call,
        score=verdict.score,
        against=verdict.against,
        why=verdict.why,
        removes=verdict.removes,
        gain=verdict.gain,
        doubt=verdict.doubt,
        runs=verdict.runs,
    )

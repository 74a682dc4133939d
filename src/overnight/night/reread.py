"""program.md, edited while the night works: its new words reach the next brief, and the rules that may change do.

Pure but for reading the one file. It is read when it has not been touched for a moment, so that a half-written save is
not taken for what was meant. A text that cannot be understood, or that asks another question, is told and not taken:
the night goes on with what it had. Not covered: an edit while nobody works, which the next session reads anyway.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from overnight.clock import Now
from overnight.errors import ProgramError
from overnight.ledger.events import Noted
from overnight.ledger.steering import Reread
from overnight.night.question import FIXED, LIVE, TOLD, changes, settings_of
from overnight.program.program import Program

STILL_SECONDS = 1.0
LONGEST = 1000  # characters of a note
REFUSED = (
    "program.md was edited, and is another question now: {}. This night goes on with the text it had. "
    "Put it back, or `overnight stop` and start a new night with `overnight run --tag NAME`"
)

Stamp = tuple[int, ...]  # empty: there is no file


@dataclass(slots=True)
class Rereader:
    """`read` makes a Program of the file as it is now, flags and all; `number`: edits that were taken so far."""

    program: Program  # in force
    read: Callable[[], Program]
    number: int = 0
    seen: Stamp = (-1,)  # nobody has looked: it may have been edited since the program was read
    text: str = field(init=False)  # that was looked at last, taken or not
    moved: float | None = None  # when the file was found changed, monotonic

    def __post_init__(self) -> None:
        self.text = self.program.text

    def look(self, now: Now) -> Reread | Noted | None:
        """An edit that nobody was told of. Costs a `stat` where there is none."""
        if (stamp := self._stamp()) != self.seen:
            self.seen, self.moved = stamp, now.mono
        if self.moved is None or now.mono - self.moved < STILL_SECONDS:
            return None
        self.moved = None
        try:
            found = self.read()
        except ProgramError as error:
            self.text = ""  # put back as it was, it is read again, and found unchanged
            return self._noted(f"program.md was edited, and is not understood: {error}. The old text stays in force")
        if found.text == self.text:
            return None
        self.text = found.text
        return self._take(found)

    def _take(self, found: Program) -> Reread | Noted | None:
        before = self.program
        edited = list(changes(settings_of(before), settings_of(found)))
        if fixed := [words for key, words in edited if key in FIXED]:
            return self._noted(REFUSED.format("; ".join(fixed)))
        live = {key: getattr(found, key) for key in LIVE}
        told = {key: getattr(found, key) for key in TOLD}
        self.program = replace(before, **live, **told)
        if found.text == before.text:
            return None
        self.number += 1
        prose = [] if found.prose == before.prose else ["the prose"]
        return Reread(
            number=self.number,
            program_text=found.text,
            settings=settings_of(self.program),
            changed=(*prose, *(words for key, words in edited if key in LIVE)),
            later=tuple(words for key, words in edited if key not in LIVE),
        )

    def _stamp(self) -> Stamp:
        try:
            found = self.program.path.stat()
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def _noted(self, text: str) -> Noted:
        """Each save that cannot be taken is told once."""
        id = hashlib.sha256(f"{self.seen} {text}".encode("utf-8", "replace")).hexdigest()[:16]
        return Noted(id=f"reread-{id}", text=text[:LONGEST])

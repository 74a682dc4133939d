"""An area at the bottom of the terminal that is drawn anew in place, below lines that stay.

Nothing has to be put back afterwards, whatever ends us, SIGKILL included: the cursor is not hidden, no mode is set and
no other screen is used. Between two writes the cursor stands at the start of the line below the area. Does not cover:
what the person types meanwhile is echoed by the terminal, and the next drawing wipes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from overnight.show.paint import columns_of

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Frame:
    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.lines: list[str] = []
        self.columns = 0  # of the screen when it was last drawn

    def say(self, line: str) -> None:
        """A line that stays; the area moves down."""
        self._write(f"{self._home()}{line}\x1b[K\n{_over(self.lines)}")

    def draw(self, lines: Sequence[str], columns: int) -> None:
        """Each line must be shorter than the screen is wide: a full one would wrap on some terminals."""
        if list(lines) != self.lines or columns != self.columns:
            self.columns = columns
            self._write(self._home() + _over(lines))
            self.lines = list(lines)

    def clear(self) -> None:
        self._write(f"{self._home()}\x1b[J")
        self.lines = []

    def _home(self) -> str:
        """To the first line of the area. After a resize a line may have been folded into several rows."""
        width = max(1, self.columns)
        rows = sum(max(1, -(-columns_of(COLOUR.sub("", line)) // width)) for line in self.lines)
        return f"\r\x1b[{rows}A" if rows else "\r"

    def _write(self, text: str) -> None:
        """In one piece, so that nothing flickers. A terminal that has gone away does not end the night."""
        with suppress(OSError):
            self.stream.write(text)
            self.stream.flush()


def _over(lines: Sequence[str]) -> str:
    return "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J"

"""The numbers in a run's progress lines, as they come: a curve.

The expression is the user's and the lines are the candidate's, and some expressions take for ever on some lines. Python
can break off such a search in a process without threads, and so the curve is read by the supervisor, and not by the
coordinator. A run whose lines take too long is not read any further.

Standard library only: the warden imports this.
"""

from __future__ import annotations

import re
import signal
from types import FrameType

ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~]?)")
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
NUMBER = re.compile(r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|(?i:nan|inf|infinity))")
WIDTH, LONG_LINE = 500, 1 << 12  # characters of a line that are searched, bytes of it that wait for its end
NEWEST = 50  # points that are told at a time
PATIENCE = 0.1
"""CPU seconds for a piece of output: 64 KB at most, which take 4 ms."""


class Progress:
    """For the main thread of a process: it uses the timer of its CPU time."""

    def __init__(self, expression: str) -> None:
        self._form = re.compile(expression)
        self._group = "value" if "value" in self._form.groupindex else 1
        self._rest = b""  # of a line that is not whole yet
        self._points: list[tuple[float, float]] = []
        self._busy = False
        self.too_slow = False  # and not read any further
        signal.signal(signal.SIGVTALRM, self._break_off)

    def feed(self, piece: bytes, now: float) -> None:
        """Takes in what was printed, at this second."""
        if self.too_slow:
            return
        new = self._rest + piece
        end = max(new.rfind(b"\n"), new.rfind(b"\r")) + 1
        self._rest = new[end:][:LONG_LINE]
        signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
        try:
            self._busy = True
            self._read(new[:end], now)
            self._busy = False
        except TimeoutError:
            self.too_slow = True
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def taken(self) -> list[tuple[float, float]]:
        """(seconds, value) of the lines that have come since this was last asked; of many the newest. A value may be
        infinite, or no number (NaN)."""
        points, self._points = self._points[-NEWEST:], []
        return points

    def _read(self, lines: bytes, now: float) -> None:
        for line in plain(lines).split("\n"):
            match = self._form.search(line, 0, WIDTH)
            if match and NUMBER.fullmatch(match[self._group] or ""):
                self._points.append((round(now, 3), float(match[self._group])))
        del self._points[: -2 * NEWEST]

    def _break_off(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._busy:
            self._busy = False
            raise TimeoutError


def plain(raw: bytes) -> str:
    text = ESCAPE.sub("", raw.decode(errors="replace"))
    return UNSEEN.sub("", text.replace("\r", "\n"))

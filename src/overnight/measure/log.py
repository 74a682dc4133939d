"""A run's output on its way from the pipe to run.log: capped to the byte, and with marks of when it came.

Standard library only: the warden imports this.
"""

from __future__ import annotations

import os

MARKS = 1000
"""So many are kept at most; when there are more, every second one goes."""


class Log:
    def __init__(self, path: str, pipe: int, cap: int) -> None:
        os.set_blocking(pipe, False)
        self.pipe, self.cap = pipe, cap
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        self.size = 0
        self.full = False  # more came than may
        self.error = ""  # the disk's
        self.marks: list[tuple[float, int]] = []  # at this second the log was that long
        self.gap = 0.02  # seconds between two marks, at least

    def relay(self, now: float) -> bool:
        """Moves one piece. False: nothing more will come."""
        try:
            piece = os.read(self.pipe, 1 << 16)
        except BlockingIOError:
            return True
        room = self.cap - self.size
        self.full = self.full or len(piece) > room
        self._write(piece[:room])
        self._mark(now)
        return bool(piece)

    def drain(self, now: float) -> None:
        """Moves what is left in the pipe when everything is dead: a pipe holds 1 MB at most."""
        for _ in range(16):
            before = self.size
            if not self.relay(now) or self.size == before:
                return

    def _write(self, piece: bytes) -> None:
        try:
            while piece and not self.error:
                written = os.write(self.file, piece)
                self.size, piece = self.size + written, piece[written:]
        except OSError as error:
            self.error = f"run.log: {error.strerror}"

    def _mark(self, now: float) -> None:
        if self.marks and now < self.marks[-1][0] + self.gap:
            now = self.marks.pop()[0]
        self.marks.append((round(now, 3), self.size))
        if len(self.marks) > MARKS:
            self.marks, self.gap = self.marks[::2], self.gap * 2

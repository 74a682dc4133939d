"""A run's output on its way from the pipe to run.log: capped to the byte, and read on the way where it has a curve.

Standard library only: the warden imports this.
"""

from __future__ import annotations

import os

from overnight.measure.progress import Progress


class Log:
    def __init__(self, path: str, pipe: int, cap: int, progress: Progress | None = None) -> None:
        os.set_blocking(pipe, False)
        self.pipe, self.cap, self.progress = pipe, cap, progress
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        self.size = 0
        self.full = False  # more came than may
        self.error = ""  # the disk's

    def relay(self, now: float) -> bool:
        """Moves one piece. False: nothing more will come."""
        try:
            piece = os.read(self.pipe, 1 << 16)
        except BlockingIOError:
            return True
        room = self.cap - self.size
        self.full = self.full or len(piece) > room
        self._write(piece[:room])
        if self.progress:
            self.progress.feed(piece[:room], now)
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

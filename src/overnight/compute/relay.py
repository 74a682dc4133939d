"""What goes from an outpost to the coordinator: its words, the files of runs, and their checkpoints, in pieces.

A file is read when it is its turn, for files may be larger than memory.
"""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from overnight.compute.executor import Failed
from overnight.compute.posts import Kept, Left, Part, Piece, Word
from overnight.measure.checkpoint import Saved
from overnight.measure.files import remove
from overnight.model import Run, Trial

PIECE, LETTER = 1 << 20, 4 << 20  # bytes of a file in one word, and in one answer


@dataclass(frozen=True, slots=True)
class Chunk:
    run_id: str
    folder: Path
    path: Path
    start: int
    number: int = 0  # of the checkpoint that it is part of

    def read(self) -> Piece | Part:
        with self.path.open("rb") as file:
            file.seek(self.start)
            data = file.read(PIECE)
            if not file.read(1):
                self.path.unlink()
        name = self.path.relative_to(self.folder).as_posix()
        return Part(self.run_id, self.number, name, data) if self.number else Piece(self.run_id, name, data)


@dataclass(slots=True)
class Relay:
    """The Keeper of an outpost, which executes one run at a time: the shelf is with the coordinator."""

    folder: Path  # for checkpoints on their way
    words: SimpleQueue[Word | Chunk] = field(default_factory=SimpleQueue)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    on_its_way: int = 0  # the number of the checkpoint that is not yet all sent
    given: tuple[str, Saved] | None = None  # with the order, for this run

    def say(self, word: Word) -> None:
        self.words.put(word)

    def send(self, run_id: str, folder: Path, number: int = 0) -> None:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            for start in range(0, max(1, file.stat().st_size), PIECE):
                self.words.put(Chunk(run_id, folder, file, start, number))

    def said(self, seconds: float) -> list[Word]:
        """What came since, after at most so long. What follows a result can wait, and so can a heartbeat before one."""
        said: list[Word] = []
        size, until = 0, time.monotonic() + seconds
        with suppress(Empty):
            while size < LETTER and not (said and isinstance(said[-1], (Trial, Failed))):
                word = self.words.get(timeout=max(0.0, until - time.monotonic()))
                if isinstance(word, Chunk):
                    if word.number not in (0, self.on_its_way):  # nobody wants it any more
                        continue
                    word, size = word.read(), size + PIECE
                elif isinstance(word, Kept):
                    if word.number != self.on_its_way:
                        continue
                    self.on_its_way = 0
                said.append(word)
        return said

    # the Keeper

    def expect(self, run: Run, left: Left | None) -> None:
        remove(self.folder)
        self.given = None
        if left is None:
            return
        for name, data in left.files.items():
            target = self.folder / "given" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        self.given = run.id, Saved(self.folder / "given", left.wall_seconds, left.cpu_seconds)

    def find(self, run: Run) -> Saved | None:
        return self.given[1] if self.given and self.given[0] == run.id else None

    def keep(self, run: Run, saved: Saved) -> bool:
        """One after the other: where the way is slow, some are not sent."""
        if self.on_its_way:
            return False
        number = next(self.numbers)
        folder = self.folder / str(number)
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.move(saved.folder, folder)
        self.on_its_way = number
        self.send(run.id, folder, number)
        self.words.put(Kept(run.id, number, saved.wall_seconds, saved.cpu_seconds))
        return True

    def forget(self, run: Run) -> None:  # noqa: ARG002 - it has but one
        self.given, self.on_its_way = None, 0

"""The files that come in from other machines: what runs leave, and what they save to go on from.

A run's folder is there when all of it is; only the execution of a run that counts has one. A checkpoint goes to the
shelf when all of it is here. `part` is on the same file system as the folder of the night's runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from overnight.compute.posts import Kept, Left, Part, Piece
from overnight.errors import OvernightError
from overnight.measure.checkpoint import Saved, Shelf
from overnight.measure.files import remove
from overnight.model import Run


@dataclass(frozen=True, slots=True)
class Pieces:
    runs: Path
    part: Path
    shelf: Shelf

    def __post_init__(self) -> None:
        remove(self.part)  # of a session that was killed

    def take(self, post: str, run: Run, word: Piece | Part | Kept) -> None:
        match word:
            case Piece(_, path, data):
                _append(self.part / post, path, data)
            case Part(_, number, path, data):
                whole = self._saved(post) / str(number)
                if not whole.exists():  # those before it were given up
                    remove(whole.parent)
                _append(whole, path, data)
            case Kept(_, number, wall_seconds, cpu_seconds):
                self.shelf.keep(run, Saved(self._saved(post) / str(number), wall_seconds, cpu_seconds))

    def left(self, run: Run) -> Left | None:
        """What the run goes on from when it is executed again."""
        saved = self.shelf.find(run)
        if saved is None:
            return None
        files = [path for path in saved.folder.rglob("*") if path.is_file()]
        read = {path.relative_to(saved.folder).as_posix(): path.read_bytes() for path in files}
        return Left(read, saved.wall_seconds, saved.cpu_seconds)

    def complete(self, post: str, run: Run) -> None:
        """In the place of what an earlier attempt has left."""
        part, folder = self.part / post, self.runs / run.id
        part.mkdir(parents=True, exist_ok=True)
        self.runs.mkdir(parents=True, exist_ok=True)
        remove(folder)
        part.rename(folder)
        self.shelf.forget(run)
        remove(self._saved(post))

    def drop(self, post: str) -> None:
        remove(self.part / post)
        remove(self._saved(post))

    def _saved(self, post: str) -> Path:
        return self.part / f"{post}.saved"


def _append(folder: Path, name: str, data: bytes) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise OvernightError(f"a file came in that is outside of its run: {name}")
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("ab") as file:
        file.write(data)

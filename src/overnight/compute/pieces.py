"""The files that runs leave on other machines, as they come in: a run's folder is there when all of it is.

Only the execution of a run that counts has one. `part` is on the same file system as the folder of the night's runs.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from overnight.compute.posts import Piece
from overnight.errors import OvernightError
from overnight.measure.files import remove


class Pieces:
    def __init__(self, runs: Path, part: Path) -> None:
        self.runs, self.part = runs, part
        remove(part)  # of a session that was killed

    def take(self, post: str, piece: Piece) -> None:
        path = PurePosixPath(piece.path)
        if path.is_absolute() or ".." in path.parts:
            raise OvernightError(f"{post} sent a file that is outside of its run: {piece.path}")
        target = self.part / post / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            file.write(piece.data)

    def complete(self, post: str, run_id: str) -> None:
        """In the place of what an earlier attempt has left."""
        part, folder = self.part / post, self.runs / run_id
        part.mkdir(parents=True, exist_ok=True)
        self.runs.mkdir(parents=True, exist_ok=True)
        remove(folder)
        part.rename(folder)

    def drop(self, post: str) -> None:
        remove(self.part / post)

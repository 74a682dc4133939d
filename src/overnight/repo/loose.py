"""New objects, written as git writes them: a process of git's for each would take longer than all the rest of a step.

An object is a loose file, complete under its name or not there. What the user has asked of git for such files (that
they are synced, that others share them) is done by git, for whoever has asked for it: `git.py` decides.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from overnight.errors import GitError

FASTEST = 1  # of zlib: what is small gains nothing by more


@dataclass(frozen=True, slots=True)
class Loose:
    folder: Path  # `objects`
    algorithm: str  # sha1 or sha256

    def add(self, kind: str, data: bytes) -> str:
        """The object's id. It may be there already, here or in a pack."""
        whole = f"{kind} {len(data)}\0".encode() + data
        oid = hashlib.new(self.algorithm, whole, usedforsecurity=False).hexdigest()
        folder = f"{self.folder}/{oid[:2]}"
        try:
            if not _freshened(f"{folder}/{oid[2:]}"):
                with suppress(FileExistsError):
                    os.mkdir(folder)
                _write(folder, oid[2:], zlib.compress(whole, FASTEST))
        except OSError as error:
            raise GitError(f"{self.folder} cannot be written to: {error.strerror}") from error
        return oid


def _freshened(path: str) -> bool:
    """Whether it is there; then it is new again for `git gc`, which removes what is old and unused. An empty file is
    what a power cut left."""
    try:
        os.utime(path)
        return os.stat(path).st_size > 0
    except FileNotFoundError:
        return False


def _write(folder: str, name: str, data: bytes) -> None:
    part = f"{folder}/tmp_obj_{secrets.token_hex(4)}"  # of this name, `git gc` removes what a kill left
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444), "wb") as file:
            file.write(data)
        os.replace(part, f"{folder}/{name}")
    except OSError:
        with suppress(OSError):
            os.unlink(part)
        raise

"""What a run leaves to be scored, taken by us once everything in it is dead.

Only regular files with one name, reached through no link, and only as much as may be. They are moved, so that a
checkpoint of gigabytes costs nothing, and afterwards they are read-only. Not covered: what is in them; whoever reads
them must neither unpickle nor execute.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from overnight.repo.plain import NotPlain, opened

FILES = 10_000
"""No run needs more to say what it has learned."""


def take(folder: Path, patterns: Iterable[str], into: Path, limit_bytes: float) -> str:
    """Moves what the patterns name, as far as it lies below `folder`, with its path. Gives why not, or ""."""
    into.mkdir()
    for pattern in patterns:
        names = _named(folder, pattern)
        if not names:
            return f"the run left no {pattern}"
        if len(names) > FILES:
            return f"the run left more than {FILES} files that {pattern} names"
        for name in names:
            size = _move(folder, name, into)
            if isinstance(size, str):
                return f"{name} {size}"
            limit_bytes -= size
            if limit_bytes < 0:
                return f"what the run left is larger than it may write, with {name}"
    return ""


def _named(folder: Path, pattern: str) -> list[str]:
    """Everything but folders, also what is no plain file: it is to be named, not passed over."""
    found: list[str] = []
    with contextlib.suppress(OSError, RecursionError):  # a thousand levels, or a folder that nobody may enter
        for path in folder.glob(pattern):
            if path.is_symlink() or not path.is_dir():
                found.append(path.relative_to(folder).as_posix())
            if len(found) > FILES:
                break
    return sorted(found)


def _move(folder: Path, name: str, into: Path) -> int | str:
    """Its size, or what it is instead of a plain file."""
    try:
        with opened(folder, name) as (file, below):
            seen, target = os.fstat(file), into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(target.name, target, src_dir_fd=below)
            os.fchmod(file, 0o444)
    except NotPlain:
        return "is no plain file with one name"
    except OSError as error:
        return f"cannot be taken, as it is a link or may not be read ({error.strerror})"
    moved = target.lstat()
    return seen.st_size if (moved.st_dev, moved.st_ino) == (seen.st_dev, seen.st_ino) else "changed as it was taken"

"""Opens what somebody else has written: a plain file below a folder, reached through no link.

Between looking and opening anything may be exchanged, so each folder on the way is held by a descriptor, and what was
opened is what is looked at. A pipe or a device does not block.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class NotPlain(OSError):
    """It is there, and it is no regular file with one name."""


@contextmanager
def opened(folder: Path, name: str) -> Iterator[tuple[int, int]]:
    """Descriptors of the file `name` and of the folder that it is in. OSError: it cannot be read, or is a link."""
    with ExitStack() as stack:
        *parents, last = Path(name).parts
        below = _open(stack, folder, os.O_DIRECTORY, None)
        for parent in parents:
            below = _open(stack, parent, os.O_DIRECTORY, below)
        file = _open(stack, last, os.O_NONBLOCK, below)
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode) or seen.st_nlink != 1:
            raise NotPlain(0, "it is no plain file with one name")
        yield file, below


def _open(stack: ExitStack, path: str | Path, flags: int, below: int | None) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=below)
    stack.callback(os.close, fd)
    return fd

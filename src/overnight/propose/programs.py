"""Where a client lies, and what of the machine it must be able to read: itself, and the interpreter that runs it.

What lies around it in the user's home stays out of sight: other programs' settings and logins are there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

LINKS = 10  # of a program: more is a circle


def readable(program: str, environ: Mapping[str, str]) -> list[Path]:
    """Folders and files, of the program at this path and of what its first line names."""
    search = environ.get("PATH", os.defpath)
    found = list(_around(Path(program)))
    interpreter = _interpreter(Path(program), search)
    if interpreter:
        found += _around(interpreter)
    return list(dict.fromkeys(found))


def _around(program: Path) -> Iterator[Path]:
    """What a program needs beside it, at each link on the way to it."""
    for _ in range(LINKS):
        yield from _beside(program)
        if not program.is_symlink():
            return
        program = Path(os.path.normpath(program.parent / program.readlink()))


def _beside(program: Path) -> Iterator[Path]:
    """Of node's packages all, since they need each other; of a virtual environment all; else the file, and libraries
    of an interpreter."""
    parts, prefix = program.parts, program.parent.parent
    if "node_modules" in parts:
        yield Path(*parts[: parts.index("node_modules") + 1])
    elif (prefix / "pyvenv.cfg").exists():
        yield prefix
    else:
        yield program
        if program.parent.name == "bin" and program.name.startswith(("python", "node")):
            yield from (prefix / name for name in ("lib", "lib64") if prefix != Path("/"))


def _interpreter(program: Path, search: str) -> Path | None:
    try:
        with open(program.resolve(), "rb") as file:
            first = file.readline(1000)
    except OSError:
        return None
    words = first[2:].decode(errors="replace").split() if first.startswith(b"#!") else []
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        found = shutil.which(words[0], path=search) if words else None
        return Path(found) if found else None
    return Path(words[0]) if words else None

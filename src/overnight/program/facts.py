"""What the reader may ask about the repository. Values and four questions, so that a test gives a dict.

The tracked files and their texts are the baseline commit's; `exists` and `ignored` look at the working tree, where
also `.venv` and `data/` are. Nothing here runs git: the `repo` room hands in what git knows.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

MAX_TEXT = 1_000_000  # bytes; what is larger is data, not a script


@dataclass(frozen=True, slots=True)
class Facts:
    tracked: frozenset[str]  # files of the baseline commit, relative to the repository's root, with "/"
    text: Callable[[str], str | None]  # of a tracked file; None: not there, binary, or too big to be a script
    exists: Callable[[str], bool]  # in the working tree; also takes paths that start with "~/" or "/"
    ignored: Callable[[str], bool]  # by git
    has_program: Callable[[str], bool]  # on PATH


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program.md lies, and what is around it."""

    path: Path
    folder: str  # relative to the repository's root; "" is the root itself
    facts: Facts


def facts_of(
    root: Path,
    tracked: Iterable[str],
    content: Callable[[str], bytes | None],
    ignored: Callable[[str], bool],
    home: Path,
    search_path: str,
) -> Facts:
    """The real thing: `tracked`, `content` and `ignored` are git's answers for the baseline, the rest is looked up."""

    def text(path: str) -> str | None:
        return _as_text(content(path))

    def exists(path: str) -> bool:
        return (home / path[2:] if path.startswith("~/") else root / path).exists()

    def has_program(name: str) -> bool:
        return shutil.which(name, path=search_path) is not None

    return Facts(frozenset(tracked), text, exists, ignored, has_program)


def _as_text(content: bytes | None) -> str | None:
    if content is None or len(content) > MAX_TEXT or b"\0" in content:
        return None
    return content.decode("utf-8", "replace")

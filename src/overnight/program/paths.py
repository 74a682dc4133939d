"""Paths in program.md: relative to its own folder, never outside the repository, with `*`, `?`, `[…]` and `**`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from fnmatch import fnmatchcase

from overnight.program.units import quoted


def inside(path: str, folder: str) -> str:
    """The path relative to the repository's root; ValueError where it leaves the repository."""
    joined = posixpath.normpath(posixpath.join(folder, path.strip()))
    if not path.strip() or "\0" in path or "\n" in path:
        raise ValueError(f"{quoted(path)} is no path")
    if path.strip().startswith(("/", "~")) or joined == ".." or joined.startswith("../"):
        raise ValueError(f"{quoted(path)} is outside the repository; name a path relative to program.md")
    return joined


def from_home_or_inside(path: str, folder: str) -> str:
    """As `inside`, but a path that starts with `~/` or `/` stands as it is."""
    plain = path.strip()
    return posixpath.normpath(plain) if plain.startswith(("/", "~/")) else inside(plain, folder)


def matching(pattern: str, tracked: Iterable[str]) -> tuple[str, ...]:
    """The tracked files that a path, a folder or a glob names."""
    if pattern == ".":
        return tuple(sorted(tracked))
    return tuple(sorted(path for path in tracked if path == pattern or _matches(path, pattern)))


def _matches(path: str, pattern: str) -> bool:
    """Part by part, with the set of places in the pattern that are reached so far: linear, whatever the pattern."""
    wanted = [*pattern.split("/"), "**"]  # a folder means what is in it
    reached = _skip_stars({0}, wanted)
    for part in path.split("/"):
        steps = {(place, wanted[place]) for place in reached if place < len(wanted)}
        onward = {
            place if want == "**" else place + 1 for place, want in steps if want == "**" or fnmatchcase(part, want)
        }
        reached = _skip_stars(onward, wanted)
    return len(wanted) in reached


def _skip_stars(places: set[int], wanted: list[str]) -> set[int]:
    """`**` may also stand for nothing."""
    out = set(places)
    for place, want in enumerate(wanted):
        if place in out and want == "**":
            out.add(place + 1)
    return out

"""SKILL.md, and where coding clients look for it: Claude Code below `.claude`, Codex, pi and others below `.agents`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from overnight.errors import UsageError

PLACES = (".claude/skills/overnight/SKILL.md", ".agents/skills/overnight/SKILL.md")


def skill_text() -> str:
    return files("overnight.doors").joinpath("SKILL.md").read_text("utf-8")


def write_skill(below: Path, force: bool) -> Iterator[tuple[Path, bool]]:
    """Each place, and whether it was written; False: it was there. Refuses to overwrite what somebody has changed."""
    text = skill_text()
    paths = [below / place for place in PLACES]
    changed = [path for path in paths if path.exists() and path.read_text("utf-8", "replace") != text]
    if changed and not force:
        raise UsageError(f"{changed[0]} is there, and is not what this version writes: --force overwrites it")
    for path in paths:
        there = path.exists() and path not in changed
        if not there:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        yield path, not there

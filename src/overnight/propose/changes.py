"""What a client has made of its workspace, sorted: the changes that count, and what it should not have touched.

What clients, editors and interpreters leave behind by themselves (names with a dot, byte code) is passed over.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from overnight.repo.workspace import Workspace

RUBBISH = ("__pycache__", "node_modules")
HYPOTHESIS = re.compile(r"^[\s*_#>`-]*hypothesis[*_`]*\s*:[*_`\s]*(\S.*?)[\s*_`]*$", re.IGNORECASE | re.MULTILINE)
LONGEST = 200  # characters of a hypothesis


@dataclass(frozen=True, slots=True)
class Changes:
    files: Mapping[str, str]  # editable ones, with their new text
    odd: Sequence[str]  # editable ones that are gone, links, too large, or no text
    outside: Sequence[str]  # that were given, and may not be changed
    beside: Sequence[str]  # new ones
    committed: bool


def head(workspace: Workspace) -> tuple[str | None, ...]:
    """Where its branch stands, as git writes it."""
    return tuple(workspace.read(f".git/{name}") for name in ("HEAD", "refs/heads/main"))


def changes(workspace: Workspace, editable: Sequence[str], head_before: tuple[str | None, ...]) -> Changes:
    changed = workspace.changed()
    texts = {path: workspace.read(path) for path in changed if path in editable}
    others = [path for path in changed if path not in editable]
    return Changes(
        files={path: text for path, text in texts.items() if text is not None},
        odd=[path for path, text in texts.items() if text is None],
        outside=[path for path in others if path in workspace.files],
        beside=[path for path in others if path not in workspace.files and not _rubbish(path)],
        committed=head(workspace) != head_before,
    )


def hypothesis(said: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """As it was asked for; else the first line of what was said last; else the first line that changed."""
    if found := HYPOTHESIS.findall(said):
        return str(found[-1])[:LONGEST]
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.lstrip().startswith("{")]
    if lines and len(lines) <= 20:  # more is a log
        return lines[0][:LONGEST]
    return _first_change(before, after)[:LONGEST]


def _first_change(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    path, text = next(iter(after.items()))
    diff = difflib.unified_diff(before.get(path, "").splitlines(), text.splitlines(), lineterm="", n=0)
    lines = [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---") and line[1:].strip()]
    old = next((line[1:].strip() for line in lines if line[0] == "-"), "")
    new = next((line[1:].strip() for line in lines if line[0] == "+"), "")
    return f"{path}: {old or '(nothing)'} → {new or '(nothing)'}"


def _rubbish(path: str) -> bool:
    return any(part.startswith(".") or part in RUBBISH for part in PurePath(path).parts)

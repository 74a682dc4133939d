"""The whole file in one fence.

What is only a part of the file is refused here, as far as that can be seen: much shorter than before, or using names
that the old text defined and this one does not. Placeholders for left-out code are `elided.py`'s.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence

from overnight.program.source import parse
from overnight.propose.edits.change import Change, Fault, Refusal, expect_few
from overnight.propose.edits.lines import Fence, closed, fences, name_above
from overnight.propose.edits.names import name_in

_TALK = {"bash", "sh", "shell", "console", "text", "txt", "output", "log"}  # fences that only show something
_LEAST = 0.4  # of the lines: less is taken for a part


def read_whole(lines: Sequence[str], only: Sequence[str]) -> list[Change]:
    found = fences(lines)
    expect_few(len(found), "code fences")
    out = list(dict.fromkeys(change for fence in found if (change := _file(lines, fence, found, only))))
    for path in only:
        if sum(change.path == path for change in out) > 1:
            raise Refusal(Fault.AMBIGUOUS, f"more than one code block could be the whole of {path}")
    return out


def only_a_part(path: str, old: str, new: str) -> str:
    """Why the new text looks like a part of the file; empty when it does not."""
    before, after = (sum(1 for line in text.split("\n") if line.strip()) for text in (old, new))
    if after < before * _LEAST:
        return f"{path} shrinks from {before} lines to {after}: give all of it, or SEARCH/REPLACE blocks"
    if path.endswith(".py") and (lost := _lost(old, new)):
        return f"{path} uses {', '.join(lost[:3])} and no longer defines it: give all of the file"
    return ""


def _file(lines: Sequence[str], fence: Fence, found: Sequence[Fence], only: Sequence[str]) -> Change | None:
    named = name_in(fence.info, only)
    if not named and fence.info.split(" ")[0].lower() in _TALK:
        return None
    path = named or name_above(lines, fence.start + 1, found, only)
    if not path and len(only) > 1:
        raise Refusal(Fault.AMBIGUOUS, f"a code block does not say which file it is: {', '.join(only)}")
    closed(fence)
    return Change(path or only[0], (), tuple(lines[fence.start + 1 : fence.end]), whole=True)


def _lost(old: str, new: str) -> list[str]:
    """Names that the new text reads, that were bound in the old one, and that are bound nowhere in the new one."""
    before, after = parse(old), parse(new)
    if before is None or after is None:
        return []
    bound = _bound(after)
    read = {node.id for node in ast.walk(after) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return [] if "*" in bound else sorted((read & _bound(before)) - bound - set(dir(builtins)))


def _bound(tree: ast.Module) -> set[str]:
    out: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            out.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            out.add(node.name)
        elif isinstance(node, ast.alias):
            out.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.arg):
            out.add(node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            out.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            out.add(node.rest)
    return out

"""Unified diffs as models write them: with wrong line numbers, or none, and sometimes without a head.

Numbers are not looked at, save where only they tell that the diff is complete: a hunk is its removed and kept lines,
and has to be found by them like any other change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from overnight.propose.edits.change import Change, Fault, Refusal, expect_few
from overnight.propose.edits.lines import Fence, closed, fences, name_above
from overnight.propose.edits.names import allowed

_COUNTS = re.compile(r"@@ -\d{1,9}(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@")
_BETWEEN = ("diff ", "index ", "new file mode", "old mode", "new mode", "similarity ", "rename ", "deleted file")


def holds_patch(lines: Sequence[str]) -> bool:
    return any(map(_is_head, lines, lines[1:])) or any(_is_diff(lines, fence) for fence in fences(lines))


def read_patch(lines: Sequence[str], only: Sequence[str]) -> list[Change]:
    """The hunks of every diff in the reply, in a fence or not."""
    found = fences(lines)
    expect_few(len(found), "code fences")
    out: list[Change] = []
    for fence in found:
        if _is_diff(lines, fence):
            body = lines[closed(fence).start + 1 : fence.end]
            headed = any(map(_is_head, body, body[1:]))
            out += _files(body, "" if headed else name_above(lines, fence.start + 1, found, only), only)
    return out or _unfenced(lines, only)


def _is_diff(lines: Sequence[str], fence: Fence) -> bool:
    body = lines[fence.start + 1 : fence.end]
    return fence.info.split(" ")[0].lower() in ("diff", "patch", "udiff") or any(map(_is_head, body, body[1:]))


def hunks(lines: Sequence[str], path: str) -> Iterator[Change]:
    """The changes between lines that begin with @@."""
    part: list[str] = []
    for line in [*lines, "@@"]:
        if not line.startswith("@@"):
            part.append(line)
            continue
        if any(kept.startswith(("+", "-")) for kept in part):
            yield _hunk(part, path)
        part = []


def _hunk(part: Sequence[str], path: str) -> Change:
    lines = [line for line in part if not line.startswith("\\")]
    while lines and not lines[-1]:  # a kept empty line has its space; this one is the reply's own
        lines.pop()
    if odd := [line for line in lines if line and line[0] not in " +-"]:
        raise Refusal(Fault.MALFORMED, f"a line of the diff begins with none of space, + and -: {odd[0][:80]}")
    before = tuple(line[1:] for line in lines if not line.startswith("+"))
    return Change(path, before, tuple(line[1:] for line in lines if not line.startswith("-")))


def _is_head(line: str, following: str) -> bool:
    return line.startswith("--- ") and following.startswith("+++ ")


def _files(lines: Sequence[str], path: str, only: Sequence[str]) -> Iterator[Change]:
    """`path`: of the hunks before the first head."""
    heads = [i for i, line in enumerate(lines[:-1]) if _is_head(line, lines[i + 1])]
    yield from hunks(_without_between(lines[: [*heads, len(lines)][0]]), path)
    for start, end in pairwise([*heads, len(lines)]):
        yield from hunks(_without_between(lines[start + 2 : end]), _path(lines[start], lines[start + 1], only))


def _without_between(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not line.startswith(_BETWEEN)]


def _path(old: str, new: str, only: Sequence[str]) -> str:
    names = [line[4:].split("\t")[0].strip() for line in (old, new)]
    paths = {allowed(name, only) for i, name in enumerate(names) if i == 1 or name != "/dev/null"}
    if len(paths) > 1:
        raise Refusal(Fault.OUTSIDE, f"a file may not be renamed, and the diff turns {names[0]} into {names[1]}")
    return paths.pop()


def _unfenced(lines: Sequence[str], only: Sequence[str]) -> list[Change]:
    """A diff that is the reply itself: prose may stand above it, and below it what is no line of a diff."""
    start = next((i for i, pair in enumerate(pairwise(lines)) if _is_head(*pair)), None)
    if start is None:
        return []
    end = next((i for i in range(start + 2, len(lines)) if not _fits(lines[i])), len(lines) - 1)
    if any(line.startswith(("+", "-", "@@")) for line in lines[end:]):
        raise Refusal(Fault.MALFORMED, f"a line of the diff begins with none of space, + and -: {lines[end][:80]}")
    if end == len(lines) - 1 and _fits(lines[end]) and lines[end]:
        raise Refusal(Fault.CUT_OFF, "the reply ends within a line of a diff: put the diff in a code fence")
    _expect_whole(lines[start:end])
    return list(_files(lines[start:end], "", only))


def _expect_whole(lines: Sequence[str]) -> None:
    """Without a fence only the numbers of the last hunk tell that the reply was not cut off in it."""
    at = max((i for i, line in enumerate(lines) if line.startswith("@@")), default=0)
    counts = _COUNTS.match(lines[at])
    body = "".join(line[:1] or " " for line in lines[at + 1 :])
    there = (len(body) - body.count("+"), len(body) - body.count("-"))
    blank = len(body) - len(body.rstrip(" "))
    said = (int(counts[1] or 1), int(counts[2] or 1)) if counts else (-1, -1)
    if not any((there[0] - n, there[1] - n) == said for n in range(blank + 1)):
        raise Refusal(Fault.CUT_OFF, "the numbers of the last hunk do not fit its lines: put the diff in a code fence")


def _fits(line: str) -> bool:
    return not line or line[0] in " +-@\\" or line.startswith(_BETWEEN)

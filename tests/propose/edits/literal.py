"""The plainest reading of the rules by which a change finds its place: slow, and written apart from the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.propose.edits.written import Change

Texts = Mapping[str, str]


def literal(files: Texts, changes: Sequence[Change]) -> Texts | None:
    """The changed files by the plainest reading of the rules; None where a change has not exactly one place."""
    texts = dict(files)
    for change in dict.fromkeys(changes):
        spots = [
            (path, *spot) for path in ([change.path] if change.path else texts) for spot in _spots(texts[path], change)
        ]
        if len(spots) != 1:
            return None
        path, start, margins = spots[0]
        texts[path] = _put(texts[path], change, start, margins)
    return {path: text for path, text in texts.items() if text != files[path]}


def _spots(text: str, change: Change) -> list[tuple[int, tuple[str, str]]]:
    """Where its lines are, and the margins there and in the change."""
    lines, n = lines_of(text), len(change.before)
    windows = [lines[i : i + n] for i in range(len(lines) - n + 1)]
    for same in (list, _without_trailing, _without_margin):
        wanted = same(change.before)
        if found := [i for i, window in enumerate(windows) if same(window) == wanted]:
            uses = same is _without_margin
            return [(i, (margin(windows[i]), margin(change.before)) if uses else ("", "")) for i in found]
    return []


def _put(text: str, change: Change, start: int, margins: tuple[str, str]) -> str:
    eol = "\r\n" if "\r\n" in text else "\n"
    lines, end = lines_of(text), start + len(change.before)
    own = dict(zip(change.before, lines[start:end], strict=True))
    there, here = margins
    more, less = there[: max(len(there) - len(here), 0)], here[: max(len(here) - len(there), 0)]
    new = [own.get(line, more + line.removeprefix(less) if line.strip() else line) for line in change.after]
    return eol.join([*lines[:start], *new, *lines[end:]]) + (eol if text.endswith("\n") else "")


def lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def _without_trailing(lines: Sequence[str]) -> list[str]:
    return [line.rstrip() for line in lines]


def _without_margin(lines: Sequence[str]) -> list[str]:
    width = len(margin(lines))
    return [line[width:].rstrip() for line in lines]


def margin(lines: Sequence[str]) -> str:
    """The space in front that all lines with something in them share."""
    full = [line for line in lines if line.strip()]
    width = min((len(line) - len(line.lstrip()) for line in full), default=0)
    return full[0][:width] if full else ""

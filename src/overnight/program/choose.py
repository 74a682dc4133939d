"""Which of several voices counts for a key: a flag, else the front matter and the prose together, if they agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from overnight.errors import ProgramError
from overnight.program.program import Guard, Origin
from overnight.program.settings import KEYS, Setting


def chosen(path: Path, said: Iterable[Setting], key: str) -> list[Setting]:
    """The settings in force for `key`: at most one, or, for a list, its items."""
    given = [setting for setting in said if setting.key == key]
    flags = [setting for setting in given if setting.origin is Origin.FLAG]
    if KEYS[key].many:
        items = [setting for setting in flags or given if setting.value is not None] or given[:1]
        _refuse_two_limits(path, items)
        return list({setting.value: setting for setting in reversed(items)}.values())[::-1]
    if not flags:
        _agree(path, given)
    return (flags or given)[:1]


def editable(path: Path, said: Sequence[Setting], files: Callable[[Setting], Sequence[str]]) -> list[Setting]:
    """The `edit` settings in force. The strictest voice decides what may be edited at all (the front matter, else
    "only edit …"), and the others must stay within it."""
    front = [setting for setting in said if setting.key == "edit" and setting.origin is not Origin.PROSE]
    only = [setting for setting in said if setting.key == "edit.only"]
    rest = [setting for setting in said if setting.key == "edit" and setting.origin is Origin.PROSE]
    deciding = front or only or rest
    allowed = {file for setting in deciding for file in files(setting)}
    for setting in only + rest:
        if not set(files(setting)) <= allowed:
            _contradict(path, deciding[0], setting)
    if front and only and not allowed <= {file for setting in only for file in files(setting)}:
        _contradict(path, front[0], only[0])
    return [replace(setting, key="edit") for setting in {s.text: s for s in reversed(deciding)}.values()][::-1]


def _refuse_two_limits(path: Path, items: list[Setting]) -> None:
    sides: dict[Any, list[Setting]] = {}
    for item in items:
        if isinstance(item.value, Guard):
            sides.setdefault((item.value.metric, item.value.op[0]), []).append(item)
    for same in sides.values():
        _agree(path, same)


def _agree(path: Path, given: list[Setting]) -> None:
    for setting in given[1:]:
        if setting.value != given[0].value:
            _contradict(path, given[0], setting)


def _contradict(path: Path, first: Setting, second: Setting) -> None:
    lines = f"line {first.line} says {first.text} and line {second.line} says {second.text}"
    raise ProgramError(f"{second.key.removesuffix('.only')}: {lines}; change one of them", path, second.line)

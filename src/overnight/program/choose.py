"""Which of several voices counts for a key: a flag, else the front matter and the prose together, if they agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from overnight.errors import ProgramError
from overnight.program.program import Guard, Origin
from overnight.program.settings import KEYS, Setting

Files = Callable[[Setting], frozenset[str]]


def chosen(path: Path, said: Iterable[Setting], key: str) -> list[Setting]:
    """The settings in force for `key`: at most one, or, for a list, its items."""
    given = [setting for setting in said if setting.key == key]
    flags = [setting for setting in given if setting.origin is Origin.FLAG]
    if KEYS[key].many:
        return _items(path, flags or given)
    return _agreeing(path, given, lambda setting: setting.value)[:1] if not flags else flags[:1]


def editable(path: Path, said: Sequence[Setting], files: Files) -> list[Setting]:
    """The `edit` settings in force. The strictest voice decides what may be edited at all (the front matter, else
    "only edit …"), and the others must stay within it."""
    front = [setting for setting in said if setting.key == "edit" and setting.origin is not Origin.PROSE]
    only = [setting for setting in said if setting.key == "edit.only"]
    rest = [setting for setting in said if setting.key == "edit" and setting.origin is Origin.PROSE]
    deciding = front or only or rest
    allowed = frozenset[str]().union(*(files(setting) for setting in deciding))
    for setting in (*only, *rest):
        if not files(setting) <= allowed:
            _contradict(path, deciding[0], setting, f"{setting.value} is not among the editable files")
    if front and only and not allowed <= frozenset[str]().union(*(files(setting) for setting in only)):
        _contradict(path, deciding[0], only[0], f"only {only[0].value} may be edited")
    return _unique(Setting("edit", s.value, s.origin, s.line) for s in deciding)


def _items(path: Path, given: list[Setting]) -> list[Setting]:
    guards = [setting for setting in given if isinstance(setting.value, Guard)]
    for guard in guards:
        _agreeing(path, [g for g in guards if _side(g.value) == _side(guard.value)], lambda setting: setting.value)
    full = [setting for setting in given if setting.value is not None]
    return _unique(full) if full else given[:1]


def _side(guard: Guard) -> tuple[str, str]:
    return guard.metric, guard.op[0]


def _agreeing(path: Path, given: list[Setting], what: Callable[[Setting], Any]) -> list[Setting]:
    for setting in given[1:]:
        if what(setting) != what(given[0]):
            _contradict(path, given[0], setting, f"{setting.rule.value}, and not {given[0].rule.value}")
    return given


def _contradict(path: Path, first: Setting, second: Setting, says: str) -> None:
    key = first.key.removesuffix(".only")
    raise ProgramError(
        f"{key}: line {second.line} says {says}, as line {first.line} does; change one", path, second.line
    )


def _unique(given: Iterable[Setting]) -> list[Setting]:
    out: dict[Any, Setting] = {}
    for setting in given:
        out.setdefault(setting.value, setting)
    return list(out.values())

"""The front matter of program.md: YAML between two `---` lines, read without YAML's guesses.

BaseLoader leaves every scalar the text that was written (YAML 1.1 turns `22:00` into 1320 and `on` into true); our
own table gives the types. Every value keeps its line. Anchors, tags and deep nesting have no use here and are
refused, so that a file cannot be small on disk and large in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from overnight.errors import ProgramError
from overnight.program.program import Origin
from overnight.program.settings import KEYS, Setting, nearest
from overnight.program.units import quoted

MAX_FILE = 64 * 1024  # bytes: every agent reads the whole file at every turn
MAX_FRONT = 16 * 1024
_DEPTH = 4  # a mapping in a mapping, and a list in that


@dataclass(frozen=True, slots=True)
class Parts:
    """The two halves of the file. The front matter begins on line 2, the prose on line `prose_line`."""

    front: str
    prose: str
    prose_line: int


def split(path: Path, text: str) -> Parts:
    """A byte order mark and Windows line ends are no part of the text."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_FILE:
        raise ProgramError(f"the file is larger than {MAX_FILE // 1024} kB; keep data elsewhere", path)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0].rstrip() != "---":
        return Parts("", "\n".join(lines), 1)
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() in ("---", "...")), None)
    if end is None:
        raise ProgramError("the front matter that opens here is never closed; end it with a line ---", path, 1)
    front = "\n".join(lines[1:end])
    if len(front) > MAX_FRONT:
        raise ProgramError(f"the front matter is larger than {MAX_FRONT // 1024} kB", path, 1)
    return Parts(front, "\n".join(lines[end + 1 :]), end + 2)


def front_settings(path: Path, front: str) -> list[Setting]:
    root = _compose(path, front)
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        raise ProgramError("the front matter must be lines of the form key: value", path, _line(root))
    return [_parsed(path, key, text, line, Origin.FRONT_MATTER) for key, text, line in _flat(path, root)]


def flag_settings(flags: Mapping[str, str]) -> list[Setting]:
    """What the command line says, by the same parsers: `experiments` means `stop.experiments`."""
    out = []
    for flag, text in flags.items():
        where = Path("--" + flag.replace("_", "-"))
        key = flag if flag in KEYS else f"stop.{flag}"
        out += [_parsed(where, key, item, None, Origin.FLAG) for item in _items(key, text)]
    return out


def _compose(path: Path, front: str) -> yaml.Node | None:
    try:
        _refuse_tricks(path, front)
        return yaml.compose(front, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else None
        hint = "put values with : # > * & ` or { in quotes, and indent with spaces"
        raise ProgramError(f"the front matter is no YAML: {error.problem}; {hint}", path, line) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ProgramError(f"the front matter is no YAML: {quoted(str(error))}", path, 1) from None


def _refuse_tricks(path: Path, front: str) -> None:
    depth = 0
    for event in yaml.parse(front, Loader=yaml.BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 2 if event.start_mark else None
        if depth > _DEPTH:
            raise ProgramError("the front matter is nested too deeply", path, line)
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ProgramError("anchors, aliases and tags (& * !) mean nothing here; quote the value", path, line)


def _flat(path: Path, node: yaml.MappingNode, above: str = "") -> Iterator[tuple[str, str, int]]:
    """(key, text, line) of every value: `stop: {cost: $5}` is `stop.cost`, a list is its items."""
    seen: dict[str, int] = {}
    for name, value in node.value:
        key = above + str(name.value)
        if key in seen or not isinstance(name, yaml.ScalarNode):
            problem = f"{quoted(key)} is already on line {seen[key]}" if key in seen else "a key must be one word"
            raise ProgramError(problem, path, _line(name))
        seen[key] = _line(name)
        if isinstance(value, yaml.MappingNode) and key in ("guards", "resources"):
            between = " " if key == "guards" else ": "
            inner = _flat(path, value, f"{key}.")
            yield from ((key, f"{name[len(key) + 1 :]}{between}{text}", line) for name, text, line in inner)
        elif key == "knobs":
            yield from _knobs(path, value)
        elif isinstance(value, yaml.MappingNode):
            yield from _flat(path, value, f"{key}.")
        elif isinstance(value, yaml.SequenceNode) and KEYS.get(key, KEYS["edit"]).many:
            yield from ((key, _scalar(path, key, item), _line(item)) for item in value.value)
            yield from [] if value.value else [(key, "none", _line(value))]
        else:
            yield from ((key, item, _line(value)) for item in _items(key, _scalar(path, key, value)))


def _knobs(path: Path, node: yaml.Node) -> Iterator[tuple[str, str, int]]:
    """A line for each knob: `index.m: 4..64`. `none` and `fixed` are of them all."""
    if not isinstance(node, yaml.MappingNode):
        text = _scalar(path, "knobs", node)
        yield "knobs", "others: fixed" if text in ("none", "fixed") else text, _line(node)
        return
    seen: dict[str, int] = {}
    for name, says, line in _entries(path, node):
        if name in seen:
            raise ProgramError(f"knobs: {quoted(name)} is already on line {seen[name]}", path, line)
        seen[name] = line
        yield "knobs", f"{name}: {says}", line


def _entries(path: Path, node: yaml.MappingNode, above: str = "") -> Iterator[tuple[str, str, int]]:
    """Names may be nested as in the file that they speak of, and choices may be a list."""
    for name, value in node.value:
        key = f"{above}{name.value}"
        if isinstance(value, yaml.MappingNode):
            yield from _entries(path, value, f"{key}.")
        elif isinstance(value, yaml.SequenceNode):
            yield key, " | ".join(_scalar(path, key, item) for item in value.value), _line(name)
        else:
            yield key, _scalar(path, key, value), _line(name)


def _items(key: str, text: str) -> list[str]:
    """`a, b` on one line is a list too: people write it."""
    return re.split(KEYS[key].apart, text.strip()) if key in KEYS and KEYS[key].many else [text]


def _scalar(path: Path, key: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise ProgramError(f"{key}: wants one value here, not a list or keys of its own", path, _line(node))
    return str(node.value)


def _parsed(path: Path, key: str, text: str, line: int | None, origin: Origin) -> Setting:
    if key not in KEYS:
        hint = nearest(key, KEYS) or f"; the keys are {', '.join(KEYS)}"
        raise ProgramError(f"unknown key {quoted(key)}{hint}", path, line)
    try:
        return Setting.of(key, text, origin, line)
    except ValueError as error:
        raise ProgramError(f"{key}: {error}", path, line) from None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 2

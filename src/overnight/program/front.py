"""The front matter of program.md: YAML between two `---` lines, read without YAML's guesses.

BaseLoader leaves every scalar the text that was written (YAML 1.1 turns `22:00` into 1320 and `on` into true); our
own table gives the types. Every key and value keeps its line. Anchors, tags and deep nesting have no use here and
are refused, so that a file cannot be small on disk and large in memory.
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

MAX_FILE = 128 * 1024  # bytes: every agent reads the whole file at every turn
MAX_FRONT = 16 * 1024
_DEPTH = 4  # a mapping in a mapping, and a list in that
_NAMES = sorted({key.split(".")[0] for key in KEYS})


@dataclass(frozen=True, slots=True)
class Parts:
    """The two halves of the file. The front matter begins on line 2, the prose on line `prose_line`."""

    front: str
    prose: str
    prose_line: int


def load(path: Path) -> str:
    """The text of program.md; ProgramError where there is none to read."""
    if not path.is_file():
        raise ProgramError("there is no such file; 'overnight init' writes one", path)
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ProgramError("this line is not UTF-8 text; save the file as UTF-8", path, line) from None


def split(path: Path, text: str) -> Parts:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_FILE:
        raise ProgramError(
            f"the file is larger than {MAX_FILE // 1024} kB; move what is no instruction elsewhere", path
        )
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0].rstrip() != "---":
        return Parts("", "\n".join(lines), 1)
    ends = (number for number, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "..."))
    end = next(ends, None)
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
    out: list[Setting] = []
    for key, line, value in _pairs(path, root):
        out += _settings(path, key, line, value)
    return out


def flag_settings(flags: Mapping[str, str]) -> list[Setting]:
    """What the command line says, by the same parsers: `experiments` means `stop.experiments`."""
    out = []
    for flag, text in flags.items():
        key = flag if flag in KEYS else f"stop.{flag}"
        where = "--" + flag.replace("_", "-")
        if key not in KEYS:
            raise ProgramError(f"there is no such setting{nearest(flag, KEYS)}", where)
        parts = _items(text) if KEYS[key].many else [text]
        out += [_parsed(Path(where), key, part, None, Origin.FLAG) for part in parts] or [_none(key, None, Origin.FLAG)]
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
        opens = isinstance(event, yaml.CollectionStartEvent)
        depth += opens - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 2 if event.start_mark else None
        if depth > _DEPTH:
            raise ProgramError("the front matter is nested too deeply", path, line)
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ProgramError("anchors, aliases and tags (& * !) mean nothing here; quote the value", path, line)


def _pairs(path: Path, node: yaml.MappingNode) -> Iterator[tuple[str, int, yaml.Node]]:
    seen: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ProgramError("a key must be one word", path, _line(key))
        if key.value in seen:
            raise ProgramError(f"{quoted(key.value)} is already on line {seen[key.value]}", path, _line(key))
        seen[key.value] = _line(key)
        yield key.value, _line(key), value


def _settings(path: Path, key: str, line: int, node: yaml.Node) -> list[Setting]:
    if key == "stop":
        return _stops(path, line, node)
    if key not in KEYS or "." in key:
        hint = nearest(key, _NAMES) or f"; the keys are {', '.join(_NAMES)}"
        raise ProgramError(f"unknown key {quoted(key)}{hint}", path, line)
    if key == "guards" and isinstance(node, yaml.MappingNode):
        texts = [(f"{name} {_scalar(path, name, value)}", at) for name, at, value in _pairs(path, node)]
    elif KEYS[key].many:
        texts = _list(path, key, node)
    else:
        texts = [(_scalar(path, key, node), _line(node))]
    return [_parsed(path, key, text, at, Origin.FRONT_MATTER) for text, at in texts] or [
        _none(key, line, Origin.FRONT_MATTER)
    ]


def _stops(path: Path, line: int, node: yaml.Node) -> list[Setting]:
    names = [key.removeprefix("stop.") for key in KEYS if key.startswith("stop.")]
    if not isinstance(node, yaml.MappingNode):
        raise ProgramError("stop: wants its own keys, as in stop: {experiments: 100, until: 07:00}", path, line)
    out = []
    for name, at, value in _pairs(path, node):
        if name not in names:
            hint = nearest(name, names) or f"; the keys are {', '.join(names)}"
            raise ProgramError(f"unknown key {quoted(name)} under stop{hint}", path, at)
        out.append(_parsed(path, f"stop.{name}", _scalar(path, name, value), at, Origin.FRONT_MATTER))
    return out


def _list(path: Path, key: str, node: yaml.Node) -> list[tuple[str, int]]:
    """Items with their lines. `a, b` on one line is a list too: people write it, and no path ends in a comma."""
    if isinstance(node, yaml.SequenceNode):
        return [(_scalar(path, key, item), _line(item)) for item in node.value]
    return [(item, _line(node)) for item in _items(_scalar(path, key, node))]


def _items(text: str) -> list[str]:
    return [] if text.strip() == "none" else re.split(r",\s+", text.strip())


def _scalar(path: Path, key: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        shape = "a list" if isinstance(node, yaml.SequenceNode) else "keys of its own"
        raise ProgramError(f"{key}: wants one value here, not {shape}", path, _line(node))
    return str(node.value)


def _parsed(path: Path, key: str, text: str, line: int | None, origin: Origin) -> Setting:
    try:
        return Setting(key, KEYS[key].parse(text), origin, line)
    except ValueError as error:
        raise ProgramError(f"{key}: {error}", path, line) from None


def _none(key: str, line: int | None, origin: Origin) -> Setting:
    """An empty list is said, not left open: `share: none` keeps us from inferring anything."""
    return Setting(key, None, origin, line)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 2

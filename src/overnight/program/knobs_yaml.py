"""The literals of a YAML file: numbers, flags and words with the path of keys to them, such as `index.m`.

Read as the parser's events, which know where each value stands, and never constructed: tags are not obeyed, aliases not
followed. A value with an anchor is one knob, and what refers to it follows. Numbers stay what they are to PyYAML, which
wants a point and a sign in `3.0e-05`.

Not covered, and left alone: files of several documents, keys that stand twice, keys with blanks or commas, numbers in
quotes, as octals or as hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml

from overnight.program.knobs_documents import Flat, Keys, Lengths, lengths_of, named
from overnight.program.literals import Literal, alone, amount, number, written
from overnight.program.ranges import Value

_FLAGS = (
    ("true", "false"),
    ("True", "False"),
    ("TRUE", "FALSE"),
    ("yes", "no"),
    ("Yes", "No"),
    ("on", "off"),
    ("On", "Off"),
)
_FLAG = {word: (word == pair[0], pair) for pair in _FLAGS for word in pair}
_BEHIND = re.compile(r"[ \t]*[,\]}]*[ \t]+#([^\r\n]*)")
_PLAIN_WORD = re.compile(r"[A-Za-z_][\w./+-]*")
_RESERVED = re.compile(r"true|false|yes|no|on|off|null|y|n", re.IGNORECASE)


def yaml_literals(text: str) -> tuple[Literal, ...]:
    scalars = _scalars(text)
    lengths = lengths_of(scalars)
    found = (_literal(text, keys, event, lengths) for keys, event in scalars.items())
    return alone(literal for literal in found if literal)


def yaml_flat(text: str) -> Flat:
    """Every scalar and alias by its keys, with what decides its type. Empty for what is no YAML of one document."""
    return {keys: _content(event) for keys, event in _scalars(text).items()}


def yaml_written(literal: Literal, value: Value) -> str:
    old = literal.source
    if isinstance(value, bool):
        return _FLAG[old][1][0 if value else 1]
    if isinstance(value, str):
        if old[0] in "'\"":
            return written(old, value)
        return value if _PLAIN_WORD.fullmatch(value) and not _RESERVED.fullmatch(value) else f"'{value}'"
    new = written(old, value)
    if "." not in old or literal.unit or "e" not in new.lower():
        return new
    mantissa, e, exponent = re.split(r"([eE])", new)
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}{e}{'' if exponent[0] in '+-' else '+'}{exponent}"


@dataclass(slots=True)
class _Level:
    """A mapping or a list that is being read."""

    keys: Keys
    listed: bool
    items: int = 0
    key: Keys | None = None  # of the value that comes next, in a mapping
    seen: set[str] | None = None


@lru_cache(maxsize=16)
def _scalars(text: str) -> Mapping[Keys, yaml.Event]:
    """Nothing where it is no YAML of one document, or a key stands twice."""
    try:
        return dict(_walk(text))
    except (yaml.YAMLError, ValueError, RecursionError, _Unclear):
        return {}


class _Unclear(Exception):
    """The same place can be meant in two ways."""


def _walk(text: str) -> Iterator[tuple[Keys, yaml.Event]]:
    levels: list[_Level] = []
    documents, anchors = 0, set[str]()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise _Unclear
        if isinstance(event, yaml.CollectionEndEvent):
            levels.pop()
        elif isinstance(event, yaml.NodeEvent):
            if event.anchor and not isinstance(event, yaml.AliasEvent):
                if event.anchor in anchors:
                    raise _Unclear
                anchors.add(event.anchor)
            keys = _place(levels[-1], event) if levels else ()
            if isinstance(event, yaml.CollectionStartEvent):
                if keys is None:
                    raise _Unclear  # a key that is a list
                levels.append(_Level(keys, isinstance(event, yaml.SequenceStartEvent), seen=set()))
            if keys is not None:
                yield keys, event


def _place(level: _Level, event: yaml.NodeEvent) -> Keys | None:
    """The keys of a value; None for what is a key itself."""
    if level.listed:
        level.items += 1
        return (*level.keys, level.items - 1)
    if level.key is not None:
        keys, level.key = level.key, None
        return keys
    name = event.value if isinstance(event, yaml.ScalarEvent) else f"*{event.anchor}"
    assert level.seen is not None
    if name in level.seen:
        raise _Unclear
    level.seen.add(name)
    level.key = (*level.keys, name)
    return None


def _content(event: yaml.Event) -> object:
    if isinstance(event, yaml.ScalarEvent):
        return event.anchor, event.tag, event.implicit, event.style, event.value
    return type(event).__name__, getattr(event, "anchor", None), getattr(event, "tag", None)


def _literal(text: str, keys: Keys, event: yaml.Event, lengths: Lengths) -> Literal | None:
    if (
        not isinstance(event, yaml.ScalarEvent)
        or event.tag
        or event.style not in (None, "'", '"')
        or not event.end_mark
    ):
        return None
    name, old = named(keys, lengths), str(event.value)
    source = old if event.style is None else f"{event.style}{old}{event.style}"
    end = event.end_mark.index
    start = end - len(source)
    if not name or text[start:end] != source or not old:
        return None  # it has escapes or line breaks in it
    behind = _BEHIND.match(text, end)
    line, comment = text.count("\n", 0, start) + 1, behind[1] if behind else ""
    if measured := amount(old):
        begin = start + (event.style is not None)
        size = len(old) - len(measured[1])
        shown = text[begin : begin + size]
        return Literal(name, measured[0], shown, line, begin, begin + size, comment, keys=keys, unit=measured[1])
    value: Value | None = old
    if event.style is None:
        value = _FLAG[old][0] if old in _FLAG else number(old)
        value = old if value is None and _PLAIN_WORD.fullmatch(old) and not _RESERVED.fullmatch(old) else value
    if value is None or (isinstance(value, str) and isinstance(keys[-1], int)):
        return None
    return Literal(name, value, source, line, start, end, comment, keys=keys)

"""What the documents (YAML, JSON, TOML) share: places as paths of keys, their names, and what stands at a place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from overnight.program.literals import LISTED, Literal, amount, number

Keys: TypeAlias = tuple[str | int, ...]
Lengths: TypeAlias = Mapping[Keys, int]
Flat: TypeAlias = Mapping[Keys, object]
"""Every value of a document by its keys. Empty where it cannot be read, or can be read in two ways."""

MOST_ITEMS = 16  # of a list of sections
_NAME = re.compile(r"[^\s,:]+(?::[^\s,:]+)*")  # what reads well in `NAME 1 → 2, OTHER a → b`


def flat_items(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat_items(inner, (*keys, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from flat_items(inner, (*keys, place))
    unequal = isinstance(value, dict | list) or value != value
    yield keys, str(type(value)) if unequal else value


def lengths_of(places: Iterable[Keys]) -> Lengths:
    """How many items each list has."""
    lengths: dict[Keys, int] = {}
    for keys in places:
        for depth, key in enumerate(keys):
            if isinstance(key, int):
                lengths[keys[:depth]] = max(lengths.get(keys[:depth], 0), key + 1)
    return lengths


def named(keys: Keys, lengths: Lengths) -> str:
    """`server.workers`, `stages[0].rate`; empty where that cannot be said in one word, or a list is a table."""
    name = ""
    for depth, key in enumerate(keys):
        if isinstance(key, int):
            if lengths[keys[:depth]] > (LISTED if depth == len(keys) - 1 else MOST_ITEMS):
                return ""
            name += f"[{key}]"
        elif not _NAME.fullmatch(key):
            return ""
        else:
            name += f".{key}" if name else key
    return name


def literal_of(text: str, keys: Keys, span: tuple[int, int], name: str, read: object) -> Literal | None:
    """The literal that stands there, if it is what was `read`; in a string, the number that has a unit."""
    (start, end), source = span, text[slice(*span)]
    line = text.count("\n", 0, start) + 1
    if not name:
        return None
    if isinstance(read, str):
        if source[1:-1] != read:
            return None  # it has escapes in it
        if measured := amount(read):
            end = start + 1 + len(read) - len(measured[1])
            return Literal(name, measured[0], text[start + 1 : end], line, start + 1, end, keys=keys, unit=measured[1])
        return None if isinstance(keys[-1], int) else Literal(name, read, source, line, start, end, keys=keys)
    value = {"true": True, "false": False}.get(source, number(source))
    if value is None or value != read or type(value) is not type(read):
        return None
    return Literal(name, value, source, line, start, end, keys=keys)

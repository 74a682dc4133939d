"""The literals of a JSON file: numbers, flags and words with the path of keys to them, such as `server.workers`.

A text that `json` accepts is cut into tokens, and the tokens are walked with a stack of keys. Each value found is held
against what `json` read there. Not covered: comments, which JSON has none of; keys that stand twice, keys with blanks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from overnight.program.knobs_documents import Flat, Keys, flat_items, lengths_of, literal_of, named
from overnight.program.literals import Literal, alone, written
from overnight.program.ranges import Value

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+\w.]+|[][{}:,]')


def json_literals(text: str) -> tuple[Literal, ...]:
    flat = json_flat(text)
    if not flat:
        return ()
    lengths = lengths_of(flat)
    found = (literal_of(text, keys, span, named(keys, lengths), flat.get(keys)) for keys, span in _values(text))
    return alone(literal for literal in found if literal)


def json_flat(text: str) -> Flat:
    try:
        return dict(flat_items(json.loads(text, object_pairs_hook=_once)))
    except (ValueError, RecursionError):
        return {}


def json_written(literal: Literal, value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else written(literal.source, value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _values(text: str) -> Iterator[tuple[Keys, tuple[int, int]]]:
    """The scalars of a text that is JSON, with their keys."""
    keys: list[str | int] = []  # of the place where a value comes next
    waiting = False  # for a key
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            keys.append("" if token == "{" else 0)
            waiting = token == "{"
        elif token in "]}":
            keys.pop()
        elif token == ",":
            waiting = isinstance(keys[-1], str)
            keys[-1] = keys[-1] if isinstance(keys[-1], str) else keys[-1] + 1
        elif waiting and token != ":":
            keys[-1], waiting = json.loads(token), False
        elif token != ":":
            yield tuple(keys), match.span()

"""The literals of a TOML file: numbers, flags and words with the path of keys to them, such as `planner.page_cost`.

`tomllib` says what the file means and not where; a scanner says where, and each value found is held against what
`tomllib` read there. Not covered: dates, strings over several lines, keys with blanks.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace

from overnight.program.knobs_documents import Flat, Keys, flat_items, lengths_of, literal_of, named
from overnight.program.literals import Literal, alone

_STRING = r'"""(?:[^\\]|\\[\s\S])*?"""+|\'\'\'[\s\S]*?\'\'\'+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\''
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_KEY = re.compile(rf"[ \t]*({_STRING}|[A-Za-z0-9_-]+)[ \t]*")
_SCALAR = re.compile(rf"{_STRING}|[^\s,\]}}#]+(?: \d\d:[^\s,\]}}#]+)?")
_BEHIND = re.compile(r"[ \t]*[,\]}]*[ \t]*#([^\r\n]*)")


def toml_literals(text: str) -> tuple[Literal, ...]:
    flat = toml_flat(text)
    if not flat:
        return ()
    lengths, found = lengths_of(flat), []
    for keys, span in _Scanner(text).values():
        if keys in flat and (literal := literal_of(text, keys, span, named(keys, lengths), flat[keys])):
            behind = _BEHIND.match(text, span[1])
            found.append(replace(literal, comment=behind[1] if behind else ""))
    return alone(found)


def toml_flat(text: str) -> Flat:
    try:
        return dict(flat_items(tomllib.loads(text)))
    except (ValueError, RecursionError):
        return {}


class _Scanner:
    """Walks a text that is TOML. It reads no value: it only knows where each begins and ends."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.tables: dict[Keys, int] = {}  # of each array of tables, the one that is being written

    def values(self) -> Iterator[tuple[Keys, tuple[int, int]]]:
        table: Keys = ()
        while not self._done():
            if self.text.startswith("[[", self.at):
                self.at += 2
                table = self._table(self._dotted(), new=True)
                self.at += 2
            elif self.text.startswith("[", self.at):
                self.at += 1
                table = self._table(self._dotted(), new=False)
                self.at += 1
            else:
                yield from self._pair(table)

    def _done(self) -> bool:
        if blank := _BLANK.match(self.text, self.at):
            self.at = blank.end()
        return self.at >= len(self.text)

    def _dotted(self) -> list[str]:
        keys = []
        while match := _KEY.match(self.text, self.at):
            keys.append(_unquoted(match[1]))
            self.at = match.end()
            if not self.text.startswith(".", self.at):
                break
            self.at += 1
        return keys

    def _table(self, said: list[str], new: bool) -> Keys:
        """Where a header leads: into the latest table of each array on its way."""
        keys: Keys = ()
        for depth, key in enumerate(said):
            keys = (*keys, key)
            if new and depth == len(said) - 1:
                self.tables[keys] = self.tables.get(keys, -1) + 1
            if keys in self.tables:
                keys = (*keys, self.tables[keys])
        return keys

    def _pair(self, above: Keys) -> Iterator[tuple[Keys, tuple[int, int]]]:
        keys = (*above, *self._dotted())
        self.at += 1  # the equals sign
        yield from self._value(keys)

    def _value(self, keys: Keys) -> Iterator[tuple[Keys, tuple[int, int]]]:
        self._done()
        opening = self.text[self.at : self.at + 1]
        if opening in ("[", "{"):
            self.at += 1
            yield from self._items(keys, "]" if opening == "[" else "}")
        elif match := _SCALAR.match(self.text, self.at):
            self.at = match.end()
            yield keys, match.span()

    def _items(self, keys: Keys, closing: str) -> Iterator[tuple[Keys, tuple[int, int]]]:
        place = 0
        while not self._done() and self.text[self.at] != closing:
            yield from self._value((*keys, place)) if closing == "]" else self._pair(keys)
            place += 1
            if not self._done() and self.text[self.at] == ",":
                self.at += 1
        self.at += 1


def _unquoted(key: str) -> str:
    """As far as the key has no escapes: with them it is none that tomllib read, and what is below it is left alone."""
    return key[1:-1] if key[0] in "\"'" else key

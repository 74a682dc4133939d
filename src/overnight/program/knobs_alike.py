"""The same Python code with other values in the same places, read without parsing it once more.

A search turns values and nothing else: of a night's hundreds of texts nearly all have one shape. What is said here of a
text is what parsing it would say, or nothing: then it has to be parsed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from overnight.program.knobs_spots import value_of
from overnight.program.literals import Literal, without
from overnight.program.ranges import Value
from overnight.program.source import parse

MOST = 8  # shapes that are remembered
_TOKEN = re.compile(r"""[-+]?(?:[\d.]+[eE][-+]\d+|2\*\*\d+|[\w.]+)|"[\w ./-]*"|'[\w ./-]*'""")
"""A value as it is usually written. Whatever else stands in its place is for the parser."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A text that was parsed, cut at its literals."""

    literals: Sequence[Literal]
    parts: Sequence[str]  # before each literal, and behind the last
    around: str

    @classmethod
    def of(cls, text: str, literals: Sequence[Literal]) -> Self:
        starts = [*(literal.start for literal in literals), len(text)]
        ends = [0, *(literal.end for literal in literals)]
        parts = [text[end:start] for end, start in zip(ends, starts, strict=True)]
        return cls(literals, parts, without(text, literals))

    def values(self, text: str) -> Mapping[str, Value] | None:
        """Of a text of this shape; None of any other."""
        found, at = dict[str, Value](), 0
        for literal, part in zip(self.literals, self.parts, strict=False):
            token = _TOKEN.match(text, at + len(part)) if text.startswith(part, at) else None
            value = _read(token[0], literal) if token else None
            if token is None or value is None:
                return None
            found[literal.name], at = value, token.end()
        return found if text[at:] == self.parts[-1] else None


@dataclass(slots=True)
class Shapes:
    """The newest shapes of some files. Threads may share it: what one forgets of another is only read again."""

    known: list[tuple[str, Shape]] = field(default_factory=list)  # with the path; the last that fitted comes first

    def read(self, text: str, path: str) -> tuple[Mapping[str, Value], str] | None:
        for each in self.known:
            where, shape = each
            if where == path and (values := shape.values(text)) is not None:
                self.known = [each, *(other for other in self.known if other is not each)]
                return values, shape.around
        return None

    def learn(self, text: str, path: str, literals: Sequence[Literal]) -> Shape:
        shape = Shape.of(text, literals)
        self.known = [(path, shape), *self.known][:MOST]
        return shape


def _read(token: str, before: Literal) -> Value | None:
    """The value. None where its type is another, so that the rest may have another meaning as well."""
    if token == before.source:
        return before.value
    old, new = _plain(before.source), _plain(token)
    if new is None or type(new) is not type(old):
        return None
    return float(new) if isinstance(before.value, float) else new  # 3, of what is said to be a float


@lru_cache(maxsize=512)
def _plain(source: str) -> Value | None:
    match parse(source):
        case ast.Module(body=[ast.Expr(value=node)]):
            return value_of(node)
    return None

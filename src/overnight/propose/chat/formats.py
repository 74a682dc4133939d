"""In which form a model is asked for a change: what usually suits a file of that length, unless it keeps failing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from overnight.propose.brief import Wanted

SHORT_LINES = 300
"""Of the longest file: up to here models err less when they write all of it, and beyond it costs too much."""

LONG_BYTES = 80_000
"""Of all files: nobody is asked to write so much, and a brief shows it only in part."""


class Formats:
    def __init__(self, fixed: Wanted | None) -> None:
        self._fixed = fixed
        self._asked: Counter[Wanted] = Counter()
        self._worked: Counter[Wanted] = Counter()

    def choose(self, files: Mapping[str, str]) -> Wanted:
        if self._fixed:
            return self._fixed
        if too_long(files):
            return Wanted.BLOCKS
        lines = max((text.count("\n") for text in files.values()), default=0)
        usual, other = Wanted.WHOLE, Wanted.BLOCKS
        if lines > SHORT_LINES:
            usual, other = other, usual
        return usual if self._hope(usual, 2) >= self._hope(other, 1) else other

    def record(self, asked: Wanted, worked: bool) -> None:
        """Whether the first answer could be used."""
        self._asked[asked] += 1
        self._worked[asked] += worked

    def _hope(self, format: Wanted, before: int) -> float:
        """The share that works, as if two had been tried before and so many had worked."""
        return (self._worked[format] + before) / (self._asked[format] + 2)


def too_long(files: Mapping[str, str]) -> bool:
    return sum(len(text.encode("utf-8", "replace")) for text in files.values()) > LONG_BYTES

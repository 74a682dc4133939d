"""What a place that text goes to can do, and text that fits it: colour, width, characters.

Promises: nothing that a stranger wrote reaches the terminal unless it went through `printable`, so no escape, carriage
return or right-to-left mark in a hypothesis can move the cursor or hide a line. Text for a pipe is never cut.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TextIO, TypeAlias

ASCII: dict[int, str] = str.maketrans({"·": "-", "−": "-", "→": ">", "…": "~", "━": "#", "─": "-", "±": "~", "×": "x"})
ASCII |= {ord(block): shade for block, shade in zip("▁▂▃▄▅▆▇█", "_.:;=+*#", strict=True)}


class Tone(Enum):
    """Colours by what they mean; the value is the terminal's code. Few, and never the only carrier of a meaning."""

    PLAIN = ""
    GOOD = "32"  # kept
    BAD = "31"  # crashed
    QUIET = "90"  # discarded, and whatever may be overlooked
    SAID = "36"  # what an agent says: a claim, never to be taken for a measurement
    WARN = "33"
    STRONG = "1"


Cell: TypeAlias = str | tuple[str, Tone]


@dataclass(frozen=True, slots=True)
class Screen:
    """`width` None: a pipe or a file, where nothing is cut."""

    width: int | None = None
    height: int = 24
    colour: bool = False
    unicode: bool = True
    moves: bool = False  # the cursor can be moved: a terminal that is not dumb

    def paint(self, text: str, tone: Tone) -> str:
        shown = text if self.unicode else text.translate(ASCII)
        return f"\x1b[{tone.value}m{shown}\x1b[0m" if self.colour and tone.value and text else shown


def screen_of(stream: TextIO, env: Mapping[str, str] = os.environ) -> Screen:
    """Looks anew each time, so that a resized window is seen."""
    unicode = "utf" in (stream.encoding or "").lower()
    forced = bool(env.get("FORCE_COLOR"))
    if not stream.isatty():
        return Screen(colour=forced, unicode=unicode)
    size = os.get_terminal_size(stream.fileno())
    dumb = env.get("TERM", "dumb") in ("dumb", "")
    colour = forced or not (dumb or env.get("NO_COLOR"))
    return Screen(size.columns or 80, size.lines or 24, colour, unicode, not dumb)


def printable(text: str) -> str:
    """On one line, and without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text)


def columns_of(text: str) -> int:
    """How many columns of the terminal it takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, columns: int) -> str:
    if columns_of(text) <= columns:
        return text
    kept = text[: max(0, columns - 1)]
    while columns_of(kept) > columns - 1 and kept:
        kept = kept[:-1]
    return f"{kept}…" if columns > 0 else ""


def folded(text: str, columns: int | None) -> list[str]:
    """Lines of whole words, each within the columns where its words are; None: one line."""
    lines = [""]
    for word in text.split(" ") if columns is not None else [text]:
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if columns is None or not lines[-1] or columns_of(longer) <= columns:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line.rstrip() for line in lines]


def fit(text: str, columns: int, right: bool = False) -> str:
    """Exactly so many columns."""
    short = cut(text, columns)
    space = " " * (columns - columns_of(short))
    return space + short if right else short + space


def bar(share: float, columns: int) -> list[Cell]:
    done = round(max(0.0, min(1.0, share)) * columns)
    return ["━" * done, ("─" * (columns - done), Tone.QUIET)]


def labelled(label: str, rows: Iterable[list[Cell]], columns: int) -> Iterator[list[Cell]]:
    """The label before the first row, and as much room before the others."""
    for cells in rows:
        yield [fit(label, columns), *cells]
        label = ""


def spread(cells: Sequence[Cell], columns: int | None, screen: Screen) -> str:
    """The cells one after the other, cut where `columns` end, and then painted."""
    parts: list[str] = []
    left = columns
    for cell in cells:
        text, tone = (cell, Tone.PLAIN) if isinstance(cell, str) else cell
        short = text if left is None else cut(text, left)
        parts.append(screen.paint(short, tone))
        left = None if left is None else left - columns_of(short)
    return "".join(parts)

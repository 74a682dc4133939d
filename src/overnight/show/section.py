"""What a report is made of: sections with sentences and small tables, as text that people read. No I/O, no markup."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from overnight.show.paint import Cell, Tone, cut

SENTENCE = 400  # characters of what somebody said

Part: TypeAlias = tuple[Cell, ...]
"""Cells one below the other, in one place of a table."""


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    right: bool = False  # numbers
    wide: bool = False  # sentences


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[tuple[Part, ...], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences, then a picture, tables, and commands to type."""

    name: str
    title: str
    sentences: tuple[Cell, ...] = ()
    tables: tuple[Table, ...] = ()
    commands: tuple[str, ...] = ()
    picture: str = ""  # the name of one that lies beside the report, without its ending


def titled(*titles: str) -> tuple[Column, ...]:
    """A title that begins with > is of a column of numbers, one with < of sentences."""
    return tuple(Column(title.lstrip("<>"), title.startswith(">"), title.startswith("<")) for title in titles)


def one(text: str, tone: Tone = Tone.PLAIN) -> Part:
    return ((text, tone),)


def cells(*texts: str) -> tuple[Part, ...]:
    return tuple(one(text) for text in texts)


def said(hypothesis: str, why: str = "") -> Part:
    """What an author says, and below it what the judge says."""
    claim = (cut(hypothesis, SENTENCE), Tone.SAID)
    return (claim, (cut(why, SENTENCE), Tone.QUIET)) if why else (claim,)


def text_of(part: Iterable[Cell]) -> str:
    return "".join(cell if isinstance(cell, str) else cell[0] for cell in part)

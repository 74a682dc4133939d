"""Literals: places in a file where one value stands, whatever the file's format.

A literal is turned by splicing: its own characters change and nothing else, in the style in which they were written, so
that a change is a one-line diff that keeps comments, order and quotes. Who finds literals is `knobs_python.py`,
`knobs_yaml.py`, `knobs_json.py` and `knobs_toml.py`; which of them are knobs is `knobs.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from overnight.program.ranges import Value

LISTED = 4
"""Numbers of a list that are turned one by one; a longer one is a table."""
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)( ?(?:[kKMGT]i?B?|B|ns|us|ms|s|min|m|h|d|%))")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9](?:_?\d)*)(?:\.\d*)?(?:[eE][-+]?\d+)?|[-+]?\.\d+(?:[eE][-+]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Literal:
    name: str
    value: Value
    source: str  # as it is written
    line: int
    start: int  # characters from the start of the text
    end: int
    comment: str = ""  # behind it on the line
    choices: tuple[Value, ...] = ()  # that the code itself names
    used: bool = True  # False: a default that nobody in this file falls back to; a knob only if somebody says so
    numbers_only: bool = False  # flags and words are more likely to say how a function is meant than to be tuned
    keys: tuple[str | int, ...] = ()  # where it stands in a document
    unit: str = ""  # what follows the number in the same string: "128MB"


def spliced(text: str, changes: Iterable[tuple[Literal, str]]) -> str:
    """The text with these literals written anew."""
    for literal, new in sorted(changes, key=lambda change: change[0].start, reverse=True):
        text = text[: literal.start] + new + text[literal.end :]
    return text


def without(text: str, literals: Iterable[Literal]) -> str:
    """What is around these literals. The comments behind them speak of them, and go too."""
    parts, at = [], 0
    for literal in sorted(literals, key=lambda literal: literal.start):
        end = re.compile(r"[^\r\n]*").match(text, literal.end) if literal.comment else None
        parts.append(text[at : literal.start])
        at = max(at, end.end() if end else literal.end)
    return "\0".join([*parts, text[at:]])


def alone(literals: Iterable[Literal]) -> tuple[Literal, ...]:
    """Those whose name means one place. A default that nobody falls back to gives way to what is in use."""
    by_name: dict[str, list[Literal]] = {}
    for literal in literals:
        by_name.setdefault(literal.name, []).append(literal)
    found = (([each for each in same if each.used] or same) for same in by_name.values())
    return tuple(sorted((same[0] for same in found if len(same) == 1), key=lambda literal: literal.start))


def number(text: str) -> int | float | None:
    """A decimal number as all of these formats read it."""
    if not _DECIMAL.fullmatch(text):
        return None
    value = int(text) if re.fullmatch(r"[-+]?[\d_]+", text) else float(text)
    return value if abs(value) < 2**53 else None


def amount(text: str) -> tuple[int | float, str] | None:
    """Number and unit of a text such as `128MB` or `30 s`."""
    match = _AMOUNT.fullmatch(text)
    value = number(match[1]) if match else None
    return (value, match[2]) if match and value is not None else None


def written(old: str, value: Value) -> str:
    """`value` as the old literal was written: 2**17 → 2**18, 1_000 → 1_500, 1e-3 → 3e-4, 'a' → 'b'."""
    if isinstance(value, str):
        return f"{old[0]}{value}{old[0]}"
    if isinstance(value, float):
        return _written_float(old, value)
    if "**" in old and value > 0 and value & (value - 1) == 0:
        return re.sub(r"\d+$", str(value.bit_length() - 1), old)
    return f"{value:_}" if "_" in old else repr(value)


def _written_float(old: str, value: float) -> str:
    if "e" not in old.lower() and "e" not in repr(value):
        return f"{value:_}" if "_" in old else repr(value)
    mantissa, exponent = f"{value:.2e}".split("e")
    e = "E" if "E" in old else "e"
    short = f"{mantissa.rstrip('0').rstrip('.')}{e}{int(exponent)}"
    return short if float(short) == value else repr(value)

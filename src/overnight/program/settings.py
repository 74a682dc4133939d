"""The keys that program.md knows: one table from key to how its value is read, shown and defaulted.

A Setting is one value with where it was said. Keys of lists (`edit`, `guards`, …) have one Setting per item.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from overnight.model import Goal
from overnight.program import units
from overnight.program.program import Box, Origin, Rule


@dataclass(frozen=True, slots=True)
class Setting:
    key: str
    value: Any  # None: a list that was left empty on purpose
    origin: Origin
    line: int | None = None
    why: str = ""

    @property
    def rule(self) -> Rule:
        value = "nothing" if self.value is None else KEYS[self.key].show(self.value)
        return Rule(self.key, value, self.origin, self.line, self.why)


@dataclass(frozen=True, slots=True)
class Key:
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = str
    many: bool = False
    default: Any = None  # None: without a value where nobody gives one


@dataclass(frozen=True, slots=True)
class Seed:
    """`7`, `as-is`, or `7 as-is`: the night's seed, and whether hard-coded seeds stay as they are."""

    number: int | None = None
    as_is: bool = False

    def __str__(self) -> str:
        words = (None if self.number is None else str(self.number), "as-is" if self.as_is else None)
        return " ".join(word for word in words if word) or "drawn for each night"


def nearest(word: str, names: Iterable[str]) -> str:
    """A clause that names the nearest right spelling, or nothing."""
    close = get_close_matches(word[:80], list(names), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def words(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("has no value: give one, or delete the line")
    return text.strip()


def name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][\w./%@-]*", text.strip()):
        raise ValueError(f"{units.quoted(text)} is no name; write the one name, as in val_bpb")
    return text.strip()


def variable(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text.strip()):
        raise ValueError(f"{units.quoted(text)} is no name of an environment variable")
    return text.strip()


def goal(text: str) -> Goal:
    word = text.strip().lower().replace("minimise", "minimize").replace("maximise", "maximize")
    if word not in list(Goal):
        raise ValueError(f"{units.quoted(text)} is neither minimize nor maximize{nearest(word, list(Goal))}")
    return Goal(word)


def seed(text: str) -> Seed:
    match = re.fullmatch(r"(\d{1,10})?\s*(as-is)?", text.strip(), re.ASCII)
    if not match or not text.strip():
        raise ValueError(f"{units.quoted(text)} is no seed; write a number below 10^10, as-is, or both: 7 as-is")
    return Seed(None if match[1] is None else int(match[1]), match[2] is not None)


def slots(text: str) -> int:
    wanted = units.count(text)
    if wanted > 1024:
        raise ValueError(f"{units.quoted(text)} is more slots than one machine has")
    return wanted


def pattern(text: str) -> str:
    """A regular expression whose group `value`, or first group, is the number."""
    try:
        groups = re.compile(text).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{units.quoted(text)} is no regular expression: {error}") from None
    if not groups:
        raise ValueError(f"{units.quoted(text)} has no group for the number; write it like 'loss: ([0-9.]+)'")
    return text


KEYS: Mapping[str, Key] = {
    "edit": Key(words, many=True),
    "protect": Key(words, many=True),
    "run": Key(words),
    "metric": Key(name),
    "goal": Key(goal, default=Goal.MINIMIZE),
    "time_box": Key(units.box, units.box_text, default=Box(300.0)),
    "kill_after": Key(units.duration, units.duration_text),
    "guards": Key(units.guard, many=True),
    "stop.experiments": Key(units.count),
    "stop.hours": Key(units.hours, units.duration_text),
    "stop.until": Key(units.until),
    "stop.cost": Key(units.money, lambda usd: f"${usd:g}"),
    "stop.tokens": Key(units.count),
    "stop.plateau": Key(units.count, lambda n: f"{n} experiments without a keep"),
    "stop.target": Key(units.number, "{:g}".format),
    "between": Key(units.window, units.window_text),
    "seed": Key(seed, default=Seed()),
    "slots": Key(slots, default=1),
    "python": Key(words, default="auto"),
    "pass_env": Key(variable, many=True),
    "share": Key(words, many=True),
    "save": Key(words, many=True),
    "curve": Key(pattern),
    "disk": Key(units.size_mb, units.size_text, default=2048.0),
    "output": Key(units.size_mb, units.size_text, default=100.0),
    "agent": Key(words, default="search"),
    "policy": Key(words, default="greedy"),
}

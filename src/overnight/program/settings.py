"""The keys that program.md knows: one table from key to how its value is read.

Whoever speaks (the front matter, a flag, a sentence, an inference, a default) says text, and all texts go through
the same parsers. A Setting is one value with where it was said; keys of lists have one Setting per item.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from overnight.model import Goal
from overnight.program import units
from overnight.program.knobs_said import knob_rule
from overnight.program.program import Origin, Rule

RESERVED = {"cpu": "cores:", "gpu": "gpus:", "memory": "memory:", "object_store_memory": "memory:"}
"""What Ray has a name of its own for, and which key says it here."""


@dataclass(frozen=True, slots=True)
class Key:
    parse: Callable[[str], Any]
    many: bool = False
    apart: str = r",\s+"  # between the items that stand in one text: no path has a comma and a blank in it
    default: str | None = None
    show: Callable[[Any], str] | None = None  # for the read-back, where the text alone would not say the unit


@dataclass(frozen=True, slots=True)
class Setting:
    key: str
    text: str
    value: Any  # None: a list that was left empty on purpose
    origin: Origin
    line: int | None = None
    why: str = ""

    @classmethod
    def of(cls, key: str, text: str, origin: Origin, line: int | None = None, why: str = "") -> Setting:
        """Raises ValueError where the text is no value for the key. `none` is the empty list."""
        known, text = KEYS.get(key) or SPOKEN[key], text.strip()
        empty = known.many and text == "none"
        return cls(key, text, None if empty else known.parse(text), origin, line, why)

    @property
    def rule(self) -> Rule:
        show = KEYS[self.key].show if self.value is not None else None
        return Rule(self.key, show(self.value) if show else self.text, self.origin, self.line, self.why)


def nearest(word: str, names: Iterable[str]) -> str:
    """A clause that names the nearest right spelling, or nothing."""
    close = get_close_matches(word[:80], list(names), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _words(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("has no value: give one, or delete the line")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][\w./%@-]*", text):
        raise ValueError(f"{units.quoted(text)} is no name; write the one name, as in val_bpb")
    return text


def _goal(text: str) -> Goal:
    word = text.lower().replace("imise", "imize")
    if word not in list(Goal):
        raise ValueError(f"{units.quoted(text)} is neither minimize nor maximize{nearest(word, list(Goal))}")
    return Goal(word)


def _seed(text: str) -> tuple[int | None, bool]:
    """The night's seed, and whether hard-coded seeds stay as they are: `7`, `as-is`, or `7 as-is`."""
    match = re.fullmatch(r"(?:drawn|(\d{1,10}))? ?(as-is)?", text, re.ASCII)
    if not match or not text:
        raise ValueError(f"{units.quoted(text)} is no seed; write a number below 10^10, as-is, or both: 7 as-is")
    return None if match[1] is None else int(match[1]), match[2] is not None


def _slots(text: str) -> int:
    """0 is `auto`: whoever knows the machine says how many that are."""
    return 0 if text == "auto" else _few(text)


def _few(text: str) -> int:
    if units.count(text) > 1024:
        raise ValueError(f"{units.quoted(text)} is more than one machine has")
    return units.count(text)


def _gpus(text: str) -> float:
    number = units.number(text)
    if number < 0 or (number > 1 and not number.is_integer()) or number > 64:
        raise ValueError(f"{units.quoted(text)} is no number of GPUs; write 1, 2, 0.5 where two runs share one, or 0")
    return number


def _resource(text: str) -> tuple[str, float]:
    name, _, amount = (part.strip() for part in text.rpartition(":"))
    if name.lower() in RESERVED:
        raise ValueError(f"{name} is no resource of one's own; write it as {RESERVED[name.lower()]}")
    if not re.fullmatch(r"[A-Za-z_][\w.:-]{0,99}", name):
        raise ValueError(f"{units.quoted(text)} is no resource; write its name and how much of it, as in tpu: 1")
    if not 0.0001 <= units.number(amount) <= 1e6:
        raise ValueError(f"{units.quoted(text)}: a slot can hold from 0.0001 to a million of it; delete it for none")
    return name, units.number(amount)


def _engine(text: str) -> str:
    """`here` is what it is without the key."""
    if text not in ("here", "ray") and not re.fullmatch(r"ray://[\w.:\[\]-]+", text):
        raise ValueError(f"{units.quoted(text)} is nowhere that runs could be; write here, ray, or ray://host:10001")
    return "" if text == "here" else text


def _sandbox(text: str) -> str:
    if text not in ("auto", "1", "2", "3"):
        raise ValueError(
            f"{units.quoted(text)} is no level of isolation; write auto, or the one that must hold: 1, 2, 3"
        )
    return text


def _approve(text: str) -> str:
    """`none` is what it is without the key."""
    if text not in ("keeps", "none"):
        raise ValueError(f"{units.quoted(text)} is nothing to approve; write keeps, or delete the line")
    return text if text == "keeps" else ""


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError(f"{units.quoted(text)} is neither on nor off")
    return text == "on"


def _pattern(text: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what a later Python will read otherwise, no program should say
        try:
            groups = re.compile(text).groups
        except (re.error, OverflowError, RecursionError, Warning) as error:
            raise ValueError(f"{units.quoted(text)} is no regular expression: {error}") from None
    if not groups:
        raise ValueError(f"{units.quoted(text)} has no group for the number; write it like 'loss: ([0-9.]+)'")
    return text


KEYS: Mapping[str, Key] = {
    "edit": Key(_words, many=True),
    "protect": Key(_words, many=True),
    "run": Key(_words),
    "metric": Key(_name),
    "goal": Key(_goal, default="minimize"),
    "time_box": Key(units.box, default="5m", show=units.box_text),
    "kill_after": Key(units.duration, show=units.duration_text),
    "startup": Key(units.duration, show=units.duration_text),
    "guards": Key(units.guard, many=True, show=str),
    "stop.experiments": Key(units.count),
    "stop.hours": Key(units.hours, show=units.duration_text),
    "stop.until": Key(units.until),
    "stop.cost": Key(units.money, show="${:g}".format),
    "stop.tokens": Key(units.count),
    "stop.plateau": Key(units.count),
    "stop.target": Key(units.number),
    "between": Key(units.window),
    "seed": Key(_seed, default="drawn"),
    "slots": Key(_slots, default="1"),
    "cores": Key(_few),
    "gpus": Key(_gpus),
    "resources": Key(_resource, many=True),
    "exclusive": Key(_switch),
    "priority": Key(units.positive),
    "on": Key(_engine),
    "confirm_on": Key(_words),
    "python": Key(_words, default="auto"),
    "pass_env": Key(_name, many=True),
    "share": Key(_words, many=True),
    "save": Key(_words, many=True),
    "resume": Key(_words),
    "curve": Key(_pattern),
    "disk": Key(units.size_mb, default="2 GB", show="{:g} MB".format),
    "output": Key(units.size_mb, default="100 MB", show="{:g} MB".format),
    "sandbox": Key(_sandbox, default="auto"),
    "network": Key(_switch, default="off"),
    "memory": Key(units.size_mb, show="{:g} MB".format),
    "processes": Key(units.count, default="512"),
    "writes": Key(units.size_mb, default="10 GB", show="{:g} MB".format),
    "prepare": Key(_words),
    "artefact": Key(_words, many=True),
    "score": Key(_words),
    "answer": Key(_words),
    "hidden": Key(_words, many=True),
    "timing": Key(units.count),
    "claim": Key(units.count, default="3"),
    "margin": Key(units.percent, default="0.05 %"),
    "price": Key(units.percent, default="0 %"),
    "knobs": Key(knob_rule, many=True, show=str),
    "agent": Key(_words, many=True, apart=r"\s*\n\s*", default="search"),  # a line each: its words may have commas
    "agents": Key(_few),
    "policy": Key(_words, default="proof"),
    "approve": Key(_approve),
}
"""In the order of the read-back."""

SPOKEN: Mapping[str, Key] = {"edit.only": Key(_words), "target": Key(units.guard)}
"""What only sentences say: "only edit `train.py`", and a target before it is known which metric the program has."""

"""What program.md says of knobs, under `knobs:`: a range, the choices, or that something is fixed.

    LEARNING_RATE: 0.001..0.1, log
    MODE: a | b | c
    BATCH: fixed
    optim: fixed         all that stands in it
    others: fixed        all that is not named

What program.md says goes before comments and guesses, and makes a knob also of what would be taken for plumbing; a seed
is none whatever anybody says. Said of something that is there no more, it says nothing: code changes in a night.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from overnight.program.literals import Literal
from overnight.program.ranges import NUMBER, WORD, Number, Range, Scale, Value, choice_of, is_seed, number_of, stated

OTHERS = "others"


@dataclass(frozen=True, slots=True)
class KnobRule:
    name: str
    says: str  # as it was written
    line: int | None = None  # of program.md
    low: Number | None = None  # of a range; None: it names choices, or is fixed
    high: Number | None = None
    scale: Scale | None = None  # None: by the two ends
    choices: tuple[str, ...] = ()

    @property
    def fixed(self) -> bool:
        return self.low is None and not self.choices

    def __str__(self) -> str:
        return f"{self.name}: {self.says}"


def knob_rule(text: str) -> KnobRule:
    """From `NAME: 4..64, log`. Raises ValueError with a sentence that says how to write it."""
    name, _, says = (part.strip() for part in text.rpartition(": "))
    if not name:
        raise ValueError(f"'{text[:60]}' names no knob; write lines of the form NAME: 4..64, log")
    if says == "fixed":
        return KnobRule(name, says)
    if match := re.fullmatch(rf"({NUMBER})\s*\.\.\s*({NUMBER})(?:\s*,?\s+(\w+))?", says):
        return _range_rule(name, says, number_of(match[1]), number_of(match[2]), match[3])
    choices = tuple(part.strip().strip("\"'") for part in says.split("|"))
    if len(choices) > 1 and name != OTHERS and all(re.fullmatch(WORD, choice) for choice in choices):
        return KnobRule(name, says, choices=choices)
    how = "fixed" if name == OTHERS else "a range as in 4..64 or 0.001..0.1, log, choices as in a | b, or fixed"
    raise ValueError(f"{name}: '{says[:60]}' says neither where it may go nor that it stays; write {how}")


def ruled(rules: Sequence[KnobRule], path: str, name: str) -> KnobRule | None:
    """The rule that speaks of this knob: the one that names it most exactly."""
    fitting = [rule for rule in rules if covers(rule, path, name)]
    return max(fitting, key=lambda rule: (rule.name != OTHERS, len(rule.name)), default=None)


def covers(rule: KnobRule, path: str, name: str) -> bool:
    """True where a rule speaks of this knob: by its name, with the file's, or as a part of what is fixed."""
    if rule.name == OTHERS:
        return True
    if rule.name in (path, name, f"{path}:{name}"):
        return True
    inside = rule.name.removeprefix(f"{path}:")
    return rule.fixed and name.startswith((f"{inside}.", f"{inside}["))


def reach_of(rule: KnobRule, literal: Literal) -> tuple[Range | None, tuple[Value, ...]] | str:
    """The range or the choices of a literal that a rule speaks of, with the value that stands there among them; or why
    it cannot be one."""
    value = literal.value
    if is_seed(literal.name):
        return "is a seed, and a lucky seed is not a change"
    if rule.low is not None and rule.high is not None:
        if isinstance(value, bool | str):
            return f"is {value!r}, which has no range; write its choices, as in a | b"
        reach = stated(rule.low, rule.high, rule.scale, value)
        return (reach, ()) if reach else f"is {value!r}, and {rule.says} leaves it no other whole number"
    choices = tuple(_choice(choice, value) for choice in rule.choices)
    if None in choices:
        return f"is {value!r}, and not all of {rule.says} are of its kind"
    among = tuple(choice for choice in choices if choice is not None)
    return None, (among if value in among else (value, *among))


def _range_rule(name: str, says: str, low: Number, high: Number, scale: str | None) -> KnobRule:
    if not low < high or not math.isfinite(high - low):
        raise ValueError(f"{name}: {says} is empty; write the smaller number first")
    if name == OTHERS:
        raise ValueError(f"{name}: can only be fixed; a range is one knob's")
    if scale is not None and scale not in list(Scale):
        raise ValueError(f"{name}: {scale} is no scale; the scales are {', '.join(Scale)}")
    if scale in (Scale.LOG, Scale.DOUBLING) and low <= 0:
        raise ValueError(f"{name}: {scale} wants a range above 0")
    if scale == Scale.FRACTION and not 0 <= low < high <= 1:
        raise ValueError(f"{name}: a fraction lies in 0..1")
    if scale == Scale.DOUBLING and not all(isinstance(n, int) and n & (n - 1) == 0 for n in (low, high)):
        raise ValueError(f"{name}: doubling wants powers of two at both ends, as in 4..64")
    return KnobRule(name, says, None, low, high, Scale(scale) if scale else None)


def _choice(text: str, value: Value) -> Value | None:
    if isinstance(value, bool):
        return {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}.get(text.lower())
    return choice_of(text, value)

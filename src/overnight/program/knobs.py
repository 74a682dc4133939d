"""The knobs of the editable files: what can be turned blindly, from where to where, and why.

Numbers, flags, and words that have an evident set of choices, in Python, YAML, JSON and TOML files. Turned by splicing:
only the literal changes, in the style in which it was written, so that a knob is a one-line diff. A document is read
again after it was turned, and must say what it said but for the knob.

Where literals stand is `knobs_python.py`, `knobs_yaml.py`, `knobs_json.py`, `knobs_toml.py`; where a knob may go is
`ranges.py`, and over it what program.md says (`knobs_said.py`). Not covered: what is not a plain value in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from overnight.program.knobs_alike import Shapes
from overnight.program.knobs_documents import Flat
from overnight.program.knobs_json import json_flat, json_literals, json_written
from overnight.program.knobs_python import divided, python_literals
from overnight.program.knobs_said import KnobRule, reach_of, ruled
from overnight.program.knobs_ties import multiples
from overnight.program.knobs_toml import toml_flat, toml_literals
from overnight.program.knobs_yaml import yaml_flat, yaml_literals, yaml_written
from overnight.program.literals import Literal, spliced, written
from overnight.program.program import Program
from overnight.program.ranges import SAID, Range, Scale, Value, number_range, said_choices, skipped
from overnight.program.source import left_alone

__all__ = [
    "Knob",
    "Value",
    "find_knobs",
    "knobs_of",
    "literals_in",
    "named",
    "read_file",
    "rules_of",
    "turnable",
    "with_knobs",
]


@dataclass(frozen=True, slots=True)
class Knob:
    """A place in a file where one value stands, and which other values it could have."""

    name: str
    path: str
    line: int
    value: Value
    range: Range | None  # of a number; None for the rest, which have choices
    choices: tuple[Value, ...]
    why: str  # how its range or its choices were found
    multiple_of: str = ""  # another knob of the file that is meant to divide it
    unit: str = ""  # what follows the number: "MB"

    @property
    def given(self) -> bool:
        """A person has said from where to where."""
        return self.range is not None and self.why.endswith(SAID)


def turnable(path: str) -> bool:
    """True for a file of a kind that knobs are found in."""
    return _suffix(path) in _FORMATS


def find_knobs(text: str, path: str = "", rules: Sequence[KnobRule] = ()) -> list[Knob]:
    """The knobs of a file, from top to bottom; none for a text that does not parse. Without a path: of Python."""
    return list(_found(text, path, tuple(rules)))


def knobs_of(program: Program, files: Mapping[str, str]) -> dict[str, Knob]:
    """The knobs of all editable files, as program.md has them: by name; by path and name where there are several."""
    rules = rules_of(program)
    found = (knob for path, text in files.items() if turnable(path) for knob in find_knobs(text, path, rules))
    return {named(knob.path, knob.name, len(files)): knob for knob in found}


def rules_of(program: Program) -> tuple[KnobRule, ...]:
    """What program.md says of knobs. An option that the command line sets is not at its default."""
    given = re.findall(r"(?<!\S)(--[\w-]+)", program.run)
    return (*program.knobs, *(KnobRule(option, "fixed") for option in given))


def named(path: str, name: str, files: int) -> str:
    """What a knob is called among the knobs of so many files."""
    return name if files == 1 else f"{path}:{name}"


def with_knobs(text: str, values: Mapping[str, Value], path: str = "") -> str:
    """The same text with these knobs turned. What keeps its value keeps its bytes."""
    kind = _FORMATS[_suffix(path)]
    literals = {literal.name: literal for literal in _literals(text, path)}
    turned = [literals[name] for name, value in values.items() if literals[name].value != value]
    new = spliced(text, [(literal, kind.written(literal, values[literal.name])) for literal in turned])
    if turned and kind.flat and not _as_meant(text, new, {each: values[each.name] for each in turned}, path, kind.flat):
        raise ValueError(f"{path}: {', '.join(each.name for each in turned)} cannot be turned in its place")
    return new


def literals_in(text: str, path: str) -> Sequence[Literal]:
    """All that could ever be a knob, whether or not it is one."""
    return _literals(text, path)


def read_file(text: str, path: str) -> tuple[Mapping[str, Value], str]:
    """The values of all that could ever be a knob, and the text around them."""
    if _suffix(path) == ".py" and (known := _SHAPES.read(text, path)):
        return known
    literals = _literals(text, path)
    return {literal.name: literal.value for literal in literals}, _SHAPES.learn(text, path, literals).around


@dataclass(frozen=True, slots=True)
class _Format:
    literals: Callable[[str], tuple[Literal, ...]]
    written: Callable[[Literal, Value], str]
    flat: Callable[[str], Flat] | None = None  # to hold what was meant against what is read


_YAML = _Format(yaml_literals, yaml_written, yaml_flat)
_FORMATS = {
    ".py": _Format(python_literals, lambda literal, value: written(literal.source, value)),
    ".yaml": _YAML,
    ".yml": _YAML,
    ".json": _Format(json_literals, json_written, json_flat),
    ".toml": _Format(toml_literals, json_written, toml_flat),
}

_SHAPES = Shapes()


@lru_cache(maxsize=64)
def _literals(text: str, path: str) -> tuple[Literal, ...]:
    return _FORMATS[_suffix(path)].literals(text)


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix if path else ".py"


@lru_cache(maxsize=32)
def _found(text: str, path: str, rules: tuple[KnobRule, ...]) -> tuple[Knob, ...]:
    literals = _literals(text, path)
    document = _FORMATS[_suffix(path)].flat is not None
    ties = multiples([each for each in literals if each.used], () if document else divided(text))
    found = (_knob(each, path, ruled(rules, path, each.name), ties.get(each.name, ""), document) for each in literals)
    return tuple(knob for knob in found if knob)


def _knob(literal: Literal, path: str, rule: KnobRule | None, whole_of: str, document: bool) -> Knob | None:
    if rule:
        reached = None if rule.fixed else reach_of(rule, literal)
        if reached is None or isinstance(reached, str):
            return None
        reach, choices = reached
        why = f"program.md:{rule.line} {SAID}" if rule.line else f"program.md {SAID}"
    else:
        reach, choices, why = _guessed(literal, document)
    if reach is None and len(choices) < 2:
        return None
    return Knob(literal.name, path, literal.line, literal.value, reach, choices, why, whole_of, literal.unit)


def _guessed(literal: Literal, document: bool) -> tuple[Range | None, tuple[Value, ...], str]:
    """By the comment, the code around, the name and the value; nothing for what is no knob."""
    value, comment = literal.value, literal.comment
    said = said_choices(comment, value)
    marked = bool(said) or not literal.numbers_only or (type(value) in (int, float) and value != 0)
    if (
        left_alone(f"#{comment}")
        or not literal.used
        or not marked
        or skipped(literal.name, comment, bool(said), document)
    ):
        return None, (), ""
    if said:
        return None, said, "the comment names the choices"
    if literal.choices and value in literal.choices:
        return None, literal.choices, "the code names its choices"
    if isinstance(value, bool):
        return None, (False, True), "a flag"
    if isinstance(value, str):
        return None, (), ""
    if literal.unit == "%" and 0 <= value <= 100:
        return Range(type(value)(0), type(value)(100), Scale.LINEAR), (), "a percentage"
    reach, why = number_range(literal.name, value, comment, literal.source)
    return reach, (), why


def _as_meant(old: str, new: str, values: Mapping[Literal, Value], path: str, flat: Callable[[str], Flat]) -> bool:
    """True where the new text reads as the old one, but for these values."""
    before, after, turned = flat(old), flat(new), {literal.keys for literal in values}
    again = {literal.name: literal.value for literal in _literals(new, path)}
    return {keys: value for keys, value in before.items() if keys not in turned} == {
        keys: value for keys, value in after.items() if keys not in turned
    } and all(again.get(literal.name) == value for literal, value in values.items())

"""What has to hold of a file's new text, whatever the format that brought it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from itertools import accumulate

import yaml

from overnight.program.source import syntax_error
from overnight.propose.edits.change import Fault, Refusal
from overnight.propose.edits.elided import elision

_DEEPEST = 100  # brackets
_YAML = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the quick one, where it was built


def expect_sound(path: str, old: str, new: str) -> None:
    """Refusal where the new text has left something out, or cannot be read as what it is."""
    if line := elision(old, new):
        raise Refusal(Fault.ELIDED, f"{path}: a comment stands for code that was left out: {line}")
    if path.endswith(".py") and (error := syntax_error(new)):
        raise Refusal(Fault.DOES_NOT_COMPILE, f"{path} would not compile: {error}")
    parse = _PARSERS.get(path.rpartition(".")[2].lower())
    if parse and (error := _error(parse, new)) and not _error(parse, old):
        raise Refusal(Fault.DOES_NOT_COMPILE, f"{path} would not parse: {error}")


def _yaml(text: str) -> object:
    """The parser's time grows with the square of the depth of brackets, which no file of a person's needs."""
    if max(accumulate((c in "[{") - (c in "]}") for c in text), default=0) > _DEEPEST:
        raise ValueError(f"brackets nest deeper than {_DEEPEST}")
    return sum(1 for _ in yaml.parse(text, Loader=_YAML))


_PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": _yaml,
    "yml": _yaml,
}


def _error(parse: Callable[[str], object], text: str) -> str:
    try:
        parse(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        return " ".join(str(error).split())[:200] or type(error).__name__
    return ""

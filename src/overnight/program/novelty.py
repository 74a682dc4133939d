"""When two texts are the same program, so that the second one is not measured as a new idea.

`normal_form` promises to be equal only where a run could not tell the two apart. Python: by its syntax tree, so that
comments, formatting, docstrings, and how a number is written (2**10, 1024, 0x400) do not count; every seed is the same
number. Docstrings do count in files that may hand them to somebody: a tool's docstring is a part of its prompt. JSON,
YAML and TOML: by value; the order of keys counts, since programs loop over them. Other texts: but for space at the ends
of lines. What does not parse is compared as it is.

Numbers are not rounded, but for those for which somebody has said from where to where they go (`coarse`): of these two
settings are the same where three digits are. Where constants are themselves the solution of a noiseless task, as in a
packing, the ninth digit is an idea.

Not covered: renamed variables, exchanged statements, and programs that read their own source.
"""

from __future__ import annotations

import ast
import json
import operator
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Any

import yaml

from overnight.program.knobs import find_knobs, turnable, with_knobs
from overnight.program.knobs_said import KnobRule
from overnight.program.reseeding import seed_search
from overnight.program.seeds import set_seeds
from overnight.program.source import parse

__all__ = ["coarse", "normal_form", "seed_search"]

MOST_CHARACTERS, MOST_OPEN, MOST_NODES = 32_000, 50, 100_000
"""Of a YAML text, which is slow to read: its length, its brackets open at a time, and what its aliases stand for."""


def coarse(path: str, text: str, rules: Sequence[KnobRule] = ()) -> str:
    """The text with three digits of each number whose range is given, by a comment or by program.md's `rules`."""
    if not turnable(path):
        return text
    given = [knob for knob in find_knobs(text, path, rules) if knob.given]
    rounded = {knob.name: float(f"{knob.value:.3g}") for knob in given if isinstance(knob.value, float)}
    finer = {knob.name: rounded[knob.name] for knob in given if rounded.get(knob.name, knob.value) != knob.value}
    with suppress(ValueError):  # a document that cannot be turned there
        return with_knobs(text, finer, path)
    return text


def normal_form(path: str, text: str) -> str:
    """Equal for texts that are the same program. Only to be compared, not to be read."""
    try:
        match path.rpartition(".")[2].lower():
            case "py":
                return _python(text)
            case "json":
                return repr(json.loads(text, object_pairs_hook=_Pairs))
            case "yaml" | "yml":
                return "".join(_yaml(text))
            case "toml":
                return repr(tomllib.loads(text))
    except (ValueError, yaml.YAMLError, RecursionError):  # also json's and tomllib's errors
        return text
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))


class _Pairs(list[tuple[str, Any]]):
    """A JSON object: in its order, and with a key that is there twice."""

    def __repr__(self) -> str:
        return f"{{{super().__repr__()}}}"


# ---- Python

READ = re.compile(r"__doc__|getdoc|help\(|doctest|docopt|tool|agent|prompt|signature|schema|dspy|llm", re.IGNORECASE)
"""Words of files in which docstrings are read by more than people."""


def _python(text: str) -> str:
    tree = parse(set_seeds(text, 0))
    return text if tree is None else "".join(_spelled(tree, docs=READ.search(text) is not None))


def _spelled(tree: ast.AST, docs: bool) -> Iterator[str]:
    """The tree as words, with what says nothing left out; no recursion: a long sum is a deep tree."""
    waiting: list[Any] = [tree]
    while waiting:
        match waiting.pop():
            case str(word):
                yield word
            case ast.Constant(value=value):
                yield f"#{value!r} "
            case ast.AST() as node if (number := _number(node)) is not None:
                yield f"#{number!r} "
            case ast.AST() as node:
                yield f"{type(node).__name__}("
                waiting.append(")")
                waiting.extend(reversed([part for field in ast.iter_fields(node) for part in _field(*field, docs)]))
            case value:
                yield f"{value!r} "


def _field(name: str, value: Any, docs: bool) -> Iterator[Any]:
    """None and empty lists are left out: a newer Python has more fields."""
    if isinstance(value, list):
        items = [item for i, item in enumerate(value) if not _idle(item, first=i == 0, docs=docs)]
        if items:
            plain = (item if isinstance(item, ast.AST) else f"{item!r} " for item in items)
            yield from (f"{name}[", *plain, "]")
    elif value is not None:
        yield f"{name}="
        yield f"{value!r} " if isinstance(value, str) else value


def _idle(statement: Any, first: bool, docs: bool) -> bool:
    """It does nothing: `pass`, `...`, or a text that stands for itself."""
    match statement:
        case ast.Pass():
            return True
        case ast.Expr(value=ast.Constant(value=value)):
            return not (docs and first and isinstance(value, str))
    return False


_FOLDED = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow}


def _number(node: ast.AST, depth: int = 8) -> int | float | None:
    """The value of arithmetic with literals, as Python's own compiler works it out; None for everything else."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand) if depth:
            inner = _number(operand, depth - 1)
            return None if inner is None else -inner
        case ast.BinOp(left=left, op=op, right=right) if depth and type(op) in _FOLDED:
            a, b = _number(left, depth - 1), _number(right, depth - 1)
            return None if a is None or b is None else _folded(op, a, b)
    return None


def _folded(op: ast.operator, a: int | float, b: int | float) -> int | float | None:
    """Powers of whole numbers only, and small ones: the others can be complex, infinite or as large as the memory."""
    if isinstance(op, ast.Pow) and not (isinstance(a, int) and isinstance(b, int) and abs(a) <= 1024 and 0 <= b <= 64):
        return None
    if max(abs(a), abs(b)) > 2.0**300:
        return None
    value: int | float = _FOLDED[type(op)](a, b)
    return value


# ---- YAML


def _yaml(text: str) -> Iterator[str]:
    """By what each scalar is taken for, so that "1" and 1 differ; nothing is constructed."""
    depths = accumulate((c in "[{") - (c in "]}") for c in text)
    if len(text) > MOST_CHARACTERS or max(depths, default=0) > MOST_OPEN:
        raise ValueError("too large, or too deep")
    waiting: list[Any] = list(reversed(list(yaml.compose_all(text, yaml.SafeLoader))))
    for _ in range(MOST_NODES):
        if not waiting:
            return
        match waiting.pop():
            case str(word):
                yield word
            case yaml.ScalarNode(tag=tag, value=value):
                yield f"{tag.rpartition(':')[2]}:{_scalar(tag, value)!r} "
            case yaml.SequenceNode(tag=tag, value=items):
                yield f"{tag}["
                waiting.extend(("]", *reversed(items)))
            case yaml.MappingNode(tag=tag, value=pairs):
                yield f"{tag}{{"
                waiting.extend(("}", *reversed([part for pair in pairs for part in pair])))
    raise ValueError("too many nodes")


def _scalar(tag: str, value: str) -> str | float | int:
    """A plain decimal number by its value; octals, sexagesimals and words stay as they are written."""
    if tag.endswith(":int") and re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,18})", value):
        return int(value)
    if tag.endswith(":float") and re.fullmatch(r"[-+]?[0-9]*\.[0-9]*([eE][-+]?[0-9]+)?", value):
        return float(value)
    return value

"""Spots: expressions of a Python module that are one plain value each, before anything is read from the text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from overnight.program.literals import LISTED
from overnight.program.ranges import WORD, Value, words

_KEY = re.compile(r"[A-Za-z_][\w-]*")
_CONFIG = """config configs configuration cfg conf params param hparams hparam hyperparams hyperparameters hyper
    settings options opts args arguments kwargs defaults"""


@dataclass(frozen=True, slots=True)
class Spot:
    name: str
    node: ast.expr
    whole: ast.AST  # what it is a part of: the comment behind that one is about it, too
    choices: tuple[Value, ...] = ()
    used: bool = True
    numbers_only: bool = False
    real: bool = False  # a float, also where it is written as a whole number
    constant: bool = False  # of the module itself


def value_of(node: ast.expr) -> Value | None:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value if not isinstance(value, int | float) or abs(value) < 2**53 else None
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value if not isinstance(value, bool) and abs(value) < 2**53 else None
        case ast.BinOp(left=ast.Constant(value=2), op=ast.Pow(), right=ast.Constant(value=int() as exponent)):
            return 2**exponent if 0 <= exponent < 53 else None
    return None


def leaves(spot: Spot) -> Iterator[Spot]:
    """The values in an expression: itself, the numbers of a short list, the entries of a dict, those of dicts in it."""
    match spot.node:
        case ast.Tuple(elts=items) | ast.List(elts=items):
            if len(items) <= LISTED and all(_is_number(value_of(item)) for item in items):
                yield from (replace(spot, name=f"{spot.name}[{i}]", node=item) for i, item in enumerate(items))
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and _KEY.fullmatch(key.value):
                    yield from leaves(replace(spot, name=f"{spot.name}.{key.value}", node=value))
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            for keyword in keywords:
                if keyword.arg:
                    yield from leaves(replace(spot, name=f"{spot.name}.{keyword.arg}", node=keyword.value))
        case _ if value_of(spot.node) is not None:
            yield spot


def annotated(annotation: ast.expr | None) -> tuple[bool, tuple[Value, ...]]:
    """What a type says: that it is a float, and the choices of `Literal["a", "b"]`."""
    match annotation:
        case ast.Name(id="float"):
            return True, ()
        case ast.Subscript(value=ast.Name(id="Literal") | ast.Attribute(attr="Literal"), slice=said):
            items = said.elts if isinstance(said, ast.Tuple) else [said]
            return False, plain(items)
    return False, ()


def plain(items: list[ast.expr]) -> tuple[Value, ...]:
    """Choices that are written out; nothing if one of them cannot be a choice."""
    values = tuple(value for item in items if (value := value_of(item)) is not None)
    fine = len(values) == len(items) and all(not isinstance(v, str) or re.fullmatch(WORD, v) for v in values)
    return values if fine else ()


def config_like(name: str) -> bool:
    """True for a name of settings: GPTConfig, train_args, PARAMS."""
    return not words(name).isdisjoint(_CONFIG.split())


def _is_number(value: Value | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""The knobs of an editable Python file: constants at the top of the module that can be turned blindly.

Found with `ast`: numbers, flags, and strings that have an evident set of choices, assigned once at module level
(the numbers of a short tuple one by one, as `BETAS[0]`). Turned by splicing: only the literal changes, in the
style in which it was written, so that a knob is a one-line diff.

Not covered: what is assigned inside functions, classes, `if` or `for`; dataclass fields; command-line defaults.
Where a knob may go is `ranges.py`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from overnight.program.ranges import WORD, Range, Value, number_range, said_choices, skipped
from overnight.program.source import left_alone, parse

__all__ = ["Knob", "Value", "find_knobs", "with_knobs"]


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


def find_knobs(text: str, path: str = "") -> list[Knob]:
    """The knobs of a module, from top to bottom; none for a text that does not parse."""
    return [knob for literal in _literals(text) if (knob := _knob(literal, path))]


def with_knobs(text: str, values: Mapping[str, Value]) -> str:
    """The same text with these knobs turned. What keeps its value keeps its bytes."""
    literals = {literal.name: literal for literal in _literals(text)}
    raw = text.encode()
    turned = [(literals[name], value) for name, value in values.items() if literals[name].value != value]
    for literal, value in sorted(turned, key=lambda pair: pair[0].start, reverse=True):
        raw = raw[: literal.start] + _written(literal.source, value).encode() + raw[literal.end :]
    return raw.decode()


@dataclass(frozen=True, slots=True)
class _Literal:
    name: str
    value: Value
    source: str
    line: int
    start: int  # bytes from the start of the file
    end: int
    comment: str  # behind it on the line
    compared: tuple[str, ...]  # the strings that the code compares this name with


def _knob(literal: _Literal, path: str) -> Knob | None:
    said = said_choices(literal.comment, literal.value)
    if left_alone(f"#{literal.comment}") or skipped(literal.name, literal.comment, marked=bool(said)):
        return None
    reach: Range | None = None
    choices: tuple[Value, ...] = said
    why = "the comment names the choices"
    if not said and isinstance(literal.value, bool):
        choices, why = (False, True), "a flag"
    elif not said and isinstance(literal.value, str):
        choices, why = (
            tuple(dict.fromkeys((literal.value, *literal.compared))),
            "the code compares it with these",
        )
    elif not said and isinstance(literal.value, int | float):
        reach, why = number_range(literal.name, literal.value, literal.comment, literal.source)
    if reach is None and len(choices) < 2:
        return None
    return Knob(literal.name, path, literal.line, literal.value, reach, choices, why)


@lru_cache(maxsize=64)
def _literals(text: str) -> tuple[_Literal, ...]:
    tree = parse(text)
    if tree is None:
        return ()
    raw = text.encode()
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", raw)  # Python's lines; splitlines() knows more ends
    starts = list(accumulate(map(len, lines), initial=0))
    once = {name for name, times in Counter(_bound(tree)).items() if times == 1}
    compared = _compared(tree)
    return tuple(
        _literal(name, node, whole, raw, starts, compared.get(name, ()))
        for name, node, whole in _constants(tree)
        if name.partition("[")[0] in once and _value(node) is not None
    )


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr, ast.expr]]:
    """(name, literal, the whole value) of every plain assignment of the module."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                continue
        match value:
            case ast.Tuple(elts=items) | ast.List(elts=items):
                if len(items) <= 4 and all(_is_number(_value(item)) for item in items):
                    yield from ((f"{name}[{i}]", item, value) for i, item in enumerate(items))
            case _:
                yield name, value, value


def _is_number(value: Value | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(node: ast.expr) -> Value | None:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value if not isinstance(value, int | float) or abs(value) < 2**53 else None
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value if not isinstance(value, bool) and abs(value) < 2**53 else None
        case ast.BinOp(left=ast.Constant(value=2), op=ast.Pow(), right=ast.Constant(value=int() as exponent)):
            return 2**exponent if 0 <= exponent < 53 else None
    return None


def _bound(tree: ast.Module) -> Iterator[str]:
    """Every binding of a name in the module's own scope; a function's `global` counts as one more."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        match waiting.pop():
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) as scope:
                yield name
                for inner in ast.walk(scope):
                    if isinstance(inner, ast.Global):
                        yield from inner.names
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case node:
                waiting.extend(ast.iter_child_nodes(node))


def _compared(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """For each name, the strings that the code tests it for: `X == "a"`, `X in ("a", "b")`, `{"a": …}[X]`."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=ast.Name(id=name), comparators=tested):
                pass
            case ast.Subscript(value=ast.Dict(keys=keys), slice=ast.Name(id=name)):
                tested = [key for key in keys if key]
            case _:
                continue
        words = (leaf.value for test in tested for leaf in ast.walk(test) if isinstance(leaf, ast.Constant))
        found[name] = (
            *found.get(name, ()),
            *(w for w in words if isinstance(w, str) and re.fullmatch(WORD, w)),
        )
    return found


def _literal(
    name: str, node: ast.expr, whole: ast.expr, raw: bytes, starts: list[int], compared: tuple[str, ...]
) -> _Literal:
    value = _value(node)
    assert value is not None
    start = starts[node.lineno - 1] + node.col_offset
    end = _end(node, starts)
    line_end = starts[whole.end_lineno or whole.lineno]
    comment = re.match(r"\s*#(.*)", raw[_end(whole, starts) : line_end].decode())
    source = raw[start:end].decode()
    return _Literal(name, value, source, node.lineno, start, end, comment[1] if comment else "", compared)


def _end(node: ast.expr, starts: list[int]) -> int:
    return starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or node.col_offset)


def _written(old: str, value: Value) -> str:
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
    short = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return short if float(short) == value else repr(value)

"""The literals of a Python module that can be turned blindly.

Found with `ast`: numbers, flags and strings that are assigned once at module level (the numbers of a short tuple one
by one, as `BETAS[0]`); defaults of options, functions and classes of settings (`knobs_defaults.py`); dicts of settings
and what classes are given by name (`knobs_calls.py`).

Not covered: what is computed; other assignments inside functions, classes, `if` or `for`; methods' defaults.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from overnight.program.knobs_calls import settings
from overnight.program.knobs_defaults import defaults
from overnight.program.knobs_spots import Spot, leaves, value_of
from overnight.program.knobs_usage import Usage, parted
from overnight.program.literals import Literal, alone
from overnight.program.ranges import WORD, Value
from overnight.program.source import left_alone, parse

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")  # Python's lines; splitlines() knows more ends
_BEHIND = re.compile(r"[ \t\f]*#([^\r\n]*)")
_BEHIND_ITEM = re.compile(r"[ \t]*[,)\]}]*[ \t]*#([^\r\n]*)")


def python_literals(text: str) -> tuple[Literal, ...]:
    """Each with a name of its own, in the order of the text; none for a text that does not parse."""
    tree = parse(text)
    if tree is None:
        return ()
    outside, inside = parted(tree)
    nodes = [*outside, *inside]
    lines, compared, usage = _Lines(text), _compared(nodes), Usage(nodes)
    once = {name for name, times in Counter(_bound(tree, "global" in text)).items() if times == 1}
    constants = (spot for spot in _constants(tree) if spot.name.partition("[")[0] in once)
    spots = [*constants, *defaults(tree, nodes, usage), *settings(tree, outside, usage)]
    return alone(_literal(spot, value, lines, compared) for spot in spots if (value := value_of(spot.node)) is not None)


def divided(text: str) -> set[tuple[str, str]]:
    """The pairs of names of which the code takes `a % b`: the second is meant to divide the first."""
    tree = parse(text) if "%" in text else None
    names: set[tuple[str, str]] = set()
    for node in ast.walk(tree) if tree else ():
        match node:
            case ast.BinOp(left=ast.Name() | ast.Attribute() as left, op=ast.Mod(), right=ast.Name() | ast.Attribute()):
                names.add((_leaf(left), _leaf(node.right)))
    return names


class _Lines:
    """From the places of the syntax tree, which are in bytes of a line, to characters of the text."""

    def __init__(self, text: str) -> None:
        self.text, self.lines = text, _LINE.findall(text)
        self.starts = list(accumulate(map(len, self.lines), initial=0))

    def at(self, line: int, column: int) -> int:
        shown = self.lines[line - 1]
        return self.starts[line - 1] + (column if shown.isascii() else len(shown.encode()[:column].decode()))

    def end(self, node: ast.AST) -> int:
        line, column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
        assert line is not None
        assert column is not None
        return self.at(line, column)


def _constants(tree: ast.Module) -> Iterator[Spot]:
    """Every plain assignment of the module."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                continue
        if not isinstance(value, ast.Dict | ast.Call):
            yield from leaves(Spot(name, value, value, constant=True))


def _bound(tree: ast.Module, reaching: bool) -> Iterator[str]:
    """Every binding of a name in the module's own scope; a function's `global` counts as one more. `reaching`: there
    may be one."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        match waiting.pop():
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) as scope:
                yield name
                for inner in ast.walk(scope) if reaching else ():
                    if isinstance(inner, ast.Global):
                        yield from inner.names
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case node:
                waiting.extend(ast.iter_child_nodes(node))


def _compared(nodes: Sequence[ast.AST]) -> dict[str, tuple[str, ...]]:
    """For each name, the strings that the code tests it for: `X == "a"`, `X in ("a", "b")`, `{"a": …}[X]`; those of
    attributes and entries under `.name`."""
    found: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        match node:
            case ast.Compare(left=left, comparators=tested) if name := _tested(left):
                pass
            case ast.Subscript(value=ast.Dict(keys=keys), slice=by) if name := _tested(by):
                tested = [key for key in keys if key]
            case _:
                continue
        said = (leaf.value for test in tested for leaf in ast.walk(test) if isinstance(leaf, ast.Constant))
        found[name] = (*found.get(name, ()), *(w for w in said if isinstance(w, str) and re.fullmatch(WORD, w)))
    return found


def _tested(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return f".{name}"
    return ""


def _leaf(node: ast.expr) -> str:
    return _tested(node).removeprefix(".")


def _literal(spot: Spot, value: Value, lines: _Lines, compared: dict[str, tuple[str, ...]]) -> Literal:
    node = spot.node
    start, end = lines.at(node.lineno, node.col_offset), lines.end(node)
    leaf = spot.name.rpartition(".")[2].lstrip("-").replace("-", "_")
    tested = compared.get(spot.name if spot.constant else f".{leaf}", ())
    if not spot.constant and not tested:
        tested = compared.get(leaf, ()) if spot.name.count(".") == 1 else ()
    choices = spot.choices or (tuple(dict.fromkeys((value, *tested))) if isinstance(value, str) and tested else ())
    if spot.real and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    return Literal(
        name=spot.name,
        value=value,
        source=lines.text[start:end],
        line=node.lineno,
        start=start,
        end=end,
        comment=_comment(spot, end, lines),
        choices=choices,
        used=spot.used,
        numbers_only=spot.numbers_only,
    )


def _comment(spot: Spot, end: int, lines: _Lines) -> str:
    """Behind the value, or behind a whole that `# fixed` is said of."""
    if spot.constant:
        behind = _BEHIND.match(lines.text, lines.end(spot.whole))
        return behind[1] if behind else ""
    whole = lines.end(spot.whole)
    near, far = _BEHIND_ITEM.match(lines.text, end), _BEHIND_ITEM.match(lines.text, whole)
    if near:
        return near[1]
    fixed = far and left_alone(f"#{far[1]}")
    return far[1] if far and (fixed or isinstance(spot.whole, ast.Call | ast.AnnAssign | ast.Assign)) else ""

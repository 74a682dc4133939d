"""Settings that a Python script writes down where it needs them: dicts, and what it gives to the classes it calls.

`CONFIG = {"lr": 1e-3}` and `cfg = Config(lr=1e-3)`, at the top or in a function such as main; `SVC(C=1.0)` wherever it
stands outside of classes. Of a dict that is not named like settings those entries count that are read one by one, or
all where it is passed on as `**it`: a table to look things up in is no setting.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from overnight.program.knobs_spots import Spot, config_like, leaves
from overnight.program.knobs_usage import Usage, last_name

_CLASS = re.compile(r"_*[A-Z]\w*[a-z]\w*|[A-Z]{2,4}")
_PLUMBERS = re.compile(
    r"\w*(?:Error|Exception|Warning|Parser|Executor|Thread|Process|Pool|Popen|Path|Lock|Event|Queue|Timer|Logger|"
    r"Handler|Formatter|Server|Client|Frame|Series|Counter|Fraction|Decimal|Writer|Reader|Figure|Generator|KFold|Split)"
)


def settings(tree: ast.Module, nodes: Iterable[ast.AST], usage: Usage) -> Iterator[Spot]:
    """`nodes`: those outside of classes."""
    targets: dict[int, str] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case ast.Call():
                yield from _call(node, targets.get(id(node), ""))
                continue
            case _:
                continue
        targets[id(value)] = name  # the statement comes before what is in it
        yield from _entries(name, value, usage, node in tree.body)


def _entries(name: str, value: ast.expr, usage: Usage, top: bool) -> Iterator[Spot]:
    if not isinstance(value, ast.Dict) and not (isinstance(value, ast.Call) and last_name(value.func) == "dict"):
        return
    if config_like(name) or (top and name in usage.starred):
        yield from leaves(Spot(name, value, value))
    elif top:
        spots = leaves(Spot(name, value, value))
        yield from (spot for spot in spots if usage.read(name, spot.name.split(".")[1].partition("[")[0]))


def _call(call: ast.Call, target: str) -> Iterator[Spot]:
    """What is given to a class by name, under the name that it is assigned to, or the class's own."""
    cls = last_name(call.func)
    if _CLASS.fullmatch(cls) and not _PLUMBERS.fullmatch(cls):
        for keyword in (keyword for keyword in call.keywords if keyword.arg):
            spot = Spot(
                f"{target or cls}.{keyword.arg}", keyword.value, keyword.value, numbers_only=not config_like(cls)
            )
            yield from leaves(spot)

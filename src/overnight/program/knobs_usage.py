"""Which defaults of a module are really in use: who calls what, and leaves which argument out.

A default counts when somebody in the file falls back to it. What the file hands to a caller that cannot be seen (a
command-line library, another module that imports a class named like a configuration) counts as well; what is passed as
`**something` unknown counts as given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

_STARTERS = {"Fire", "run", "cli", "command", "typer", "main", "callback"}
_LOOKERS = {"isinstance", "issubclass", "cast", "super", "fields", "asdict"}


class Usage:
    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self._calls: dict[str, list[ast.Call]] = {}
        self._dicts: dict[str, set[str] | None] = {}  # names of dicts, and their keys as far as they are plain
        self._handed: set[str] = set()  # to some call
        self._started: set[str] = set()  # by a command-line library
        self._named: set[str] = set()
        self._read: set[tuple[str, str]] = set()  # (owner, attribute or key)
        self._set: set[str] = set()  # attributes of something that is not self
        self.starred: set[str] = set()  # names that are passed as **name
        for node in nodes:
            self._look(node)

    def read(self, owner: str, key: str) -> bool:
        return (owner, key) in self._read

    def function(self, name: str, parameter: str, order: Sequence[str]) -> bool:
        """True where a function runs with this default."""
        return name in self._started or self._omitted(name, parameter, order)

    def field(self, name: str, field: str, order: Sequence[str], config: bool) -> bool:
        """True where this default of a class is what its users find. `config`: it is named like one."""
        if field in self._set:
            return False
        if self._omitted(name, field, order) or name in self._handed or (name, field) in self._read:
            return True
        return config and name not in self._calls and name not in self._named

    def _look(self, node: ast.AST) -> None:
        match node:
            case ast.Call(func=func, args=args, keywords=keywords):
                self._call(node, last_name(func), [*args, *(each.value for each in keywords if each.arg)])
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() | ast.Call() as value):
                self._dicts[name] = None if name in self._dicts else _keys(value)
            case ast.Attribute(value=ast.Name(id=owner), attr=attr, ctx=ast.Load()):
                self._read.add((owner, attr))
            case ast.Attribute(value=ast.Name(id=owner), attr=attr) if owner != "self":
                self._set.add(attr)
            case ast.Subscript(value=ast.Name(id=owner), slice=ast.Constant(value=str(key)), ctx=ast.Load()):
                self._read.add((owner, key))
            case ast.FunctionDef(name=name, decorator_list=decorators):
                used = {last_name(getattr(each, "func", each)) for each in decorators}
                self._started |= {name} if used & _STARTERS else set()
            case ast.Name(id=name, ctx=ast.Load()):
                self._named.add(name)

    def _call(self, call: ast.Call, name: str, values: Sequence[ast.expr]) -> None:
        self._calls.setdefault(name, []).append(call)
        handed = {value.id for value in values if isinstance(value, ast.Name)}
        self._handed |= handed if name not in _LOOKERS else set()
        self._started |= handed if name in _STARTERS else set()
        self.starred |= {key.value.id for key in call.keywords if not key.arg and isinstance(key.value, ast.Name)}

    def _omitted(self, name: str, parameter: str, order: Sequence[str]) -> bool:
        given = (self._given(call, order) for call in self._calls.get(name, ()))
        return any(parameter not in names for names in given if names is not None)

    def _given(self, call: ast.Call, order: Sequence[str]) -> set[str] | None:
        """The parameters that a call gives; None where that cannot be seen."""
        if any(isinstance(argument, ast.Starred) for argument in call.args):
            return None
        given = set(order[: len(call.args)])
        for keyword in call.keywords:
            if keyword.arg:
                given.add(keyword.arg)
                continue
            keys = self._dicts.get(keyword.value.id) if isinstance(keyword.value, ast.Name) else _keys(keyword.value)
            if keys is None:
                return None
            given |= keys
        return given


def last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def parted(tree: ast.Module) -> tuple[list[ast.AST], list[ast.AST]]:
    """The nodes outside of classes, and those in them. Without annotations, which use nothing, and without the insides
    of f-strings: before Python 3.12 their places are wrong."""
    outside = _walked([tree])
    classes = [node for node in outside if isinstance(node, ast.ClassDef)]
    return outside, _walked([part for cls in classes for part in ast.iter_child_nodes(cls)], into_classes=True)


def _keys(value: ast.expr) -> set[str] | None:
    """Of a dict that is written out; None where some cannot be seen."""
    match value:
        case ast.Dict(keys=keys):
            names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            names = [keyword.arg for keyword in keywords]
        case _:
            return None
    plain = {name for name in names if isinstance(name, str)}
    return plain if len(plain) == len(names) else None


def _walked(nodes: list[ast.AST], into_classes: bool = False) -> list[ast.AST]:
    for node in nodes:  # which grows
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.ClassDef) and not into_classes):
            continue
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                nodes += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST) and field not in ("annotation", "returns", "ctx", "op"):
                nodes.append(value)
    return nodes

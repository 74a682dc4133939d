"""Defaults of a Python module: of the fields of classes, of the parameters of functions, of command-line options.

A default counts as in use when somebody in the file falls back to it (`knobs_usage.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from overnight.program.knobs_spots import Spot, annotated, config_like, leaves, plain
from overnight.program.knobs_usage import Usage, last_name

_RECORDS = {"dataclass", "define", "frozen", "mutable", "attrs", "s", "configclass"}
_BASES = {"NamedTuple", "BaseModel", "BaseSettings", "Struct", "Config"}
_OPTIONS = {"add_argument", "add_option", "option"}


def defaults(tree: ast.Module, nodes: Sequence[ast.AST], usage: Usage) -> Iterator[Spot]:
    for statement in tree.body:
        match statement:
            case ast.ClassDef():
                yield from _fields(statement, statement.name, usage)
                yield from _constructor(statement, usage)
            case ast.FunctionDef():
                yield from _parameters(statement, statement.name, usage)
    for node in nodes:
        if isinstance(node, ast.Call) and last_name(node.func) in _OPTIONS:
            yield from _option(node)


def _fields(cls: ast.ClassDef, name: str, usage: Usage, inside: bool = False) -> Iterator[Spot]:
    """Of records, and of classes that are named like settings, or stand in one."""
    config = inside or config_like(cls.name)
    if not config and not _is_record(cls):
        return
    order = [each.target.id for each in cls.body
             if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]  # fmt: skip
    for statement in cls.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=field)], value=value):
                real, choices = annotated(None)
            case ast.AnnAssign(target=ast.Name(id=field), annotation=annotation, value=ast.expr() as value):
                real, choices = annotated(annotation)
            case ast.ClassDef():
                yield from _fields(statement, f"{name}.{statement.name}", usage, inside=True)
                continue
            case _:
                continue
        used = usage.field(cls.name, field, order, config) or (inside and usage.read(cls.name, field))
        yield from leaves(Spot(f"{name}.{field}", _default_of(value), statement, choices, used, not config, real))


def _is_record(cls: ast.ClassDef) -> bool:
    marks = {last_name(getattr(each, "func", each)) for each in cls.decorator_list}
    return bool(marks & _RECORDS) or bool({last_name(base) for base in cls.bases} & _BASES)


def _default_of(value: ast.expr) -> ast.expr:
    """What `field(default=…)` or `Field(…)` wraps."""
    if isinstance(value, ast.Call) and last_name(value.func) in ("field", "Field", "ib"):
        named = [keyword.value for keyword in value.keywords if keyword.arg == "default"]
        return next(iter([*named, *value.args[:1]]), value)
    return value


def _constructor(cls: ast.ClassDef, usage: Usage) -> Iterator[Spot]:
    for statement in cls.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            yield from _parameters(statement, cls.name, usage, own=1)


def _parameters(function: ast.FunctionDef, name: str, usage: Usage, own: int = 0) -> Iterator[Spot]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    order = [argument.arg for argument in positional[own:]]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    pairs = [
        *zip(with_default, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if default is not None:
            real, choices = annotated(argument.annotation)
            used = usage.function(name, argument.arg, order)
            yield from leaves(Spot(f"{name}.{argument.arg}", default, default, choices, used, not choices, real))


def _option(call: ast.Call) -> Iterator[Spot]:
    names = [value.value for value in call.args if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    name = next((name for name in names if name.startswith("--")), "")
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if not name or "default" not in keywords:
        return
    choices = keywords.get("choices", keywords.get("type"))
    if isinstance(choices, ast.Call) and choices.args:  # click.Choice(["a", "b"])
        choices = choices.args[0]
    listed = plain(choices.elts) if isinstance(choices, ast.List | ast.Tuple | ast.Set) else ()
    real = last_name(keywords.get("type", call)) == "float"
    yield from leaves(Spot(name.partition("/")[0], keywords["default"], call, listed, real=real))

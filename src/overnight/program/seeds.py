"""Hard-coded seeds in Python source: found with `ast`, replaced by splicing the literal and nothing else.

The harness gives every run its own seed, also to a script that never asked for one. What counts as a seed: the
argument of `manual_seed(42)`, `random.seed(0)`, `default_rng(0)`, `PRNGKey(0)` and their like; a name, keyword,
parameter default or dictionary key called `seed`, `random_state` or `…_seed`; the default of a `--seed` option. Not
covered: seeds that are computed, lists of seeds, and those in files that do not parse, which are left as they are.
One with `# fixed` behind it stays, as for the seed with which a script draws its data.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from overnight.program.source import left_alone, parse

_CALLS = {
    *("manual_seed", "manual_seed_all", "seed", "default_rng", "RandomState", "PRNGKey", "SeedSequence", "Random"),
    *("set_seed", "seed_everything", "seed_all", "set_random_seed", "fix_seed"),
}
_NAME = re.compile(r"(?:(?!n_|num_)\w*_)?seed|random_state", re.IGNORECASE)
_NEWLINE = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class SeedLiteral:
    line: int
    column: int  # characters from the start of the line
    code: str  # the line it stands in, for people
    value: int


def find_seeds(text: str) -> list[SeedLiteral]:
    source = text.encode("utf-8", "surrogatepass")
    lines = _NEWLINE.split(source)
    return [
        SeedLiteral(
            node.lineno,
            len(lines[node.lineno - 1][: node.col_offset].decode("utf-8")),
            lines[node.lineno - 1].decode("utf-8").strip(),
            int(lines[node.lineno - 1][node.col_offset : node.end_col_offset], 0),
        )
        for node in _literals(text)
    ]


def set_seeds(text: str, seed: int) -> str:
    """The same text with every seed literal set to `seed` (0 to 2**31 - 1, which fits everywhere)."""
    found = _literals(text)
    if not found:
        return text
    source = text.encode("utf-8")
    starts = [0, *(newline.end() for newline in _NEWLINE.finditer(source))]
    for node in reversed(found):
        start, end = starts[node.lineno - 1] + node.col_offset, starts[node.lineno - 1] + (node.end_col_offset or 0)
        source = source[:start] + str(seed).encode() + source[end:]
    return source.decode("utf-8")


def fixed_seeds(text: str) -> list[str]:
    """The lines of the seeds that stay, for whoever must see that no candidate makes one of its own."""
    lines = _NEWLINE.split(text.encode("utf-8", "surrogatepass"))
    fixed = (lines[node.lineno - 1].decode("utf-8", "replace") for node in _literals(text, fixed=True))
    return sorted(line.strip() for line in fixed)


def _literals(text: str, fixed: bool = False) -> list[ast.Constant]:
    """In the order of the text. The same literal can be a seed for two reasons: it is there once."""
    tree = parse(text)
    if tree is None:
        return []
    lines = _NEWLINE.split(text.encode("utf-8", "surrogatepass"))
    found = {(node.lineno, node.col_offset): node for node in _seeds(tree)}
    return [found[at] for at in sorted(found) if left_alone(lines[at[0] - 1].decode("utf-8", "replace")) is fixed]


def _seeds(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in _nodes(tree):
        for value in _candidates(node):
            if isinstance(value, ast.Constant) and type(value.value) is int:
                yield value


def _nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """All but what is inside f-strings: before Python 3.12 the places of those nodes are wrong."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.JoinedStr):
            yield node
            waiting.extend(ast.iter_child_nodes(node))


def _candidates(node: ast.AST) -> Iterator[ast.expr | None]:
    """The expressions under `node` that are a seed if they are a whole number."""
    match node:
        case ast.Call():
            yield from _in_call(node)
        case ast.keyword(arg=str(name), value=value) if _NAME.fullmatch(name):
            yield value
        case ast.Assign(targets=targets, value=value) if any(_named(target) for target in targets):
            yield value
        case ast.AnnAssign(target=target, value=value) if _named(target):
            yield value
        case ast.Dict(keys=keys, values=values):
            yield from (value for key, value in zip(keys, values, strict=True) if key and _says_seed(key))
        case ast.arguments():
            yield from _defaults(node)


def _in_call(call: ast.Call) -> Iterator[ast.expr]:
    name = _last_name(call.func)
    owner = _last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    if name in _CALLS or (owner, name) == ("random", "key"):
        yield from call.args[:1]
    if any(_says_seed(argument) for argument in call.args):
        yield from (keyword.value for keyword in call.keywords if keyword.arg == "default")


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr | None]:
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    pairs = [
        *zip(with_default, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    yield from (default for argument, default in pairs if _NAME.fullmatch(argument.arg))


def _named(target: ast.expr) -> bool:
    if isinstance(target, ast.Subscript):
        return _says_seed(target.slice)
    return bool(_NAME.fullmatch(_last_name(target)))


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _says_seed(node: ast.expr) -> bool:
    """A string such as "seed", or an option's "--seed"."""
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and bool(_NAME.fullmatch(text.lstrip("-").replace("-", "_")))

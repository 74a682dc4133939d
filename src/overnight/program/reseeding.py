"""Whether a change is a search over seeds: runs that differ by their seed only, of which the luckiest is taken.

Found are loops that seed something with what they loop over and keep the best: `if loss < best: best = …`, `min(…)`
over what the loop collected, a `break` once it is good enough, `min(range(9), key=run)` with a `run` that seeds. What
the program did already may go on, so only loops beyond those of the parent count.

It errs towards letting a change through: seeds of epochs and steps, of shards and folds, ensembles that average over
seeds, and restarts with a generator of their own (k-means has them) are no search, unless what is looped over is called
a seed. A search that is hidden better than this is up to the judge, who measures under seeds of its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from overnight.program.source import parse

FOR_ALL = {
    *("manual_seed", "manual_seed_all", "seed", "set_seed", "seed_everything", "seed_all", "set_random_seed"),
    "fix_seed",
}
"""They seed what everything draws from."""
OF_ITS_OWN = {"default_rng", "RandomState", "PRNGKey", "SeedSequence", "Random"}
SEED = re.compile(r"(?:\w*_)?(?:seed|random_state)s?\d?", re.IGNORECASE)
PROGRESS = re.compile(
    r"_?(?:\w*_)?(?:step|epoch|iter|iteration|batch|micro\w*|chunk|shard|fold|layer|block|worker|rank|split|episode)s?(?:_\w+)?",
    re.IGNORECASE,
)
"""What a loop counts that trains on, or that parts its data: to seed by it is no search."""
CHOOSING = {"min", "max", "argmin", "argmax", "sorted", "nsmallest", "nlargest", "nanargmin", "nanargmax"}
Seeders = dict[str, tuple[list[str], set[str]]]
"""By a function's name: its parameters in order, and those that become a seed."""
LOOPS = (ast.For, ast.AsyncFor, ast.While)
MADE = (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)


def seed_search(before: str, after: str) -> str:
    """Why `after` searches over seeds where `before` did not; empty when it does not."""
    new, old = _searches(after), _searches(before)
    if len(new) <= len(old):
        return ""
    known = {search.code for search in old}
    first = next((search for search in new if search.code not in known), new[-1])
    return f"line {first.line} runs under several seeds and takes the best: luck is no improvement"


@dataclass(frozen=True, slots=True)
class _Search:
    line: int
    code: str


def _searches(text: str) -> list[_Search]:
    tree = parse(text) if any(word in text for word in (*FOR_ALL, *OF_ITS_OWN, "random_state")) else None
    if tree is None:
        return []
    seeders = _seeders(tree)
    found = [node for scope in _scopes(tree) for node in _in_scope(scope, seeders)]
    return [_Search(node.lineno, ast.dump(node)) for node in sorted(found, key=lambda node: node.lineno)]


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope without those of the functions in it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(node))


def _in_scope(scope: ast.AST, seeders: Seeders) -> Iterator[ast.stmt | ast.expr]:
    nodes = list(_own(scope))
    chosen_from = {name for node in nodes if (call := _choosing(node)) for name in _names(call)}
    for node in nodes:
        if isinstance(node, LOOPS) and _seeds(node, _counted(node), seeders):
            if _keeps_best(node) or not chosen_from.isdisjoint(_collected(node)):
                yield node
        elif (call := _choosing(node)) and _chooses_seeds(call, seeders):
            yield call
        elif isinstance(node, ast.Assign) and isinstance(node.value, MADE) and _seeds_of(node.value, seeders):
            yield from [node] if not chosen_from.isdisjoint(_assigned(node)) else []


# ---- what seeds


def _seeders(tree: ast.Module) -> Seeders:
    """The functions of the file that seed with some of their parameters: what they are called with becomes a seed."""
    found: Seeders = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
            names = names[1:] if names[:1] in (["self"], ["cls"]) else names
            more = [argument.arg for argument in node.args.kwonlyargs]
            seeds = {name for name in (*names, *more) if SEED.fullmatch(name) or _seeds(node, {name}, {})}
            if seeds:
                found[node.name] = (names, seeds)
    return found


def _seeds(node: ast.AST, names: set[str], seeders: Seeders) -> bool:
    """Somewhere in it, something is seeded with one of these names."""
    return bool(names) and any(
        isinstance(call, ast.Call) and not names.isdisjoint(_seeded_with(call, seeders)) for call in ast.walk(node)
    )


def _seeded_with(call: ast.Call, seeders: Seeders) -> set[str]:
    """The names that a call makes a seed of."""
    name = _last_name(call.func)
    order, seeds = seeders.get(name, ([], set()))
    parts: list[ast.expr] = [k.value for k in call.keywords if k.arg and (k.arg in seeds or SEED.fullmatch(k.arg))]
    parts += [part for part, parameter in zip(call.args, order, strict=False) if parameter in seeds]
    if name in FOR_ALL | OF_ITS_OWN:
        parts += [*call.args, *(keyword.value for keyword in call.keywords)]
    names = {name for part in parts for name in _names(part)}
    return {name for name in names if SEED.fullmatch(name)} if name in OF_ITS_OWN else names


def _counted(loop: ast.AST) -> set[str]:
    """What changes from one round to the next, but for what counts how far training is."""
    match loop:
        case ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target):
            names = _names(target)
        case ast.While(body=body):
            changed = [node for part in body for node in ast.walk(part) if isinstance(node, ast.AugAssign)]
            names = {name for node in changed for name in _names(node.target)}
        case _:
            return set()
    names = {name for name in names if not PROGRESS.fullmatch(name)}
    return names | _derived(loop, names)


def _derived(loop: ast.AST, names: set[str]) -> set[str]:
    """`s = 1000 + i`: a name that is made of the counted ones by arithmetic."""
    made = [node for node in ast.walk(loop) if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp)]
    return {
        name
        for node in made
        if not names.isdisjoint(_names(node.value))
        for target in node.targets
        for name in _names(target)
    }


# ---- what chooses


def _choosing(node: ast.AST) -> ast.Call | None:
    """A call that takes the best of several."""
    return node if isinstance(node, ast.Call) and _last_name(node.func) in CHOOSING else None


def _chooses_seeds(call: ast.Call, seeders: Seeders) -> bool:
    """`min(run(seed) for seed in …)`, or `min(range(9), key=run)`."""
    if any(_seeds_of(part, seeders) for part in call.args):
        return True
    return any(keyword.arg == "key" and _is_seeder(keyword.value, seeders) for keyword in call.keywords)


def _seeds_of(made: ast.AST, seeders: Seeders) -> bool:
    if isinstance(made, ast.Call) and _last_name(made.func) == "map" and made.args:
        return _is_seeder(made.args[0], seeders)
    if not isinstance(made, MADE):
        return False
    return any(_seeds(made, _counted(loop), seeders) for loop in made.generators)


def _is_seeder(function: ast.expr, seeders: Seeders) -> bool:
    if isinstance(function, ast.Lambda):
        return _seeds(function.body, {argument.arg for argument in function.args.args}, seeders)
    return _last_name(function) in seeders


def _keeps_best(loop: ast.AST) -> bool:
    """`if loss < best: best = loss`, `best = min(best, loss)`, or a break once a comparison holds."""
    for node in ast.walk(loop):
        if isinstance(node, ast.If) and _compares(node.test):
            assigned = {name for part in node.body for name in _assigned(part)}
            if any(isinstance(part, ast.Break) for part in node.body) or not assigned.isdisjoint(_names(node.test)):
                return True
        if isinstance(node, ast.Assign) and (call := _choosing(node.value)):
            again = not _names(call).isdisjoint(_assigned(node))
            if again:
                return True
    return isinstance(loop, ast.While) and _compares(loop.test) and not _counted(loop) >= _names(loop.test)


def _compares(test: ast.expr) -> bool:
    orders = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
    return any(isinstance(node, ast.Compare) and isinstance(node.ops[0], orders) for node in ast.walk(test))


def _assigned(statement: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _collected(loop: ast.AST) -> set[str]:
    """The lists and dicts that the loop puts something into."""
    found = set()
    for node in ast.walk(loop):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "add")):
                found.add(name)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))]):
                found.add(name)
    return found


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""

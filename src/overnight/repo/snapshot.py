"""A snapshot: a commit whose tree is its parent's with only the given files replaced.

Whatever else an agent changed cannot get in, because nothing is ever added from a folder. No index and no checkout
takes part. The same inputs give the same ids on every redo.
"""

from __future__ import annotations

from collections.abc import Mapping

from overnight.errors import GitError
from overnight.repo.objects import FILE, FOLDER, Entry, Tree
from overnight.repo.repo import Repo


def snapshot(repo: Repo, parent: str, files: Mapping[str, str], message: str, at: float) -> str:
    """The id of the commit. A new file is a plain one; an existing file keeps its mode."""
    with repo.watched("snapshot.blobs"):
        blobs = {path: repo.git.add("blob", text.encode()) for path, text in sorted(files.items())}
    with repo.watched("snapshot.trees"):
        tree = _replaced(repo, repo.git.tree(parent + "^{tree}"), blobs)
    with repo.watched("snapshot.commit"):
        return repo.commit(tree, [parent], repo.user, at, message)


def _replaced(repo: Repo, tree: Tree, blobs: Mapping[str, str], above: str = "") -> str:
    """Stores `tree` with `blobs` (ids by path) in their places; only the folders on the way are made anew."""
    inside: dict[str, dict[str, str]] = {}
    for path, oid in blobs.items():
        name, slash, rest = path.partition("/")
        _check(name, above + path, tree.get(name), folder=bool(slash))
        if slash:
            inside.setdefault(name, {})[rest] = oid
        else:
            tree[name] = Entry(tree[name].mode if name in tree else FILE, oid)
    for name, below in inside.items():
        old = repo.git.tree(tree[name].oid) if name in tree else {}
        tree[name] = Entry(FOLDER, _replaced(repo, old, below, f"{above}{name}/"))
    return repo.git.add_tree(tree)


def _check(name: str, path: str, there: Entry | None, folder: bool) -> None:
    if name.lower() in ("", ".", "..", ".git") or "\0" in name:
        raise GitError(f"{path!r} cannot be the path of a file in a commit")
    if there and not (there.mode == FOLDER if folder else there.plain):
        raise GitError(
            f"{path!r} cannot be written: {name!r} is a link, a submodule, or a folder where a file is meant"
        )

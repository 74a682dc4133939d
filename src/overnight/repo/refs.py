"""The log ref, kept commits, and moving refs by compare-and-swap.

The log is one chain that is only ever added to: a genesis commit with an empty tree, then an entry per experiment. An
entry's tree holds `record.json`; its parents are the entry before it and the candidate's commit, so that every
experiment, also a discarded one, stays reachable, and `git log --first-parent` walks the entries alone.

Every commit made here depends on its arguments only, also when the user's identity changes half-way: entries are signed
by us, a kept commit by whoever signed the candidate. So a step that is done again finds its own work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from overnight.errors import GitError, RefMoved
from overnight.repo.objects import FILE, OVERNIGHT, Entry, signed
from overnight.repo.repo import Repo


def log_genesis(repo: Repo, at: float, subject: str) -> str:
    """Where a log starts; without it the first entry's first parent would be a candidate."""
    with repo.watched("log.genesis"):
        return repo.commit(repo.git.add_tree({}), [], OVERNIGHT, at, subject)


def log_entry(repo: Repo, log_tip: str, candidate: str, record: bytes, at: float, subject: str) -> str:
    """`record` must be the bytes read back from the ledger: serialising again may change them, hence the id."""
    with repo.watched("log.blob"):
        blob = repo.git.add("blob", record)
    with repo.watched("log.tree"):
        tree = repo.git.add_tree({"record.json": Entry(FILE, blob)})
    with repo.watched("log.commit"):
        return repo.commit(tree, [log_tip, candidate], OVERNIGHT, at, subject)


def kept_commit(repo: Repo, tree_of: str, parent: str, message: str, at: float) -> str:
    """The commit for the branch: the tree and the author of the candidate `tree_of`, on top of `parent`."""
    with repo.watched("kept.commit"):
        tree, by = repo.git.get(tree_of + "^{tree}").oid, signed(repo.git.get(tree_of))
        return repo.commit(tree, [parent], by, at, message)


def trailers(facts: Mapping[str, str]) -> str:
    """The last paragraph of a kept commit's message, as `git interpret-trailers` reads it; without the empty ones."""
    return "\n".join(f"Overnight-{name}: {' '.join(text.split())}" for name, text in facts.items() if text)


def move(repo: Repo, ref: str, new: str, old: str | None, *held: str) -> None:
    """Moves `ref` from `old` (None: it must not exist) to `new`, or finds it moved already. Anything else that it finds
    there is somebody else's: RefMoved, and nothing is changed. What `ref` reaches from now on need not be `held`."""
    with repo.watched(f"move.{ref.split('/')[1]}"):
        try:
            moved = f"update {ref} {new} {old}" if old else f"create {ref} {new}"
            repo.git.change_refs(moved, *(f"delete {each}" for each in held))
        except GitError as error:
            now = repo.branch_tip(ref)
            if now == old:
                raise GitError(f"git could not move {ref}: {error}") from error
            if now != new:
                raise RefMoved(_moved(ref, now, old)) from error


def hold(repo: Repo, ref: str, commit: str) -> None:
    """Keeps a commit from `git gc`, which may run at any time, until something else reaches it."""
    repo.git.change_refs(f"update {ref} {commit}")


def unlock(repo: Repo, refs: Iterable[str]) -> list[str]:
    """Removes the lock files that a killed git left on refs of ours; the holder of the night's lock only."""
    locks = {ref: repo.common_dir / f"{ref}.lock" for ref in refs}
    left = [ref for ref, lock in locks.items() if lock.exists()]
    for ref in left:
        locks[ref].unlink()
    return left


def _moved(ref: str, now: str | None, old: str | None) -> str:
    if old is None:
        return f"{ref} exists already, at {now}. Take another --tag, or remove it: git update-ref -d {ref} {now}"
    if now is None:
        return f"{ref} is gone; this night left it at {old}. Put it back and run again: git update-ref {ref} {old}"
    return (
        f"{ref} is at {now}, but this night left it at {old}. To go on, keep what is there under another name "
        f"(git branch NAME {now}), put it back (git update-ref {ref} {old}) and run again."
    )

"""The same change on top of a newer commit: a three-way merge of the changed files' texts, without any checkout.

It calls no merge driver and reads no attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from overnight.repo.merge import merge
from overnight.repo.repo import Repo


def rebase(
    repo: Repo, change_parent: str, change_commit: str, onto: str, paths: Iterable[str]
) -> Mapping[str, str] | None:
    """The files that differ from `onto` once the change `change_parent..change_commit` is on top of it; None where the
    two changes touch the same lines, or one of them made a file that the other has too."""
    wanted = list(paths)
    before, change, now = (repo.texts(commit, wanted) for commit in (change_parent, change_commit, onto))
    files: dict[str, str] = {}
    for path, text in change.items():
        merged = _merged(before.get(path), text, now.get(path))
        if merged is None:
            return None
        if merged != now.get(path):
            files[path] = merged
    return files


def _merged(before: str | None, change: str, now: str | None) -> str | None:
    if now == before:
        return change
    if change in (before, now):
        return now
    if before is None or now is None:
        return None
    return merge(before, change, now)

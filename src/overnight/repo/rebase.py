"""The same change on top of a newer commit: a three-way merge of the changed files' texts, without any checkout.

Only what `git merge-file` merges without a conflict is taken. It calls no merge driver and reads no attributes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

from overnight.errors import GitError
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
        merged = _merged(repo, before.get(path), text, now.get(path))
        if merged is None:
            return None
        if merged != now.get(path):
            files[path] = merged
    return files


def _merged(repo: Repo, before: str | None, change: str, now: str | None) -> str | None:
    if now == before:
        return change
    if change in (before, now):
        return now
    if before is None or now is None:
        return None
    with ExitStack() as stack:
        files = [stack.enter_context(repo.git.file(text.encode())) for text in (now, before, change)]
        done = repo.git.call("merge-file", "-p", "-q", *map(os.fspath, files))
    if done.returncode > 127:
        raise GitError(f"git merge-file failed: {os.fsdecode(done.stderr).strip()}")
    return None if done.returncode else done.stdout.decode()

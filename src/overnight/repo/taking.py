"""The user's own branch, moved because they asked for it by name: the only place that writes HEAD, index and files.

Promises: git's own fast-forward does it, so that what it would overwrite makes it stop; what stands in the way is named
before anything is done. No hook runs, `post-merge` neither; the user's filters do, for files are checked out. A config
that wants signatures on merges is heeded: such a merge is refused, because ours bear none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from overnight.errors import GitError, UsageError
from overnight.repo.git import Git
from overnight.repo.repo import Repo

UNFINISHED = {"MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"}


def checked_out_branch(repo: Repo) -> str:
    """The full name of the branch that HEAD is on."""
    found = repo.git.call("symbolic-ref", "--quiet", "HEAD")
    if found.returncode:
        raise UsageError("no branch is checked out here (HEAD is detached): git switch BRANCH, then accept again")
    return os.fsdecode(found.stdout).strip()


def holds(repo: Repo, commit: str, other: str) -> bool:
    """Whether `other` is `commit`, or one of those it stands on."""
    return repo.git.call("merge-base", "--is-ancestor", other, commit).returncode == 0


def refuse_unfinished(repo: Repo) -> None:
    """What of the user's is half done."""
    for ref, what in UNFINISHED.items():
        if repo.git.call("rev-parse", "--quiet", "--verify", ref).returncode == 0:
            raise UsageError(f"a {what} is under way here: finish it, or git {what} --abort, then accept again")


def refuse_obstacles(repo: Repo, commit: str) -> None:
    """What of the user's would be lost."""
    if found := sorted(set(_obstacles(repo, commit))):
        named = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
        raise UsageError(f"not committed, and it would be overwritten: {named}. Commit it or set it aside (git stash)")


def fast_forward(repo: Repo, commit: str, reason: str) -> None:
    """Moves the branch that is checked out, the index and the files to `commit`, which stands on HEAD."""
    git = Git(repo.root, {**repo.git.env, "GIT_REFLOG_ACTION": reason}, repo.git.pass_fds)
    flags = ("--ff-only", "--no-squash", "--no-autostash", "--no-overwrite-ignore", "--quiet")
    with repo.watched("take.merge"):
        done = git.call("merge", *flags, commit)
    if done.returncode:
        said = os.fsdecode(done.stderr).strip()
        raise GitError(f"git did not merge {commit[:7]}: {said}. Mend that, and give the same command again")


def _obstacles(repo: Repo, commit: str) -> Iterator[str]:
    listed = repo.git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", "HEAD", commit).split(b"\0")[:-1]
    changed = [os.fsdecode(path) for path in listed]
    yield from repo.dirty(changed)
    tracked = set(repo.tracked_files("HEAD"))
    yield from (path for path in changed if path not in tracked and os.path.lexists(repo.root / path))

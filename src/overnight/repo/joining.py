"""Two commits merged as git merges them, in the object store: no checkout, no index.

No merge driver is started. A file that has one of the user's own is not merged by plain rules instead: where both sides
changed it, it is a conflict, and the user's git asks that driver when they merge by hand. Needs git 2.38.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from overnight.errors import GitError, UsageError
from overnight.repo.git import Git
from overnight.repo.objects import OVERNIGHT
from overnight.repo.repo import Repo

CLEAN, CONFLICT, MISUSED = 0, 1, 129


@dataclass(frozen=True, slots=True)
class Joined:
    tree: str
    conflicts: tuple[str, ...]  # paths that need a person; empty: `tree` holds both


class Joiner:
    """Remembers what it has merged: who puts branches together asks for the same beginning again and again."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self._git = Git(repo.root, {**repo.git.env, **_without_drivers(repo)}, repo.git.pass_fds)
        self._known: dict[tuple[str, str], Joined] = {}

    def join(self, ours: str, theirs: str) -> Joined:
        if (ours, theirs) not in self._known:
            self._known[ours, theirs] = self._joined(ours, theirs)
        return self._known[ours, theirs]

    def at_odds(self, tips: Sequence[str], tree: str) -> frozenset[int]:
        """Which of the commits `tips`, merged one after the other, keep them from ending in `tree`; none where they
        do end there."""
        merged = tips[0]
        for i, tip in enumerate(tips[1:], start=1):
            joined = self.join(merged, tip)
            if joined.conflicts:
                others = [j for j in range(i) if self.join(tips[j], tip).conflicts]
                return frozenset([*(others or range(i)), i])
            merged = self.repo.commit(joined.tree, [merged, tip], OVERNIGHT, 0, "together")
        return frozenset() if tree_of(self.repo, merged) == tree else frozenset(range(len(tips)))

    def _joined(self, ours: str, theirs: str) -> Joined:
        done = self._git.call("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
        if done.returncode == MISUSED:
            raise UsageError("merging without a checkout needs git 2.38 or newer: update git, or merge by hand")
        if done.returncode not in (CLEAN, CONFLICT):
            raise GitError(f"git cannot merge {theirs[:7]}: {os.fsdecode(done.stderr).strip()}")
        tree, *conflicts = os.fsdecode(done.stdout).split("\0")[:-1]
        return Joined(tree, tuple(dict.fromkeys(conflicts)))


def tree_of(repo: Repo, commit: str) -> str:
    return repo.git.get(f"{commit}^{{tree}}").oid


def _without_drivers(repo: Repo) -> dict[str, str]:
    """Each merge driver that is configured is `false`, by git's own way to say it in the environment."""
    listed = repo.git.call("config", "--null", "--name-only", "--get-regexp", r"^merge\..*\.driver$").stdout
    names = dict.fromkeys(os.fsdecode(listed).split("\0")[:-1])
    said = {"GIT_CONFIG_COUNT": str(len(names))}
    for number, name in enumerate(names):
        said |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": "false"}
    return said

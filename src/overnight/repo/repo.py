"""The user's repository: where it is, what it holds, what is uncommitted.

Promises: nothing here or beside it writes to the working tree, the index, HEAD or the configuration. What is written
are objects, refs that a caller names (`refs.move`), and files below `<common dir>/overnight/`. Works in linked
worktrees, in subfolders, with separate git directories, shallow and SHA-256 clones; submodules and LFS pointers are
left as they are. A bare repository has no program.md to start from and is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Self

from overnight.errors import GitError, RepoError
from overnight.repo.clone import clone_id
from overnight.repo.git import Git, quiet_environment
from overnight.repo.objects import FOLDER, OVERNIGHT, SUBMODULE, Entry, Signed, Tree, format_commit
from overnight.step import Step, unwatched


class Repo:
    def __init__(self, root: Path, common_dir: Path, git: Git, step: Step) -> None:
        self.root, self.common_dir, self.git, self.step = root, common_dir, git, step

    @classmethod
    def discover(cls, path: Path, step: Step = unwatched, env: Mapping[str, str] = os.environ) -> Self:
        """The repository that `path` lies in. RepoError says what to do where there is none to start from."""
        here = path.resolve()
        if not here.is_dir():
            raise RepoError(f"{path} is not a folder.")
        asking = Git(here, quiet_environment(env))
        root, git_dir, common_dir = (
            (here / _answer(asking, question)).resolve()
            for question in ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
        )
        pinned = {**asking.env, "GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(root)}
        repo = cls(root, common_dir, Git(root, pinned), step)
        repo.head()
        return repo

    def for_night(self, pass_fds: Sequence[int] = (), step: Step = unwatched) -> Repo:
        """The same repository, for a night that is under way: its own children, which hold its lock."""
        return Repo(self.root, self.common_dir, Git(self.root, self.git.env, pass_fds), step)

    def close(self) -> None:
        self.git.close()

    # what it holds

    def head(self) -> str:
        found = self.git.call("rev-parse", "--verify", "HEAD^{commit}")
        if found.returncode:
            raise RepoError(f"{self.root} has no commit yet. Make one first: git add -A && git commit -m start")
        return found.stdout.decode().strip()

    def branch_tip(self, ref: str) -> str | None:
        """`ref` is a full name. Not `git rev-parse`, which would try `refs/heads/refs/heads/…` too."""
        lines = self.git.run("for-each-ref", "--format=%(objectname) %(refname)", ref).decode().splitlines()
        return next((oid for oid, _, name in (line.partition(" ") for line in lines) if name == ref), None)

    def files(self, commit: str) -> Tree:
        """Every path of a commit: files, links, and submodules (as they are: one id)."""
        listing = self.git.run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]
        lines = (line.partition(b"\t") for line in listing)
        return {os.fsdecode(path): _entry(facts) for facts, _, path in lines}

    def files_beside(self, commit: str, other: str, files: Tree) -> Tree:
        """As `files(commit)`, from those of the commit `other`: reads only the folders in which the two differ."""
        found = dict(files)
        self._update(found, self.git.tree(f"{other}^{{tree}}"), self.git.tree(f"{commit}^{{tree}}"), "")
        return found

    def tracked_files(self, commit: str) -> list[str]:
        return [path for path, entry in self.files(commit).items() if entry.mode != SUBMODULE]

    def read(self, commit: str, path: str) -> bytes | None:
        """The contents of a plain file; None where there is none (a link is not its target)."""
        *folders, name = path.split("/")
        tree = self.git.tree(commit + "^{tree}")
        for folder in folders:
            entry = tree.get(folder)
            if entry is None or entry.mode != FOLDER:
                return None
            tree = self.git.tree(entry.oid)
        found = tree.get(name)
        return self.git.get(found.oid).data if found and found.plain else None

    def texts(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        """The texts of those `paths` that the commit has."""
        found = {path: self.read(commit, path) for path in paths}
        return {path: _text(path, data) for path, data in found.items() if data is not None}

    # what is beside it

    def dirty(self, paths: Iterable[str]) -> list[str]:
        """Which files named by `paths` (names, folders or globs, from the root) differ from HEAD: edited, staged,
        deleted, or new and not ignored."""
        specs = [f":(top,glob){path}" for path in paths]  # a name with brackets matches itself too
        if not specs:
            return []
        flags = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all")
        lines = self.git.run("status", *flags, "--", *specs).split(b"\0")[:-1]
        return [os.fsdecode(line[3:]) for line in lines]

    def ignored(self, path: str) -> bool:
        """Whether git ignores `path` (from the root); what lies outside the repository is not ignored by it."""
        answer = self.git.call("check-ignore", "-q", "--", f"./{path}")
        return answer.returncode == 0

    def checked_out(self, branch: str) -> str | None:
        """The working tree that has `branch` checked out."""
        worktrees = os.fsdecode(self.git.run("worktree", "list", "--porcelain")).split("\n\n")
        found = (lines[0] for text in worktrees if f"branch {branch}" in (lines := text.splitlines()))
        return next((line.removeprefix("worktree ") for line in found), None)

    def node(self) -> str:
        """The short id of this clone."""
        return clone_id(self.common_dir)

    # what is written

    @cached_property
    def user(self) -> Signed:
        """Who the user is, where git has been told; we never guess from the machine's names."""
        return Signed(self._identity("AUTHOR") or OVERNIGHT.author, self._identity("COMMITTER") or OVERNIGHT.committer)

    def commit(self, tree: str, parents: Sequence[str], by: Signed, at: float, message: str) -> str:
        """Not `git commit-tree`: a process and a signing key each time, and dates would depend on the machine."""
        return self.git.add("commit", format_commit(tree, parents, by, at, message))

    @contextmanager
    def watched(self, name: str) -> Iterator[None]:
        """Names a step whose order matters, before and after."""
        self.step(f"{name}.before")
        yield
        self.step(f"{name}.after")

    def _update(self, files: Tree, old: Tree, new: Tree, above: str) -> None:
        for name in old:
            if new.get(name) != old[name]:
                folder = self._folder(old.get(name))
                self._update(files, folder, self._folder(new.get(name)), f"{above}{name}/")
                files.pop(above + name, None)
        for name, entry in new.items():
            if old.get(name) != entry and entry.mode != FOLDER:
                files[above + name] = entry
            elif name not in old:
                self._update(files, {}, self._folder(entry), f"{above}{name}/")

    def _folder(self, entry: Entry | None) -> Tree:
        return self.git.tree(entry.oid) if entry and entry.mode == FOLDER else {}

    def _identity(self, role: str) -> bytes | None:
        answer = self.git.call("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT")
        return None if answer.returncode else answer.stdout.rsplit(b" ", 2)[0]


def _answer(git: Git, question: str) -> Path:
    """One question a call: a path may contain a line break."""
    try:
        return Path(os.fsdecode(git.run("rev-parse", question)[:-1]))
    except FileNotFoundError as missing:
        raise RepoError("git was not found. Install git 2.30 or newer.") from missing
    except GitError as error:
        raise RepoError(_advice(git.cwd, str(error))) from error


def _advice(path: Path, said: str) -> str:
    if "not a git repository" in said:
        return f"{path} is not in a git repository. Make it one: git init && git add -A && git commit -m start"
    if "must be run in a work tree" in said:
        return f"{path} has no working tree (a bare repository). Start in a clone or a worktree of it."
    return f"{path}: {said}"  # such as dubious ownership: git's own words name the remedy


def _entry(facts: bytes) -> Entry:
    mode, _, oid = facts.decode().split(" ")
    return Entry(mode, oid)


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RepoError(f"{path} is not UTF-8 text (byte {error.start}), so it cannot be edited here.") from error

"""Where an agent works: a fresh repository of one commit, with the files that it may see.

Promises: nothing of the user's repository but the files of one commit is in it, without the hidden ones; no history, no
remote, no hook, no setting of the user's. After it is made no git is ever started in it: what the agent changed is read
file by file and compared with what was put there. So hooks, filters, attributes, file system monitors and settings
that are planted in it have nobody who would execute them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from overnight.repo.checkout import write
from overnight.repo.git import Git, quiet_environment
from overnight.repo.objects import LINK, OVERNIGHT, SUBMODULE, Tree
from overnight.repo.plain import opened
from overnight.repo.repo import Repo

LONGEST = 4 << 20
"""Bytes of a file that is taken over."""

MOST = 10_000
"""Changed files that are named."""


@dataclass(frozen=True, slots=True)
class Workspace:
    folder: Path
    files: Tree  # as they were put there

    def read(self, path: str) -> str | None:
        """A file as the agent left it. None: there is none that can be taken, such as a link or what is no text."""
        try:
            with opened(self.folder, path) as (file, _), open(file, "rb", closefd=False) as data:
                text = data.read(LONGEST + 1)
            return text.decode() if len(text) <= LONGEST else None
        except (OSError, UnicodeDecodeError):
            return None

    def changed(self) -> list[str]:
        """Every path that is not as it was put there: edited, new, removed, or no longer a plain file."""
        there = list(_below(self.folder))
        gone = [path for path in self.files if path not in set(there)]
        return sorted([*gone, *(path for path in there if not self._as_it_was(path))])[:MOST]

    def _as_it_was(self, path: str) -> bool:
        entry = self.files.get(path)
        if entry is None:
            return False
        if entry.mode == LINK:
            target = self.folder / path
            return target.is_symlink() and _blob_id(os.fsencode(os.readlink(target)), entry.oid) == entry.oid
        try:
            with opened(self.folder, path) as (file, _), open(file, "rb", closefd=False) as data:
                return _blob_id(data.read(), entry.oid) == entry.oid
        except OSError:
            return False


def make_workspace(repo: Repo, commit: str, into: Path, without: Iterable[str] = ()) -> Workspace:
    """In `into`, which must not exist or be empty. `without`: files and folders that the agent must not see."""
    files = _shown(repo, commit, without)
    into.mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in repo.git.env.items() if not name.startswith("GIT_")}
    nothing = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    git = Git(into, quiet_environment(env) | nothing)
    git.run("init", "--quiet", "--template=", "--initial-branch=main")
    stream = [b"commit refs/heads/main\ncommitter ", OVERNIGHT.committer, b" 0 +0000\ndata 5\nstart\n"]
    for path, entry in files.items():
        data = repo.git.get(entry.oid).data
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        write(os.fspath(into / path), entry, data)
        stream += [f"M {entry.mode} inline ".encode(), _quoted(path), b"\ndata %d\n" % len(data), data, b"\n"]
    git.run("fast-import", "--quiet", stdin=b"".join(stream))
    git.run("read-tree", "main")
    return Workspace(into, files)


def find_workspace(repo: Repo, commit: str, folder: Path, without: Iterable[str] = ()) -> Workspace:
    """One that was made before, by the same words."""
    return Workspace(folder, _shown(repo, commit, without))


def _shown(repo: Repo, commit: str, without: Iterable[str]) -> Tree:
    spared = tuple(without)
    return {
        path: entry
        for path, entry in repo.files(commit).items()
        if entry.mode != SUBMODULE and not any(path == out or path.startswith(f"{out}/") for out in spared)
    }


def _below(folder: Path) -> Iterator[str]:
    """Every path but folders, links not followed, and git's own at the top."""
    for place, folders, names in os.walk(folder):
        here = os.path.relpath(place, folder)
        if here == ".":
            folders[:] = [name for name in folders if name != ".git"]
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        yield from (os.path.normpath(os.path.join(here, name)) for name in [*names, *links])


def _blob_id(data: bytes, like: str) -> str:
    hashed = hashlib.sha1(usedforsecurity=False) if len(like) == 40 else hashlib.sha256()
    hashed.update(b"blob %d\0" % len(data) + data)
    return hashed.hexdigest()


def _quoted(path: str) -> bytes:
    """In git's quotes, which a path needs that contains a line break."""
    return b'"' + os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'

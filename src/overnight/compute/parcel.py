"""How the files of a commit reach another machine: the baseline's once for each node, then only what differs from it.

Plain data that is named by git's ids, so that a node needs neither git nor a shared file system. An edit of one file
costs that file's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from overnight.repo.objects import LINK, SUBMODULE, Entry, Object, Tree
from overnight.repo.repo import Repo

Blobs = Mapping[str, bytes]
"""Contents by git's id."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a commit has that the baseline has not."""

    commit: str
    changed: Mapping[str, Entry | None]  # None: it has no such file
    blobs: Blobs


class Packer:
    """The sender. Any thread may call it."""

    def __init__(self, repo: Repo, baseline: str) -> None:
        self.repo, self.baseline, self.files = repo, baseline, repo.files(baseline)

    def parcel(self, commit: str) -> Parcel:
        files = self.repo.files_beside(commit, self.baseline, self.files)
        changed = {path: entry for path, entry in files.items() if self.files.get(path) != entry}
        gone = dict.fromkeys(path for path in self.files if path not in files)
        return Parcel(commit, {**changed, **gone}, self._blobs(changed))

    def links(self) -> Blobs:
        """Where the baseline's links lead: of them there is no file to copy."""
        return self._blobs({path: entry for path, entry in self.files.items() if entry.mode == LINK})

    def all(self) -> Blobs:
        return self._blobs(self.files)

    def _blobs(self, files: Tree) -> Blobs:
        wanted = {entry.oid for entry in files.values() if entry.mode != SUBMODULE}
        return {oid: self.repo.git.get(oid).data for oid in wanted}


@dataclass(slots=True)
class Received:
    """The receiver: what `Pristine` asks of a repository. Any thread may call it."""

    baseline: str
    base: Tree
    links: Blobs
    whole: Callable[[], Blobs]  # asked for when the baseline is first written
    parcels: dict[str, Parcel] = field(default_factory=dict)  # by commit

    @property
    def git(self) -> Self:
        return self

    def take(self, parcel: Parcel) -> None:
        self.parcels = {parcel.commit: parcel}  # of one run at a time: those before have ended

    def files(self, commit: str) -> Tree:
        changed = self.parcels[commit].changed if commit != self.baseline else {}
        kept = {path: entry for path, entry in self.base.items() if path not in changed}
        return kept | {path: entry for path, entry in changed.items() if entry}

    def files_beside(self, commit: str, other: str, files: Tree) -> Tree:  # noqa: ARG002 - all of it is in memory
        return self.files(commit)

    def get(self, oid: str) -> Object:
        for blobs in (*(parcel.blobs for parcel in self.parcels.values()), self.links):
            if oid in blobs:
                return Object(oid, "blob", blobs[oid])
        return Object(oid, "blob", self.whole()[oid])

    @contextmanager
    def watched(self, name: str) -> Iterator[None]:  # noqa: ARG002 - a node has nothing to resume
        yield

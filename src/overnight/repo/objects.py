"""What git stores, as values: how a tree is read and how a commit is written. No process, no I/O.

The same arguments give the same bytes, hence the same ids: that is what makes a step redoable after a crash.
Works for SHA-1 and SHA-256 alike, because only the length of an id is ever looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

FOLDER, LINK, SUBMODULE, FILE, EXECUTABLE = "40000", "120000", "160000", "100644", "100755"


@dataclass(frozen=True, slots=True)
class Object:
    oid: str
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree: what stands behind a name."""

    mode: str
    oid: str

    @property
    def plain(self) -> bool:
        """A file with contents of its own: no link, no folder, no submodule."""
        return self.mode.startswith("100")


Tree: TypeAlias = dict[str, Entry]


def parse_tree(tree: Object) -> Tree:
    size, data, at = len(tree.oid) // 2, tree.data, 0
    entries: Tree = {}
    while at < len(data):
        end = data.index(b"\0", at)
        mode, _, name = data[at:end].partition(b" ")
        at = end + 1 + size
        entries[os.fsdecode(name)] = Entry(mode.decode(), data[end + 1 : at].hex())
    return entries


def format_tree(tree: Tree) -> bytes:
    """In git's order, in which a folder stands as if its name ended with a slash."""
    named = ((os.fsencode(name), entry) for name, entry in tree.items())
    in_order = sorted(named, key=lambda each: each[0] + b"/" * (each[1].mode == FOLDER))
    return b"".join(b"%b %b\0%b" % (entry.mode.encode(), name, bytes.fromhex(entry.oid)) for name, entry in in_order)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who a commit is by: `Name <mail>`, as the bytes that git wrote (a name need not be UTF-8)."""

    author: bytes
    committer: bytes


OVERNIGHT = Signed(b"Overnight <overnight@localhost>", b"Overnight <overnight@localhost>")


def format_commit(tree: str, parents: Sequence[str], by: Signed, at: float, message: str) -> bytes:
    """Whole seconds of UTC, whatever the machine's time zone is."""
    when = f" {int(at)} +0000".encode()
    head = [b"tree " + tree.encode(), *(b"parent " + parent.encode() for parent in parents)]
    head += [b"author " + by.author + when, b"committer " + by.committer + when]
    return b"\n".join(head) + b"\n\n" + _visible(message).encode(errors="backslashreplace")


def signed(commit: Object) -> Signed:
    """Who an existing commit is by."""
    lines = dict(line.split(b" ", 1) for line in commit.data.split(b"\n\n", 1)[0].split(b"\n") if b" " in line)
    return Signed(*(lines[role].rsplit(b" ", 2)[0] for role in (b"author", b"committer")))


def _visible(message: str) -> str:
    """Without control characters: an agent words the subject, and `\\r` or ANSI codes would hide lines of the log."""
    return re.sub(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f-\x9f]", " ", message).strip() + "\n"

"""What commits changed, as git writes it: all of them from one git process. A commit that is not here has no patch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from overnight.repo.repo import Repo

FLAGS = ("--patch", "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/")
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def patches(repo: Repo, commits: Sequence[str], context: int = 3) -> Iterator[tuple[str, list[str]]]:
    """Each commit, and the lines of its patch against its parent."""
    asked = "".join(f"{commit}\n" for commit in commits).encode()
    said = repo.git.call("diff-tree", "--stdin", f"--unified={context}", *FLAGS, stdin=asked).stdout
    commit, lines = "", list[str]()
    for line in said.decode("utf-8", "replace").split("\n"):
        if COMMIT.fullmatch(line):  # no line of a patch can be one: each begins with a sign or a word
            yield from [(commit, lines)] if commit else []
            commit, lines = line, []
        else:
            lines.append(line)
    yield from [(commit, lines)] if commit else []


def difference(repo: Repo, old: str, new: str) -> list[str]:
    """Between two commits; nothing where one of them is not here."""
    done = repo.git.call("diff-tree", "-r", *FLAGS, old, new)
    return done.stdout.decode("utf-8", "replace").removesuffix("\n").split("\n") if done.stdout else []

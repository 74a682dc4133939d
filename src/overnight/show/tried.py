"""What a night turned most: the names that its changes assign to, read from the commits and not from what was said.

By the line, for every language whose assignments look like `NAME = value`. Does not cover: changes that assign nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from overnight.ledger.views import Row
from overnight.model import Call
from overnight.repo.repo import Repo

FLAGS = ("--stdin", "--patch", "--unified=0", "--no-ext-diff", "--no-textconv", "--no-color")
ASSIGNED = re.compile(r"^\+\s*([A-Za-z_]\w*)\s*(?::[^=\n]+)?=(?!=)")
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Tried:
    """A name, in how many experiments it was turned, and in how many that were kept."""

    name: str
    times: int
    kept: int


def tried(repo: Repo, rows: Sequence[Row]) -> list[Tried]:
    """The name that was turned most comes first. What was never run does not count."""
    calls = {row.commit: row.call for row in rows if row.commit and row.number > 0 and row.runs and row.removes is None}
    times: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for commit, names in _changes(repo, list(calls)):
        times.update(names)
        kept.update(names if calls[commit] is Call.KEEP else ())
    return [Tried(name, count, kept[name]) for name, count in times.most_common()]


def _changes(repo: Repo, commits: Sequence[str]) -> Iterator[tuple[str, set[str]]]:
    """All of them from one git process: each commit's name, and below it its patch."""
    said = repo.git.call("diff-tree", *FLAGS, stdin="".join(f"{commit}\n" for commit in commits).encode()).stdout
    commit, names = "", set[str]()
    for line in said.decode("utf-8", "replace").split("\n"):
        if COMMIT.fullmatch(line):
            yield from [(commit, names)] if commit else []
            commit, names = line, set()
        elif match := ASSIGNED.match(line):
            names.add(match[1])
    yield from [(commit, names)] if commit else []

"""What a night turned most: the names that its changes assign to, read from the commits and not from what was said.

By the line, for every language whose assignments look like `NAME = value`. Does not cover: changes that assign nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from overnight.ledger.views import Row
from overnight.model import Call
from overnight.repo.repo import Repo
from overnight.show.patches import patches

ASSIGNED = re.compile(r"^\+\s*([A-Za-z_]\w*)\s*(?::[^=\n]+)?=(?!=)")


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
    for commit, lines in patches(repo, list(calls), context=0):
        names = {match[1] for line in lines if (match := ASSIGNED.match(line))}
        times.update(names)
        kept.update(names if calls[commit] is Call.KEEP else ())
    order = sorted(times.items(), key=lambda item: (-item[1], item[0]))
    return [Tried(name, count, kept[name]) for name, count in order]

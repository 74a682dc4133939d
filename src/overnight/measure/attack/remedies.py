"""What to change in program.md, or on the machine, so that a cheat that got through does not."""

from __future__ import annotations

from enum import StrEnum

from overnight.model import Level
from overnight.program.program import Program


class Remedy(StrEnum):
    """What closes the hole; the value is how it reads."""

    SCORE = "`artefact:` and `score:`: the run leaves a file, and a protected command makes the number from it, apart"
    HIDE = "`hidden:` for what the number is made from: only `score:` sees it then"
    LOAD = "`score:` must read what a run leaves as data: numpy.load(…, allow_pickle=False), JSON; never pickle"
    GUARD = "let `score:` print the guard's number, or guard what is measured here (`answer_seconds`, `answer_mb`)"
    WALLS = "a higher level of isolation: `overnight doctor` says which this machine can have, and how"
    NETWORK = "`network: off`, unless the task cannot do without"
    LIMIT = "nothing in program.md: this limit does not hold on this machine; please report it"


def remedy(wanted: Remedy, program: Program, level: Level) -> Remedy:
    """Walls cannot help where they have a door, and a lower level than the best has always walls to gain."""
    if wanted is Remedy.NETWORK and not program.network:
        return Remedy.WALLS
    if wanted is Remedy.SCORE and program.score:
        return Remedy.HIDE if not program.hidden else Remedy.WALLS
    if wanted is Remedy.HIDE and program.hidden:
        return Remedy.WALLS
    if wanted is Remedy.LIMIT and level < Level.NAMESPACE:
        return Remedy.WALLS
    return wanted

"""Where to look: so that those who think at the same time think of different things.

The sentences hold for any task; what is of use only where something is learned by steps is said where the words for it
occur. Deterministic: the same experiment and the same neighbours give the same direction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Direction:
    name: str
    sentence: str
    where: str = ""  # a pattern of words in the task; "": everywhere
    after: int = 0  # experiments: before, there is nothing to look back at

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}"


LEARNS = r"learn|train|gradient|optimi[sz]er|epoch|loss|weights"
HISTORY = 12

DIRECTIONS = (
    Direction("structure", "which parts there are, how they are connected, and how large each of them is."),
    Direction("optimiser", "the rule by which a step of learning is taken: its kind, rate, momentum.", LEARNS),
    Direction("speed", "the same result in less time or memory; what is saved goes into more work in the box."),
    Direction("data order", "what comes in, in which order and portions, and how it is prepared, mixed or cached."),
    Direction("schedule", "what should be different at the start, in the middle and at the end of a run."),
    Direction("representation", "how the input is written down for what works on it: features, encodings, indexes."),
    Direction("simplify", "take out what earns nothing: a part, a special case, a setting; a tie is kept."),
    Direction("initialisation", "what it starts from: first values, scales, defaults, a warm start.", LEARNS),
    Direction("balance", "what the budget is spent on: fewer and larger steps or more and smaller ones, wide or deep."),
    Direction("regularisation", "what keeps it from fitting only what it has seen: decay, noise, averages.", LEARNS),
    Direction("method", "another known method for the part that matters most, in its simplest form."),
    Direction("objective", "what is aimed at inside, and how that differs from the number that counts.", LEARNS),
    Direction("combine", "two or three near misses of this night that touch different lines, together.", "", HISTORY),
    Direction("assumption", "one thing that everybody takes for granted here: name it, and try it the other way."),
    Direction("revisit", "a dead end or a crash of this night whose cause can be mended: mend it.", "", HISTORY),
    Direction("numerics", "precision, rounding, ranges and constants deep in the code that nobody has looked at."),
)

STRIDE = 5  # coprime to their number: neighbours in the list are not neighbours in time


def direction(number: int, taken: Sequence[str], task: str = "") -> str:
    """For who proposes experiment `number`, while others look at `taken`. `task`: the prose and the program, of which
    the words count; "": every direction is fitting. Where all are taken, one that fewest look at."""
    fitting = [each for each in DIRECTIONS if each.after <= number and (not task or _fits(each, task))]
    turned = [fitting[(number + i) * STRIDE % len(DIRECTIONS) % len(fitting)] for i in range(len(DIRECTIONS))]
    order = list(dict.fromkeys([*turned, *fitting]))
    names = [text.partition(":")[0] for text in taken]
    return str(min(order, key=lambda each: names.count(each.name)))


def _fits(each: Direction, task: str) -> bool:
    return re.search(each.where, task, re.IGNORECASE) is not None

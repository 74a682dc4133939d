"""Where changes failed, in words that a person can use: one knob, from one value on, and how often.

Found as the cut of one knob that parts what failed from what ran better than chance would; then, without those, the
next. Promises: few, the surest first, and none where the failures show no order. Not covered: regions that take two
knobs to say; the search itself weighs those (`failures.py`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from overnight.program.knobs import Knob, Value
from overnight.propose.aim import Seen

MOST = 4  # regions
LEAST = 2  # failures that are a region
SHARE = 0.6  # of a region's runs, at least, failed
SURE = 2.0  # likelihood that a cut gains, in nats, beyond what is paid for looking at so many knobs


class Side(StrEnum):
    FROM = "and above"
    UPTO = "and below"
    AT = ""


@dataclass(frozen=True, slots=True)
class Crash:
    """A knob's values from `edge` on: `failed` of `runs` changes there failed, most of them of `cause`."""

    name: str
    edge: Value
    side: Side
    failed: int
    runs: int
    cause: str

    def holds(self, value: Value) -> bool:
        if self.side is Side.AT or isinstance(value, str) or isinstance(self.edge, str):
            return value == self.edge
        return value >= self.edge if self.side is Side.FROM else value <= self.edge


def find_crashes(knobs: Mapping[str, Knob], history: Sequence[Seen]) -> tuple[Crash, ...]:
    found: list[Crash] = []
    rest = list(history)
    while len(found) < MOST and (best := _surest(knobs, rest)):
        found.append(best)
        rest = [each for each in rest if not _within(best, each)]
    return tuple(found)


def _surest(knobs: Mapping[str, Knob], history: Sequence[Seen]) -> Crash | None:
    paid = SURE + math.log(2 * max(len(knobs), 1))
    cuts = [(_gain(cut, history), cut) for name, knob in knobs.items() for cut in _cuts(name, knob, history)]
    return max(((gain, cut) for gain, cut in cuts if gain > paid), key=lambda pair: pair[0], default=(0.0, None))[1]


def _cuts(name: str, knob: Knob, history: Sequence[Seen]) -> Iterator[Crash]:
    """Away from where the knob stands: each value that failed begins one."""
    values = {each.setting[name] for each in history if each.loss is None and name in each.setting}
    for value in sorted(values - {knob.value}, key=repr):
        if knob.range is None or isinstance(value, str) or isinstance(knob.value, str):
            side = Side.AT
        else:
            side = Side.FROM if value > knob.value else Side.UPTO
        cut = Crash(name, value, side, 0, 0, "")
        inside = [each for each in history if _within(cut, each)]
        failed = [each.cause for each in inside if each.loss is None]
        if len(failed) >= LEAST and len(failed) >= SHARE * len(inside):
            yield Crash(name, value, side, len(failed), len(inside), _usual(failed))


def _within(cut: Crash, each: Seen) -> bool:
    return cut.name in each.setting and cut.holds(each.setting[cut.name])


def _gain(cut: Crash, history: Sequence[Seen]) -> float:
    """Log-likelihood of failures at one rate inside and another outside, against one rate for all."""
    failed, runs = sum(each.loss is None for each in history), len(history)
    inside, outside = _likelihood(cut.failed, cut.runs), _likelihood(failed - cut.failed, runs - cut.runs)
    return inside + outside - _likelihood(failed, runs)


def _likelihood(failed: int, runs: int) -> float:
    fine = runs - failed
    return sum(count * math.log(count / runs) for count in (failed, fine) if count)


def _usual(causes: Sequence[str]) -> str:
    """The most frequent one; numbers in a message do not tell causes apart."""
    plain = {re.sub(r"\d+", "0", cause): cause for cause in reversed(causes)}
    common = Counter(re.sub(r"\d+", "0", cause) for cause in causes).most_common(1)
    return plain[common[0][0]]

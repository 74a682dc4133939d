"""Crashes that look like a small mistake: one that whoever made it can mend, without a new idea.

Which of a proposer's experiments are to be mended is read off the record: each once, and not more than so many in a
night. So a resumed night still owes the mends that the one before did. Not on record, and so forgotten: that a model
was shown a crash and saw no way; it may be shown it again, within the same cap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from overnight.model import Call, Experiment
from overnight.propose.chat.formats import too_long

MENDS = "mends"  # the note of a proposal that mends another's crash: its number
SEAT = "seat"  # the note that tells who of several of the same origin has made it
SAME = 150  # characters by which a hypothesis is known again: the loop cuts them

EVIDENT = re.compile(
    r"^(?:[\w.]+\.)?(?:NameError|UnboundLocalError|TypeError|AttributeError|ImportError|ModuleNotFoundError"
    r"|SyntaxError|IndentationError|TabError|KeyError|IndexError|AxisError|ZeroDivisionError)\b"
)
SHAPES = re.compile(
    r"^(?:[\w.]+\.)?(?:RuntimeError|ValueError|AssertionError|InvalidArgumentError)\b.*"
    r"(?:shape|size|dimension|dtype|scalar type|same device|broadcast|matmul|mat1 and mat2|unpack|out of bounds"
    r"|expected .* got|must match|not aligned)",
    re.IGNORECASE,
)


def small_mistake(crashed: Experiment) -> bool:
    """It crashed, and the last line that says an error is of a kind that a reader of the code would have seen."""
    if crashed.verdict.call is not Call.CRASH or not crashed.trials:
        return False
    lines = [line.strip() for line in crashed.trials[-1].tail.splitlines()]
    errors = [line for line in lines if re.match(r"(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Exit|Interrupt)\b", line)]
    return bool(errors) and bool(EVIDENT.match(errors[-1]) or SHAPES.match(errors[-1]))


class Mistakes:
    """Of one proposer. `origin`: several may share it, and the cap; `seat` tells them apart."""

    def __init__(self, origin: str, seat: str, most: int) -> None:
        self._origin, self._seat, self._most = origin, seat, most
        self._done: set[str] = set()  # numbers of experiments that somebody of this origin has tried to mend
        self._owed: list[Experiment] = []

    def observe(self, experiment: Experiment) -> None:
        proposal = experiment.proposal
        if proposal.origin != self._origin:
            return
        if MENDS in proposal.notes:
            self._done.add(proposal.notes[MENDS])
        elif proposal.notes.get(SEAT) == self._seat and small_mistake(experiment) and not too_long(proposal.files):
            self._owed.append(experiment)

    def next(self, in_flight: Sequence[str]) -> Experiment | None:
        """The newest, as long as there are mends left. `in_flight`: hypotheses that are being measured; a mend from
        before a resume is among them."""
        if len(self._done) >= self._most:
            return None
        self._owed = [each for each in self._owed if str(each.number) not in self._done]
        under_way = tuple(words[:SAME] for words in in_flight)
        return next((each for each in reversed(self._owed) if not _begins(under_way, each)), None)

    def tried(self, crashed: Experiment) -> None:
        self._done.add(str(crashed.number))


def _begins(under_way: Sequence[str], crashed: Experiment) -> bool:
    return any(words.startswith(crashed.proposal.hypothesis[:SAME]) for words in under_way)

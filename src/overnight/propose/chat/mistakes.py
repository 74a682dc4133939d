"""Crashes that look like a small mistake: one that whoever made it can mend, without a new idea.

Which of a proposer's experiments are to be mended is remembered here: each once, and not more than so many in a night,
counting those that are on record from before a resume.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque

from overnight.model import Call, Experiment, Proposal
from overnight.propose.chat.formats import too_long

MENDS = "mends"  # the note of a proposal that mends another's crash: its number

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
    """Of one proposer. `origin`: several may share it, and the cap."""

    def __init__(self, origin: str, most: int) -> None:
        self._origin, self._most = origin, most
        self._mine: set[bytes] = set()
        self._done: set[str] = set()  # numbers of experiments that somebody of this origin has tried to mend
        self._waiting: deque[Experiment] = deque(maxlen=max(1, most))

    def proposed(self, proposal: Proposal) -> None:
        self._mine.add(_mark(proposal))

    def observe(self, experiment: Experiment) -> None:
        proposal = experiment.proposal
        if proposal.origin == self._origin and MENDS in proposal.notes:
            self._done.add(proposal.notes[MENDS])
        elif _mark(proposal) in self._mine and small_mistake(experiment) and not too_long(proposal.files):
            self._waiting.append(experiment)

    def next(self) -> Experiment | None:
        """The newest, as long as there are mends left."""
        return self._waiting[-1] if self._waiting and len(self._done) < self._most else None

    def tried(self, crashed: Experiment) -> None:
        self._waiting.remove(crashed)
        self._done.add(str(crashed.number))


def _mark(proposal: Proposal) -> bytes:
    return hashlib.sha256(repr((proposal.parent, sorted(proposal.files.items()))).encode(errors="replace")).digest()

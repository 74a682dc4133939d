"""A night's experiments, folded into what a proposer should know of them. Its size does not grow with the night.

It remembers the last experiments in a line each, the keeps, and counts by kind of change and by constant. What it
remembers was told: whoever may not know exact scores has only released ones here, and there a discard is "near" when it
was worth repeating, or was released as better and still not kept.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from overnight.model import Call, Experiment, Goal, Status
from overnight.propose.fence import last_lines, one_line
from overnight.propose.kinds import kind_of, knobs_of, lines_more

REMEMBERED, KEEPS, NAMES = 400, 60, 300
"""Experiments in a line each, keeps, constants that are counted."""

SAID, WHY, TAIL_LINES, TAIL = 160, 200, 6, 160
"""Bytes of a hypothesis and of a reason; lines of a crash, and bytes of each."""

CLOSE = 1e-3  # of the score: as near as this is near, where no noise is known
CRASHED = (Call.CRASH, Call.TIMEOUT, Call.PRUNED)
TURNED_AWAY = (Call.REFUSED, Call.INVALID)


@dataclass(frozen=True, slots=True)
class Tried:
    """An experiment in a line."""

    number: int
    call: Call
    said: str
    kind: str
    runs: int
    more: int  # lines of code
    score: float | None
    against: float | None  # what stood before it, as far as it is known
    news: bool  # its score is not just the one that was told before
    why: str = ""
    tail: tuple[str, ...] = ()
    removes: int | None = None
    simpler: bool = False


@dataclass(slots=True)
class Tally:
    tried: int = 0
    kept: int = 0
    failed: int = 0

    def count(self, call: Call) -> None:
        self.tried += 1
        self.kept += call is Call.KEEP
        self.failed += call in CRASHED or call in TURNED_AWAY


@dataclass(slots=True)
class Digest:
    last: deque[Tried] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    keeps: deque[Tried] = field(default_factory=lambda: deque(maxlen=KEEPS))
    kinds: dict[str, Tally] = field(default_factory=dict)
    knobs: dict[str, Tally] = field(default_factory=dict)
    calls: dict[Call, int] = field(default_factory=dict)
    standing: float | None = None  # the newest keep's score
    told: float | None = None  # the newest score

    def take(self, experiment: Experiment) -> None:
        tried = self._line(experiment)
        self.last.append(tried)
        if tried.removes is not None:
            return
        self.calls[tried.call] = self.calls.get(tried.call, 0) + 1
        if tried.call is Call.DUPLICATE:
            return
        self.kinds.setdefault(tried.kind, Tally()).count(tried.call)
        for name in (one_line(name, 60) for name in knobs_of(experiment)):
            if name in self.knobs or len(self.knobs) < NAMES:
                self.knobs.setdefault(name, Tally()).count(tried.call)
        self.told = tried.score if tried.score is not None else self.told
        if tried.call is Call.KEEP:
            self.keeps.append(tried)
            self.standing = tried.score if tried.score is not None else self.standing

    def _line(self, experiment: Experiment) -> Tried:
        verdict, proposal = experiment.verdict, experiment.proposal
        bad = next((trial for trial in experiment.trials if trial.status is not Status.OK), None)
        return Tried(
            number=experiment.number,
            call=verdict.call,
            said=one_line(proposal.hypothesis, SAID),
            kind=kind_of(experiment),
            runs=max(verdict.runs, len(experiment.trials)),
            more=lines_more(experiment),
            score=verdict.score,
            against=self.standing if verdict.against is None else verdict.against,
            news=verdict.score is not None and verdict.score != self.told,
            why=one_line(verdict.why or (bad.why if bad else ""), WHY),
            tail=tuple(last_lines(bad.tail, TAIL_LINES, TAIL)) if bad else (),
            removes=verdict.removes,
            simpler=verdict.simpler,
        )

    # ---- what is asked of it

    def near_misses(self, goal: Goal, baseline: float | None, noise: float | None, most: int) -> list[Tried]:
        """Discards that may still hold something: the newest of those that were better, or close, or repeated."""
        near = [tried for tried in self.last if tried.call is Call.DISCARD and tried.removes is None]
        found = [tried for tried in near if tried.runs > 1 or _close(tried, goal, baseline, noise)]
        best = sorted(found, key=lambda tried: (-tried.runs, -tried.number))[:most]
        return sorted(best, key=lambda tried: tried.number)

    def dead_ends(self, told: Sequence[Tried], most: int) -> list[Tried]:
        """The newest discards that are not told elsewhere, each hypothesis once."""
        known = {tried.number for tried in told}
        ends = [t for t in self.last if t.call is Call.DISCARD and t.removes is None and t.number not in known]
        return list({tried.said: tried for tried in ends}.values())[-most:]

    def crashes(self, most: int) -> list[Tried]:
        """The newest, and each cause once."""
        found = [tried for tried in self.last if tried.call in CRASHED]
        return list({_cause(tried): tried for tried in found}.values())[-most:]

    def turned_away(self, most: int) -> list[Tried]:
        return [tried for tried in self.last if tried.call in TURNED_AWAY][-most:]

    def removals(self, most: int) -> list[Tried]:
        return [tried for tried in self.last if tried.removes is not None][-most:]

    def duplicates(self, most: int) -> list[tuple[Tried, Tried | None]]:
        """Each with what had the same content, where that is remembered."""
        again = [tried for tried in self.last if tried.call is Call.DUPLICATE][-most:]
        return [(tried, self._original(tried)) for tried in again]

    def gains(self, goal: Goal, baseline: float | None) -> Iterator[tuple[Tried, float | None]]:
        """The keeps, and what each brought by the scores that were told; None where a score is not known."""
        before = baseline if len(self.keeps) < KEEPS else None
        for keep in self.keeps:
            against = keep.against if keep.against is not None else before
            change = None if keep.score is None or against is None else keep.score - against
            yield keep, None if change is None else (-change if goal is Goal.MINIMIZE else change)

    def _original(self, tried: Tried) -> Tried | None:
        named = re.search(r"experiment (\d+)", tried.why)
        number = int(named[1]) if named else None
        found = next((each for each in self.last if each.number == number), None)
        return replace(found, tail=()) if found else None


def _close(tried: Tried, goal: Goal, baseline: float | None, noise: float | None) -> bool:
    """By the scores: within the noise of what stood there, or better."""
    against = baseline if tried.against is None else tried.against
    if tried.score is None or against is None or not tried.news or tried.score == baseline:
        return False
    worse = tried.score - against if goal is Goal.MINIMIZE else against - tried.score
    return worse <= (noise or CLOSE * abs(against))


def _cause(tried: Tried) -> str:
    """Numbers aside: "tried 12.5 GiB" and "tried 11 GiB" are one cause."""
    return re.sub(r"[\d.]+", "0", tried.why)

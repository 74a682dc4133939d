"""What is true in a simulated night, whatever its judge believes: the worth of every tree, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.rigor.worlds import NOTHING, Effect, Nature
from overnight.judge.policy import Outlook
from overnight.model import Call, Claim, Purpose, Run, Score, Split, Standing, Status, Trial, Usage, Verdict, Worth

START = 100.0
"""The loss of the untouched baseline, so that a unit is a percent."""

SECONDS = 60.0  # a run: long enough that nobody is asked ahead
USAGE = Usage(wall_seconds=SECONDS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a night came to, and what was said of it."""

    worth: float  # of the branch, in truth
    kept: int  # changes that stand in the branch, removals aside
    false: int  # of these, worth nothing
    proven: int  # of these, said to be proven (on a task with one set: repeatable)
    proven_false: int
    proven_worth: float
    bounded: int  # of those that stand, given an interval …
    held: int  # … that holds the truth
    proven_held: int  # of the proven
    overstated: int  # said to be proven although the task has no hidden set
    claimed: float  # what the night says that the branch is worth: its claim, or else its last score against its first
    claim: Claim | None
    spent: Mapping[Purpose, int]  # runs


@dataclass(slots=True)
class Truth:
    nature: Nature
    trees: dict[str, Effect] = field(default_factory=lambda: {"c0": NOTHING})  # of every commit
    changes: dict[int, Effect] = field(default_factory=dict)  # of every proposal
    standing: dict[int, Effect] = field(default_factory=dict)  # in the branch
    branch: str = "c0"
    scores: list[float] = field(default_factory=list)  # that keeps were said to have
    spent: Counter[Purpose] = field(default_factory=Counter)

    def propose(self, number: int, removes: int | None) -> None:
        if removes is not None:
            self.changes[number] = Effect(*(-part for part in self.standing[removes]))
        else:
            self.changes[number] = self.nature.idea() if number else NOTHING

    def commit(self, number: int, base: str, name: str) -> None:
        a, b = self.trees[base], self.changes[number]
        self.trees[name] = Effect(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3])

    def run(self, run: Run) -> Trial:
        """The noise is the same on every set: it is one run."""
        self.spent[run.purpose] += 1
        tree, noise = self.trees[run.commit], self.nature.noise()
        shown = tree.sealed if run.split is Split.SEALED else tree.visible
        scores, hidden = {"loss": Score(START - shown - noise)}, {}
        if self.nature.world.hidden and run.split is Split.VISIBLE:
            hidden = {"loss": Score(START - tree.hidden - noise)}
        return Trial(run.id, 1, Status.OK, scores, USAGE, 0, None, "", "", hidden=hidden)

    def record(self, verdict: Verdict, removes: int | None, commit: str) -> str | None:
        """The branch moves; → its new tip, if it did."""
        number = verdict.experiment
        if verdict.call is not Call.KEEP:
            return None
        if removes is not None:
            del self.standing[removes]
        elif number:
            self.standing[number] = self.changes[number]
        if verdict.score is not None:
            self.scores.append(verdict.score)
        self.branch = f"k{number}"
        self.trees[self.branch] = self.trees[commit]
        return self.branch

    def outcome(self, said: Outlook) -> Outcome:
        sure = {worth.experiment for worth in said.worths if worth.standing in (Standing.PROVEN, Standing.REPEATABLE)}
        held = {worth.experiment for worth in said.worths if self._holds(worth)}
        split = self.nature.world.hidden
        proven = [change.worth for number, change in self.standing.items() if number in sure]
        return Outcome(
            worth=sum(change.worth for change in self.standing.values()),
            kept=len(self.standing),
            false=sum(change.worth <= 0 for change in self.standing.values()),
            proven=len(proven),
            proven_false=sum(worth <= 0 for worth in proven),
            proven_worth=sum(proven),
            bounded=sum(worth.low is not None for worth in said.worths if worth.experiment in self.standing),
            held=len(held),
            proven_held=len(held & sure),
            overstated=0 if split else sum(worth.standing is Standing.PROVEN for worth in said.worths),
            claimed=said.claim.gain if said.claim else self.scores[0] - self.scores[-1],
            claim=said.claim,
            spent=self.spent,
        )

    def _holds(self, said: Worth) -> bool:
        """Its interval has the truth, of a change that stands."""
        if said.low is None or said.high is None or said.experiment not in self.standing:
            return False
        return said.low <= self.standing[said.experiment].worth <= said.high

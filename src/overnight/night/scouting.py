"""Where the slots of a night are not all of one class: whose numbers count, and what the others are good for.

Numbers of different hardware are not compared in a session. One class counts: the one that `confirm_on:` of program.md
names, else that of the first run. A night that goes on where there is none of it, as on another machine or with other
slots, goes on with what there is; on a cluster it waits. What the judge wants runs there and nowhere else. Slots of any
other class are scouts: a change has one run there, and where it is not better than the incumbent on that same class, it
goes no further. A run that fails there says nothing, since small devices are soon full. The judge hears of none of it.
Folded from the ledger, and pure.

Not covered: hardware on which other changes are better. Where a box is of wall time, that is a matter of how far apart
the classes are, and a person's to know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TypeAlias

from overnight.judge.policy import Want
from overnight.ledger.events import Event, Rebased, Recorded, RunDone, RunStarted, Session
from overnight.model import Goal, Purpose, Slot, Status

INCUMBENT_RUNS = 2  # on each class, before anything is compared with it

Dropped: TypeAlias = tuple[int, str]
"""An experiment that goes no further, and why."""


@dataclass(slots=True)
class Scouts:
    goal: Goal
    metric: str
    strict: bool = False  # what counted once counts always: its slots will come, as those of a cluster do
    class_: str = ""  # that counts in this session
    before: str = ""  # that counted in the one before
    slots: int = 0  # that do not count, as far as they were seen
    kept: int = 0  # the incumbent, as an experiment
    landed: set[int] = field(default_factory=lambda: {0})
    under_way: dict[str, RunStarted] = field(default_factory=dict)
    begun: Counter[int] = field(default_factory=Counter)  # runs, by experiment
    references: dict[str, list[float]] = field(default_factory=dict)  # the incumbent's scores, by class
    found: dict[int, tuple[str, float]] = field(default_factory=dict)  # class and score, not yet compared
    through: set[int] = field(default_factory=set)  # experiments that go on

    def fold(self, event: Event) -> list[Dropped]:
        match event:
            case Session():
                self.under_way.clear()
                self.before = self.class_ or self.before
                self.class_ = self.before if self.strict else ""
            case RunStarted() if event.run.purpose is Purpose.SCOUT:
                self.under_way[event.run.id] = event
                self.begun[event.experiment] += 1
            case RunStarted():
                self.class_ = self.class_ or event.hardware
            case RunDone() if event.run.id in self.under_way:
                return self._take(event)
            case Rebased():
                self.found.pop(event.experiment, None)
            case Recorded():
                self._forget(event)
        return []

    def apart(self, slots: Sequence[Slot], named: str) -> tuple[list[Slot], Mapping[str, list[Slot]]]:
        """The slots whose numbers count, and the others by class. What was found on slots that are gone is void."""
        here = [slot for slot in slots if counts(slot.hardware, named, self.class_)]
        others: dict[str, list[Slot]] = {}
        for slot in slots:
            if slot not in here and self.class_:
                others.setdefault(slot.hardware, []).append(slot)
        there = {*others, *(started.hardware for started in self.under_way.values())}
        self.found = {n: found for n, found in self.found.items() if found[0] in there}
        self.slots = sum(map(len, others.values())) + len(self.under_way)
        return here if self.class_ or named else self._first(slots), others

    def wants(self, class_: str, waiting: Iterable[int]) -> Iterator[Want]:
        """`waiting`: experiments of which nothing is measured yet."""
        flying = [started for started in self.under_way.values() if started.hardware == class_]
        own = sum(started.experiment == self.kept for started in flying) + len(self.references.get(class_, ()))
        for more in range(INCUMBENT_RUNS - own):
            yield Want(self.kept, Purpose.SCOUT, self.begun[self.kept] + more)
        for number in waiting:
            if number not in self.through and number not in self.busy:
                yield Want(number, Purpose.SCOUT, self.begun[number])

    def first(self, wants: Sequence[Want]) -> list[Want]:
        """The judge's, without what scouts are at; what they have not looked at yet comes last."""
        able = [want for want in wants if want.experiment not in self.busy or want.experiment == self.kept]
        return sorted(able, key=lambda want: want.purpose is Purpose.SCREEN and want.experiment not in self.through)

    @property
    def busy(self) -> set[int]:
        return {started.experiment for started in self.under_way.values()} | set(self.found)

    def _first(self, slots: Sequence[Slot]) -> list[Slot]:
        """Before anything has run in this session: those that counted before, else those of which there are most."""
        classes = Counter(slot.hardware for slot in slots)
        class_ = self.before if self.before in classes else next(iter(classes.most_common(1)), ("", 0))[0]
        return [slot for slot in slots if slot.hardware == class_]

    def _take(self, done: RunDone) -> list[Dropped]:
        class_ = self.under_way.pop(done.run.id).hardware
        if done.trial.status is not Status.OK:
            self.through.add(done.experiment)
            if done.experiment == self.kept:  # then nothing can be compared on this class
                self.references[class_] = [float("nan")] * INCUMBENT_RUNS
        elif done.experiment == self.kept:
            self.references.setdefault(class_, []).append(done.trial.scores[self.metric].value)
        elif done.experiment not in self.landed:
            self.found[done.experiment] = class_, done.trial.scores[self.metric].value
        return list(self._compared())

    def _compared(self) -> Iterator[Dropped]:
        for number, (class_, score) in list(self.found.items()):
            own = self.references.get(class_, ())
            if len(own) >= INCUMBENT_RUNS:
                del self.found[number]
                reference = fmean(own)
                if self.goal.better(reference, score) or score == reference:
                    yield (
                        number,
                        f"{score:.6g} on {class_}, where the branch has {reference:.6g}: it was tried no further",
                    )
                else:
                    self.through.add(number)

    def _forget(self, recorded: Recorded) -> None:
        number = recorded.experiment
        self.through.discard(number)
        self.found.pop(number, None)
        if recorded.kept is not None:
            self.kept = number
            self.landed.add(number)
            self.references.clear()
            self.found.clear()


def counts(class_: str, named: str, first: str) -> bool:
    """`named`: a word of the class that counts, as a person wrote it."""
    return named.lower() in class_.lower() if named else class_ == first

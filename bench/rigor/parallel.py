"""The same night in the real loop: `night.Night` on any number of slots, its time simulated.

Slower than the driver, and the check on it: on one slot both must decide the same. On several slots a candidate
may be stale when its scores come.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.rigor.driver import admitted, opening, program, proposed, rebased
from bench.rigor.truth import SECONDS, Outcome, Truth
from overnight.judge.policy import AnyPolicy
from overnight.ledger.events import (
    Claimed,
    Closed,
    Entry,
    Event,
    Judged,
    Recorded,
    RunDone,
    RunStarted,
    Turned,
    Weighed,
)
from overnight.model import Slot
from overnight.night import actions as do
from overnight.night.actions import Action, Answer, Dropped, Tick
from overnight.night.night import Night
from overnight.testing import FakeClock

JITTER = 0.02
"""Runs on several slots do not end all at once: share of the box that they may differ by."""


@dataclass(slots=True)
class ParallelNight:
    policy: AnyPolicy
    truth: Truth
    runs: int
    slots: int = 1
    clock: FakeClock = field(default_factory=FakeClock)
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    running: dict[str, RunStarted] = field(default_factory=dict)
    ends: list[tuple[float, str]] = field(default_factory=list)  # a heap
    seq: int = 0
    night: Night = field(init=False)

    def work(self) -> Outcome:
        for _ in self.events():
            pass
        return self.truth.outcome(self.policy.outlook(self.night.state.belief, self.runs))

    def events(self) -> Iterator[Event]:
        wanted = program(self.truth.nature.world, self.runs, self.slots)
        self.night = Night(wanted, self.policy, "secret", self.slots, self._tick(), None)
        self.truth.propose(0, None)
        yield from self._heard(*opening(wanted), proposed(0, "c0", None))
        while self.night.state.closed is None:
            actions = self.night.next([Slot(str(n)) for n in range(self.slots - len(self.running))])
            for action in actions:
                yield from self._heard(*self._do(action))
            if not actions:
                yield from self._heard(self._time_passes())

    def _heard(self, *events: Event) -> Iterator[Event]:
        for event in events:
            self.seq += 1
            self.night.hear(Entry(self.seq, self.clock.utc, self.clock.mono, event, "", ""))
            yield event

    def _do(self, action: Action) -> Iterator[Event]:
        state, truth = self.night.state, self.truth
        match action:
            case do.Ask(n):
                for number in range(state.last_number + 1, state.last_number + 1 + n):
                    truth.propose(number, None)
                    yield proposed(number, truth.branch, None)
                self.night.hear(Answer(n, n))
            case do.Remove(keep):
                truth.propose(state.last_number + 1, keep)
                yield proposed(state.last_number + 1, truth.branch, keep)
            case do.Admit(number):
                truth.commit(number, state.open[number].base, f"c{number}")
                yield admitted(number, f"c{number}")
            case do.Rebase(number, onto):
                name = f"c{number}-r{state.open[number].rebases + 1}"
                truth.commit(number, onto, name)
                yield rebased(number, onto, name)
            case do.Start(run, attempt, slot):
                self.running[run.id] = RunStarted(run=run, attempt=attempt, slot=slot.name)
                late = self.rng.random() * JITTER if self.slots > 1 else 0.0
                heapq.heappush(self.ends, (self.clock.mono + SECONDS * (1 + late), run.id))
                yield self.running[run.id]
            case do.Cancel(run_id):
                del self.running[run_id]
                self.night.hear(Dropped(run_id))
            case _:
                yield self._written(action)

    def _written(self, action: Action) -> Event:
        state = self.night.state
        match action:
            case do.Conclude(verdict):
                commit = state.open[verdict.experiment].commit
                assert commit is not None
                return Judged(verdict=verdict, commit=commit, log_tip="", branch_tip=self.truth.branch)
            case do.Record(number, released):
                judged = state.open[number].judged
                assert judged is not None
                removes = state.open[number].proposed.removes
                kept = self.truth.record(judged.verdict, removes, judged.commit)
                return Recorded(experiment=number, entry="", kept=kept, released=released)
            case do.Turn(phase, left, why, thorough):
                return Turned(
                    number=state.turns + 1, phase=phase, runs=state.runs, left=left, why=why, thorough=thorough
                )
            case do.Weigh(worths):
                return Weighed(number=state.weighings + 1, worths=worths)
            case do.Announce(claim):
                return Claimed(number=state.claims + 1, commit=self.truth.branch, claim=claim)
            case do.Close(why, finished):
                return Closed(session=1, why=why, finished=finished)
        raise AssertionError(action)

    def _time_passes(self) -> Event:
        """To the end of the next run. A night that waits for nothing would wait for ever."""
        assert self.ends, "the night has nothing to do and does not end"
        at, run_id = heapq.heappop(self.ends)
        while run_id not in self.running:
            at, run_id = heapq.heappop(self.ends)
        self.clock.advance(at - self.clock.mono)
        self.night.hear(self._tick())
        started = self.running.pop(run_id)
        return RunDone(run=started.run, trial=self.truth.run(started.run))

    def _tick(self) -> Tick:
        return Tick(self.clock.now(), self.clock.mono)

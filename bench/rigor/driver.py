"""One simulated night on one slot: a shipped policy hears the events that a real night would give it.

What the policy wants, it gets; what it decides, happens; every run counts against the night's budget. This is the loop
of `night/night.py` without git, processes and time, so that thousands of nights take minutes; a test holds the two
against each other, decision by decision. Left out is what no policy looks at here: crashes, duplicates, kills.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.rigor.truth import SECONDS, Outcome, Truth
from bench.rigor.worlds import World
from overnight.judge.policy import AnyPolicy, Removal, Want
from overnight.ledger.events import (
    Admitted,
    Event,
    Judged,
    Opened,
    Proposed,
    Rebased,
    Recorded,
    RunDone,
    RunStarted,
    Session,
    Turned,
)
from overnight.model import Call, Phase, Run, Verdict
from overnight.night.night import DAWN_SHARE
from overnight.program.program import Box, Program, Stop
from overnight.testing import a_program


@dataclass(slots=True)
class Open:
    """An experiment between its proposal and its record."""

    number: int
    removes: int | None
    base: str
    commit: str
    rebases: int = 0
    verdict: Verdict | None = None


@dataclass(slots=True)
class SimulatedNight:
    policy: AnyPolicy
    truth: Truth
    runs: int
    left: int = 0
    state: Any = None
    phase: Phase = Phase.SEARCH
    turns: int = 0
    last_number: int = -1
    open: dict[int, Open] = field(default_factory=dict)

    def work(self) -> Outcome:
        for _ in self.events():
            pass
        return self.truth.outcome(self.policy.outlook(self.state, self.runs))

    def events(self) -> Iterator[Event]:
        """What happens, in order; the policy has heard each."""
        wanted = program(self.truth.nature.world, self.runs)
        self.state, self.left = self.policy.start(wanted), self.runs
        for event in (*opening(wanted), *self._propose(None)):
            yield self._told(event)
        while (step := self._next()) is not None:
            for event in step:
                yield self._told(event)

    def _told(self, event: Event) -> Event:
        self.state, verdicts = self.policy.step(self.state, event)
        for verdict in verdicts:
            self.open[verdict.experiment].verdict = verdict
        return event

    def _next(self) -> Iterator[Event] | None:
        """Finishes what is half done, else does one thing more. None: the night is over."""
        if half_done := self._half_done():
            return half_done
        reserved = self._reserved()
        if phase := self._due(reserved):
            return self._turn(phase)
        wants = self.policy.wants(self.state, 1)
        if removal := next((want for want in wants if isinstance(want, Removal)), None):
            return self._propose(removal.keep)
        if self.left <= reserved or (self.phase is Phase.CLAIM and not wants):
            return None
        return self._measure(wants[0]) if wants else self._propose(None)

    def _half_done(self) -> Iterator[Event] | None:
        """Concludes what is decided; puts what has become stale on top of the new incumbent."""
        waiting = list(self.open.values())
        for experiment in waiting:
            if experiment.verdict is not None:
                if experiment.verdict.call is Call.KEEP and self._stale(experiment):
                    return self._rebase(experiment)
                return self._conclude(experiment, experiment.verdict)
        stale = next((experiment for experiment in waiting if self._stale(experiment)), None)
        return self._rebase(stale) if stale else None

    def _due(self, reserved: int) -> Phase | None:
        phases = self.policy.phases
        if Phase.DAWN in phases and self.phase is Phase.SEARCH and self.left <= reserved + DAWN_SHARE * self.runs:
            return Phase.DAWN
        if Phase.CLAIM in phases and self.phase is not Phase.CLAIM and self.left <= reserved:
            return Phase.CLAIM
        return None

    def _turn(self, phase: Phase) -> Iterator[Event]:
        self.phase = phase
        self.turns += 1
        yield Turned(number=self.turns, phase=phase, runs=self.runs - self.left, left=self.left, why="")

    def _reserved(self) -> int:
        """Runs that the search must leave."""
        if self.phase is Phase.CLAIM or not self.truth.standing:
            return 0
        return self.policy.outlook(self.state, self.runs).reserve

    def _propose(self, removes: int | None) -> Iterator[Event]:
        self.last_number += 1
        number, base = self.last_number, self.truth.branch
        experiment = self.open[number] = Open(number, removes, base, f"c{number}")
        self.truth.propose(number, removes)
        self.truth.commit(number, base, experiment.commit)
        yield proposed(number, base, removes)
        yield admitted(number, experiment.commit)

    def _measure(self, want: Want | Removal) -> Iterator[Event]:
        assert isinstance(want, Want)
        experiment = self.open.get(want.experiment)
        commit = experiment.commit if experiment else f"k{want.experiment}"
        again = f"-r{experiment.rebases}" if experiment and experiment.rebases else ""
        run_id = f"{want.experiment}{again}-{want.purpose}-{want.index}"
        run = Run(run_id, want.experiment, commit, want.purpose, want.split, 0, SECONDS, SECONDS, want.rungs)
        self.left -= 1
        yield RunStarted(run=run, attempt=1, slot="0")
        yield RunDone(run=run, trial=self.truth.run(run))

    def _rebase(self, experiment: Open) -> Iterator[Event]:
        experiment.rebases += 1
        experiment.base, experiment.verdict = self.truth.branch, None
        experiment.commit = f"c{experiment.number}-r{experiment.rebases}"
        self.truth.commit(experiment.number, experiment.base, experiment.commit)
        yield rebased(experiment.number, experiment.base, experiment.commit)

    def _conclude(self, experiment: Open, verdict: Verdict) -> Iterator[Event]:
        yield Judged(verdict=verdict, commit=experiment.commit, log_tip="", branch_tip=self.truth.branch)
        del self.open[experiment.number]
        kept = self.truth.record(verdict, experiment.removes, experiment.commit)
        yield Recorded(experiment=experiment.number, entry="", kept=kept)

    def _stale(self, experiment: Open) -> bool:
        return experiment.number > 0 and experiment.base != self.truth.branch


def program(world: World, runs: int, slots: int = 1) -> Program:
    """A run takes SECONDS, and the night so long that it has `runs` in all."""
    hidden = ("data/{split}.bin",) if world.hidden else ()
    stop = Stop(seconds=runs * SECONDS / slots)
    return a_program(hidden=hidden, box=Box(SECONDS), kill_after_seconds=2 * SECONDS, stop=stop, slots=slots)


def opening(wanted: Program) -> tuple[Opened, Session]:
    settings = msgspec.json.decode(msgspec.json.encode(wanted, enc_hook=str))
    opened = Opened(
        night="night",
        node="",
        branch="",
        baseline="c0",
        metric=wanted.metric,
        goal=wanted.goal,
        program_text="",
        settings=settings,
        secret_hash="",
        environment={},
        who="",
    )
    return opened, Session(number=1, host="", pid=0, scratch="", program_text="", settings=settings)


def proposed(number: int, base: str, removes: int | None) -> Proposed:
    origin = "search" if removes is None else "removal"
    return Proposed(experiment=number, parent=base, edits=(), origin=origin, hypothesis="", removes=removes)


def admitted(number: int, commit: str) -> Admitted:
    return Admitted(experiment=number, commit=commit, fingerprint=commit, size=100, parent_size=100)


def rebased(number: int, base: str, commit: str) -> Rebased:
    return Rebased(experiment=number, onto=base, commit=commit, fingerprint=commit, size=100, parent_size=100)

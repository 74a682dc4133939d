"""A night without a machine: the loop, driven over a world of integers in place of git, processes and time.

A tree is a frozenset of idea numbers; its true value is the sum of what the ideas are worth. Everything that in
reality may take any time (a run, a proposal) takes a random time here, and the coordinator can be killed between any
two entries of the ledger. What must hold afterwards is checked in `test_schedules.py`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from overnight.judge.greedy import GreedyPolicy
from overnight.judge.policy import AnyPolicy
from overnight.ledger.events import (
    Admitted,
    Claimed,
    Closed,
    Entry,
    Event,
    Judged,
    Opened,
    Proposed,
    Rebased,
    Recorded,
    RunDone,
    RunStarted,
    Session,
    StopAsked,
    Turned,
    Weighed,
)
from overnight.ledger.steering import Held
from overnight.model import Call, Edit, Phase, Score, Slot, Status, Trial, Usage
from overnight.night.actions import (
    Action,
    Admit,
    Announce,
    Answer,
    Ask,
    Cancel,
    Close,
    Conclude,
    Dropped,
    Hold,
    Rebase,
    Record,
    Remove,
    Start,
    Tick,
    Turn,
    Weigh,
    Write,
)
from overnight.night.asking import Seat
from overnight.night.night import Night
from overnight.program.program import Program, Stop
from overnight.testing import FakeClock, a_program

Tree = frozenset[int]


def program(**changes: object) -> Program:
    return a_program(**{"stop": Stop(experiments=12), **changes})


class Killed(Exception):
    """The coordinator has died here."""


@dataclass
class World:
    """What outlives the coordinator: ledger, commits, refs."""

    rng: random.Random
    program: Program
    slots: int
    entries: list[Entry] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)  # of the entries
    commits: dict[str, tuple[Tree, str]] = field(default_factory=lambda: {"c0": (frozenset(), "")})
    branch: str = ""
    log: list[int] = field(default_factory=list)
    policy: AnyPolicy = field(default_factory=GreedyPolicy)
    noise: float = 0.0
    seats: tuple[Seat, ...] = (Seat(),)
    errand: Phase | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    worth: dict[int, float] = field(default_factory=dict)
    classes: tuple[str, ...] = ("",)  # of hardware: the slots have them in turns
    measured: list[str] = field(default_factory=list)  # run ids whose trial was taken
    most_running: int = 0

    def append(self, *events: Event) -> list[Entry]:
        stored = []
        for event in events:
            if event.key not in self.keys:
                self.keys.add(event.key)
                self.entries.append(Entry(len(self.entries) + 1, self.clock.utc, self.clock.mono, event, "", ""))
                stored.append(self.entries[-1])
        return stored

    def forget(self, cut: int) -> None:
        """As if entry `cut` and those after it had never been."""
        self.keys -= {entry.event.key for entry in self.entries[cut:]}
        del self.entries[cut:]

    def commit(self, tree: Tree, parent: str) -> str:
        name = f"c{sorted(tree)}<{parent}" if tree else "c0"
        self.commits[name] = (tree, parent)
        return name

    def score(self, tree: Tree) -> float:
        return round(10.0 - sum(self.worth.setdefault(i, self.rng.choice((-1, 0, 1, 1)) * 0.5) for i in tree), 6)


@dataclass
class Coordinator:
    """One session: does the loop's actions on the world, with everything that takes time in a random order."""

    world: World
    kill_chance: float = 0.0
    running: dict[str, tuple[RunStarted, Tree]] = field(default_factory=dict)
    asks: list[tuple[Ask, str]] = field(default_factory=list)  # with the incumbent of that moment
    offers: list[tuple[Tree, str]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)  # classes whose slots do not come back

    def __post_init__(self) -> None:
        world = self.world
        self.night = Night(
            world.program, world.policy, "secret", world.slots, self._tick(), None, world.errand, world.seats
        )
        if not world.entries:
            world.append(
                _opened(world.program), Proposed(experiment=0, parent="c0", edits=(), origin="b", hypothesis="")
            )
        number = 1 + sum(isinstance(entry.event, Session) for entry in world.entries)
        world.append(_session(number))
        for entry in world.entries:
            self.night.hear(entry)

    def work(self, steps: int = 10_000) -> Closed:
        for _ in range(steps):
            self.step()
            if self.night.state.closed:
                return self.night.state.closed
        raise AssertionError("the night does not end")

    def step(self) -> None:
        actions = self.night.next(self._free())
        for action in actions:
            self._do(action)
        if not actions:
            self._something_happens()

    def lose(self, *classes: str) -> None:
        """Their slots are gone, and with them what ran there."""
        self.lost.update(classes)
        for run_id, (started, _) in list(self.running.items()):
            if started.hardware in classes:
                self._do(Cancel(run_id))

    def _append(self, *events: Event) -> None:
        self._maybe_die()
        for entry in self.world.append(*events):
            self.night.hear(entry)
        self._maybe_die()

    def _maybe_die(self) -> None:
        if self.world.rng.random() < self.kill_chance:
            raise Killed

    def _free(self) -> list[Slot]:
        taken, classes = {started.slot for started, _ in self.running.values()}, self.world.classes
        slots = [Slot(str(i), hardware=classes[i % len(classes)]) for i in range(self.world.slots)]
        return [slot for slot in slots if slot.name not in taken and slot.hardware not in self.lost]

    def _do(self, action: Action) -> None:
        state, world = self.night.state, self.world
        match action:
            case Ask():
                self.asks.append((action, state.incumbent))
            case Admit(number):
                proposed = state.open[number].proposed
                base = world.commits[proposed.parent][0]
                ideas = {int(edit.text) for edit in proposed.edits}
                tree = base - ideas if proposed.removes is not None else base | ideas
                commit = world.commit(tree, proposed.parent) if number else "c0"
                self._append(_admitted(number, commit, tree, base))
            case Start(run, attempt, slot):
                started = RunStarted(run=run, attempt=attempt, slot=slot.name, hardware=slot.hardware)
                self._append(started)
                self.running[run.id] = started, world.commits[run.commit][0]
                world.most_running = max(world.most_running, len(self.running))
            case Cancel(run_id):
                self.running.pop(run_id)
                self.night.hear(Dropped(run_id))
            case Rebase(number, onto):
                self._rebase(number, onto)
            case Conclude(verdict):
                tips = (str(len(world.log)), world.branch)
                commit = state.open[verdict.experiment].commit or ""
                self._append(Judged(verdict=verdict, commit=commit, log_tip=tips[0], branch_tip=tips[1]))
            case Hold(verdict):
                self._append(Held(experiment=verdict.experiment, found=verdict))
            case Record(number, released):
                self._record(number, released)
            case Remove(keep):
                self._append(self._removal(keep))
            case Turn(phase, left, why, thorough):
                turned = Turned(
                    number=state.turns + 1, phase=phase, runs=state.runs, left=left, why=why, thorough=thorough
                )
                self._append(turned)
            case Weigh(worths):
                self._append(Weighed(number=state.weighings + 1, worths=worths))
            case Announce(claim):
                self._append(Claimed(number=state.claims + 1, commit=state.incumbent, claim=claim))
            case Write(events):
                self._append(*events)
            case Close(why, finished):
                self._append(Closed(session=state.sessions, why=why, finished=finished))

    def _rebase(self, number: int, onto: str) -> None:
        experiment = self.night.state.open[number]
        assert experiment.commit is not None
        change = self.world.commits[experiment.commit][0] ^ self.world.commits[experiment.base][0]
        base = self.world.commits[onto][0]
        if any(idea % 7 == 6 for idea in change) or self.world.rng.random() < 0.05:  # some never merge
            self._append(Rebased(experiment=number, onto=onto, commit=None, fingerprint="", size=0, parent_size=0))
            return
        tree = base - change if experiment.removes is not None else base | change
        made = _admitted(number, self.world.commit(tree, onto), tree, base)
        self._append(
            Rebased(
                experiment=number,
                onto=onto,
                commit=made.commit,
                fingerprint=made.fingerprint,
                size=made.size,
                parent_size=made.parent_size,
            )
        )

    def _removal(self, keep: int) -> Proposed:
        state, commits = self.night.state, self.world.commits
        order = list(state.kept)
        before = commits[state.kept[order[order.index(keep) - 1]]][0]
        ideas = (commits[state.kept[keep]][0] - before) & commits[state.incumbent][0]
        edits = tuple(Edit("train.py", 0, 0, str(idea)) for idea in ideas)
        number = state.last_number + 1
        what = f"without #{keep}"
        return Proposed(
            experiment=number, parent=state.incumbent, edits=edits, origin="removal", hypothesis=what, removes=keep
        )

    def _record(self, number: int, released: float | None) -> None:
        """Log, then branch, each by compare-and-swap, with a death possible between any two."""
        judged = self.night.state.open[number].judged
        assert judged is not None
        if len(self.world.log) == int(judged.log_tip):
            self.world.log.append(number)
        assert self.world.log[int(judged.log_tip)] == number
        self._maybe_die()
        kept = None
        if judged.verdict.call is Call.KEEP:
            kept = judged.commit
            assert self.world.branch in (judged.branch_tip, kept)
            self.world.branch = kept
            self._maybe_die()
        self._append(Recorded(experiment=number, entry=str(len(self.world.log)), kept=kept, released=released))

    def _something_happens(self) -> None:
        rng = self.world.rng
        self.world.clock.advance(rng.random() * 5)
        self.night.hear(self._tick())
        choices = [self._run_ends] * bool(self.running) + [self._idea_comes] * bool(self.asks)
        if choices:
            rng.choice(choices)()

    def _run_ends(self) -> None:
        rng = self.world.rng
        run_id = rng.choice(sorted(self.running))
        started, tree = self.running.pop(run_id)
        broken = any(idea % 11 == 10 for idea in tree)
        drift = rng.gauss(0.0, self.world.noise)
        apart = 100.0 * self.world.classes.index(started.hardware)  # no number of one means anything on another
        scores = {} if broken else {"loss": Score(self.world.score(tree) + drift + apart)}
        status = Status.CRASH if broken else Status.OK
        code, why = (1, "exit code 1") if broken else (0, "")
        hidden = {name: Score(s.value + rng.gauss(0.0, self.world.noise / 3)) for name, s in scores.items()}
        trial = Trial(
            run_id, started.attempt, status, scores, Usage(wall_seconds=8.0), code, None, why, "", hidden=hidden
        )
        self._append(RunDone(run=started.run, trial=trial))
        self.world.measured.append(run_id)

    def _idea_comes(self) -> None:
        """One proposal for one of the asks, some of them the same idea again; or nothing for a while."""
        rng = self.world.rng
        asked, parent = self.asks.pop(rng.randrange(len(self.asks)))
        if self.world.seats[asked.seat].thinks and rng.random() < 0.1:
            until = self.night.time.now.utc + rng.random() * 60
            self.night.hear(Answer(asked.n, 0, until, "a rate limit", asked.seat))
            return
        number, idea = self.night.state.last_number + 1, rng.randrange(1, 40)
        edits = (Edit("train.py", 0, 0, str(idea)),)
        self._append(Proposed(experiment=number, parent=parent, edits=edits, origin="r", hypothesis=str(idea)))
        self.night.hear(Answer(asked.n, 1, seat=asked.seat))

    def _tick(self) -> Tick:
        return Tick(self.world.clock.now(), self.world.clock.mono)


def stop_asked(name: str, now: bool = False) -> StopAsked:
    return StopAsked(id=name, who="a test", now=now)


def _admitted(number: int, commit: str, tree: Tree, base: Tree) -> Admitted:
    size, before = 100 - len(tree), 100 - len(base)
    return Admitted(experiment=number, commit=commit, fingerprint=str(sorted(tree)), size=size, parent_size=before)


def _opened(wanted: Program) -> Opened:
    return Opened(
        night="t",
        node="n",
        branch="refs/heads/autoresearch/t",
        baseline="c0",
        metric=wanted.metric,
        goal=wanted.goal,
        program_text="",
        settings={"guards": []},
        secret_hash="",
        environment={},
        who="",
    )


def _session(number: int) -> Session:
    return Session(number=number, host="", pid=0, scratch="", program_text="", settings={"guards": []})

"""The hands of the loop: does what `night.py` says, on one thread, and writes each thing done to the ledger.

Slots and proposers work on threads of their own and talk to this one through a queue; other commands (`overnight
stop`) through the inbox. Signals, too, only put a message into the queue. Nothing else writes.
"""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TypeAlias

from overnight.clock import Clock
from overnight.compute.executor import Executor, Failed
from overnight.errors import OvernightError
from overnight.judge.seeds import seed_for
from overnight.ledger import events as ev
from overnight.ledger import inbox
from overnight.ledger.events import Event
from overnight.ledger.ledger import Ledger
from overnight.model import Heartbeat, Proposal, Status, Step, Trial, unwatched
from overnight.night import actions as do
from overnight.night.actions import Action, Answer, Dropped, Tick
from overnight.night.keep import Keeper
from overnight.night.night import Night
from overnight.night.telling import told
from overnight.night.tidy import Attic
from overnight.night.watcher import Watcher
from overnight.propose.desk import Answered, Desk, ProposerFailed
from overnight.propose.proposer import Proposer, View
from overnight.repo.edits import make_edits

TICK_SECONDS = 0.2

LINE_CHARACTERS = 200
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody at this terminal wants the end."""

    who: str
    now: bool


Message: TypeAlias = Heartbeat | Trial | Proposal | Answered | ProposerFailed | Failed | Stop


@dataclass(slots=True)
class Shift:
    night: Night
    ledger: Ledger
    keeper: Keeper
    attic: Attic
    clock: Clock
    watcher: Watcher
    elapsed_before: float  # active seconds of the sessions before this one
    began: float  # of this one, monotonic
    queue: SimpleQueue[Message] = field(default_factory=SimpleQueue)
    step: Step = unwatched
    executor: Executor = field(init=False)
    desk: Desk = field(init=False)
    beats: dict[str, Heartbeat] = field(default_factory=dict)

    def work(self, executor: Executor, proposer: Proposer) -> ev.Closed:
        """Works until the night or this session of it ends. What runs then is ended, whatever the reason."""
        self.executor, self.desk = executor, Desk(proposer, self.queue.put)
        try:
            self._tell_finished()
            while (closed := self.night.state.closed) is None:
                actions = self.night.next(executor.free())
                for action in actions:
                    self._do(action)
                if not actions:
                    self._listen()
            return closed
        except OvernightError as error:  # a session that ends by an error has ended, and was not killed
            with suppress(OvernightError):
                self._append(self._closed(str(error), finished=False))
            raise
        finally:
            executor.close()
            self.desk.close()

    # ---- doing

    def _do(self, action: Action) -> None:
        self.step(f"do.{type(action).__name__}")
        open_ = self.night.state.open
        match action:
            case do.Ask(n):
                self.desk.ask(self._view(), n)
            case do.Admit(number):
                self._append(self.keeper.admit(open_[number], self._proposed_at(number)))
            case do.Start(run, attempt, slot):
                self._append(ev.RunStarted(run=run, attempt=attempt, slot=slot.name))
                self.executor.submit(run, attempt, slot)
            case do.Cancel(run_id):
                self.executor.cancel(run_id)
            case do.Rebase(number, onto):
                self._append(self.keeper.rebase(open_[number], onto, self._proposed_at(number)))
            case do.Conclude(verdict):
                self._append(self.keeper.judged(open_[verdict.experiment], verdict, self.night.state))
            case do.Record(number, released):
                self._append(self.keeper.record(self.ledger.of(number), released))
            case do.Remove(keep):
                self._append(self.keeper.removal(self.night.state, keep))
            case do.Turn():
                self._append(self._turned(action))
            case do.Weigh(worths):
                self._append(ev.Weighed(number=self.night.state.weighings + 1, worths=worths))
            case do.Announce(claim):
                state = self.night.state
                self._append(ev.Claimed(number=state.claims + 1, commit=state.incumbent, claim=claim))
            case do.Close(why, finished):
                self._append(self._closed(why, finished))

    def _append(self, event: Event) -> None:
        """Writes it down; only then is it so."""
        for entry in self.ledger.append(self.clock.now(), self._elapsed(), event):
            self.night.hear(entry)
            self.watcher.saw(entry, self.night)
        self._tell_finished()

    def _turned(self, turn: do.Turn) -> ev.Turned:
        state = self.night.state
        return ev.Turned(
            number=state.turns + 1,
            phase=turn.phase,
            runs=state.runs,
            left=turn.left,
            why=turn.why,
            thorough=turn.thorough,
        )

    def _closed(self, why: str, finished: bool) -> ev.Closed:
        secret = self.night.secret if finished else ""
        return ev.Closed(session=self.night.state.sessions, why=why, finished=finished, secret=secret)

    def _view(self) -> View:
        state = self.night.state
        number = state.last_number + 1
        return View(
            program=self.night.program,
            number=number,
            seed=seed_for(self.night.secret, state.name, f"ask/{number}"),
            incumbent=state.incumbent,
            files=self.keeper.repo.texts(state.incumbent, self.night.program.edit),
            best=state.best if self.desk.trusted else state.released,
            in_flight=[e.proposed.hypothesis for e in state.open.values()],
        )

    # ---- listening

    def _listen(self) -> None:
        """Waits for the next message, at most a tick, and takes in all that are there."""
        self._take_inbox()
        try:
            self._take(self.queue.get(timeout=TICK_SECONDS))
            while True:
                self._take(self.queue.get_nowait())
        except Empty:
            pass
        now = self.clock.now()
        self.night.hear(Tick(now, self._elapsed()))
        self.watcher.tick(self.night, now, self.beats)

    def _take(self, message: Message) -> None:
        match message:
            case Heartbeat():
                self.beats[message.run_id] = message
            case Trial():
                self._take_trial(message)
            case Proposal():
                self._append(self._proposed(message))
            case Answered():
                self.night.hear(Answer(message.asked, message.given, message.wait_until, message.why))
            case Stop(who, now):
                self._append(ev.StopAsked(id=uuid.uuid4().hex, who=who, now=now))
            case ProposerFailed(error):
                raise _failure(f"the proposer ({self.night.program.agent})", error)
            case Failed(run_id, error):
                raise _failure(f"the slot of run {run_id}", error)

    def _take_trial(self, trial: Trial) -> None:
        """The first result of a run counts; what comes for a run that is not under way does not."""
        self.beats.pop(trial.run_id, None)
        started = self.night.state.under_way.get(trial.run_id)
        if started is None:
            return
        if trial.status is Status.STOPPED:
            self.night.hear(Dropped(trial.run_id))
        else:
            self._append(ev.RunDone(run=started.run, trial=trial))

    def _proposed(self, proposal: Proposal) -> ev.Proposed:
        if proposal.parent not in self.night.state.kept.values():
            raise OvernightError(
                f"{_line(proposal.origin)} proposed a change of {_line(proposal.parent)!r}, no keep of this night"
            )
        files = {path: _storable(text) for path, text in proposal.files.items()}
        old = self.keeper.repo.texts(proposal.parent, sorted(files))
        return ev.Proposed(
            experiment=self.night.state.last_number + 1,
            parent=proposal.parent,
            edits=make_edits(old, files),
            origin=_line(proposal.origin),
            hypothesis=_line(proposal.hypothesis) or "(no hypothesis given)",
            cost=proposal.cost,
            notes={_line(name): _line(text) for name, text in proposal.notes.items()},
        )

    def _take_inbox(self) -> None:
        for message_id, message in inbox.take(self.ledger.path.parent):
            if message.get("kind") == "stop":
                who, now = str(message.get("who", "?")), bool(message.get("now"))
                self._append(ev.StopAsked(id=message_id, who=who, now=now))
            else:
                self._append(ev.Noted(id=message_id, text=f"a message that is not understood: {message!r:.200}"))
            inbox.done(self.ledger.path.parent, message_id)

    # ---- telling

    def _tell_finished(self) -> None:
        """Everybody's experiments go to the proposer; on resume, all of them again."""
        finished, self.night.state.finished = self.night.state.finished, []
        for experiment in finished:
            if experiment.number > 0:
                files = self.keeper.proposed_files(experiment)
                self.desk.observe(told(experiment, files, self.desk.trusted))
            self.watcher.finished(experiment, self.night)
            self.attic.tidy(experiment)

    def _proposed_at(self, number: int) -> float:
        return self.ledger.of(number)[0].at

    def _elapsed(self) -> float:
        return self.elapsed_before + self.clock.now().mono - self.began


def _failure(who: str, error: BaseException) -> OvernightError:
    """Our own errors keep their message; anything else is named for what it is."""
    if isinstance(error, OvernightError):
        return error
    wrapped = OvernightError(f"{who} failed: {type(error).__name__}: {error}")
    wrapped.__cause__ = error
    return wrapped


def _storable(text: str) -> str:
    """JSON and git hold no lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def _line(text: str) -> str:
    """One line of what a stranger wrote, which must not move the cursor of the person who reads it."""
    text = ESCAPE.sub("", _storable(text[: 10 * LINE_CHARACTERS]))
    visible = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(visible.split())[:LINE_CHARACTERS]

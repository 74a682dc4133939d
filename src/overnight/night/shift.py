"""The hands of the loop: does what `night.py` says, on one thread, and writes each thing done to the ledger.

Slots and proposers work on threads of their own and talk to this one through a queue; other commands (`overnight
stop`) through the inbox. Signals, too, only put a message into the queue. Nothing else writes.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TypeAlias

from overnight.clock import Clock
from overnight.compute.executor import Executor, Failed
from overnight.errors import OvernightError
from overnight.ledger import events as ev
from overnight.ledger import inbox
from overnight.ledger.events import Event
from overnight.ledger.idling import Idled
from overnight.ledger.ledger import Ledger
from overnight.ledger.steering import Held
from overnight.model import Heartbeat, Proposal, Status, Trial, Wait
from overnight.night import actions as do
from overnight.night.actions import Action, Answer, Dropped, Tick
from overnight.night.doors import letters
from overnight.night.keep import Keeper
from overnight.night.night import Night
from overnight.night.open import Open
from overnight.night.plain import one_line, storable
from overnight.night.reread import Rereader
from overnight.night.showing import Showing
from overnight.night.telling import finished, told
from overnight.night.tidy import Attic
from overnight.night.watcher import Watcher
from overnight.propose.beliefs import Beliefs
from overnight.propose.desk import Answered, Desk, News, Note, ProposerFailed, close_all
from overnight.propose.proposer import Proposer
from overnight.repo.edits import make_edits
from overnight.step import Step, unwatched

TICK_SECONDS = 0.2

LINE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody at this terminal wants the end."""

    who: str
    now: bool


Message: TypeAlias = Heartbeat | Trial | Note | Failed | Stop


@dataclass(slots=True)
class Shift:
    night: Night
    ledger: Ledger
    keeper: Keeper
    attic: Attic
    rereader: Rereader
    clock: Clock
    watcher: Watcher
    elapsed_before: float  # active seconds of the sessions before this one
    began: float  # of this one, monotonic
    queue: SimpleQueue[Message] = field(default_factory=SimpleQueue)
    step: Step = unwatched
    executor: Executor = field(init=False)
    desks: list[Desk] = field(init=False)  # in the order of the night's seats
    showing: Showing = field(init=False)
    beliefs: Beliefs = field(default_factory=Beliefs)
    beats: dict[str, Heartbeat] = field(default_factory=dict)

    def work(self, executor: Executor, *proposers: Proposer) -> ev.Closed:
        """Works until the night or this session of it ends. What runs then is ended, whatever the reason."""
        self.executor = executor
        self.showing = Showing(self.night, self.keeper.repo)
        names = [place.seat.name for place in self.night.asking.places]
        everyone = enumerate(zip(proposers, names, strict=True))
        self.desks = [Desk(who, seat, name, self.queue.put, self.beliefs) for seat, (who, name) in everyone]
        try:
            for experiment in finished(self.ledger):
                self._tell(experiment)
            while (closed := self.night.state.closed) is None:
                free = executor.free()
                self._take_all()  # what left these slots is known when they are filled
                actions = self.night.next(free)
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
            close_all(self.desks)

    # ---- doing

    def _do(self, action: Action) -> None:
        self.step(f"do.{type(action).__name__}")
        open_ = self.night.state.open
        match action:
            case do.Ask(n, seat):
                desk = self.desks[seat]
                desk.ask(self.showing.view(seat, desk.origin, desk.trusted), n)
            case do.Admit(number):
                self._append(self.keeper.admit(open_[number], self._proposed_at(number)))
            case do.Start(run, attempt, slot):
                self._append(ev.RunStarted(run=run, attempt=attempt, slot=slot.name, hardware=slot.hardware))
                self.executor.submit(run, attempt, slot)
            case do.Expect(run):
                self.executor.expect(run)
            case do.Cancel(run_id):
                self.executor.cancel(run_id)
            case do.Rebase(number, onto):
                self._append(self.keeper.rebase(open_[number], onto, self._proposed_at(number)))
            case do.Conclude(verdict):
                self._append(self.keeper.judged(open_[verdict.experiment], verdict, self.night.state))
            case do.Hold(verdict):
                self._append(Held(experiment=verdict.experiment, found=verdict))
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
            case do.Write(events):
                self._append(*events)
            case do.Close(why, finished):
                self._append(self._closed(why, finished))

    def _append(self, *events: Event) -> None:
        """Writes it down; only then is it so."""
        for entry in self.ledger.append(self.clock.now(), self._elapsed(), *events):
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

    # ---- listening

    def _listen(self) -> None:
        """Waits for the next message, at most a tick, and takes in all that are there."""
        self.ledger.settle()
        self._take_inbox()
        with suppress(Empty):
            self._take(self.queue.get(timeout=TICK_SECONDS))
        self._take_all()
        now = self.clock.now()
        if edited := self.rereader.look(now):
            self._append(edited)
            self.night.reread(self.rereader.program)
        self.night.hear(Tick(now, self._elapsed()))
        self.watcher.tick(self.night, now, self.beats)

    def _take_all(self) -> None:
        with suppress(Empty):
            while True:
                self._take(self.queue.get_nowait())

    def _take(self, message: Message) -> None:
        match message:
            case Heartbeat():
                self.beats[message.run_id] = message
            case Trial():
                self._take_trial(message)
            case Note(seat, news):
                self._take_note(seat, news)
            case Stop(who, now):
                self._append(ev.StopAsked(id=uuid.uuid4().hex, who=who, now=now))
            case Failed(run_id, error):
                raise _failure(f"the slot of run {run_id}", error)

    def _take_note(self, seat: int, news: News) -> None:
        name = self.desks[seat].origin
        idea = self.showing.asked(seat)
        match news:
            case Proposal():
                self._append(self._proposed(news, idea))
            case Answered(asked, given, wait):
                if wait:
                    self._append(self._idled(name, wait, idea))
                self.showing.over(seat)
                self.night.hear(
                    Answer(asked, given, wait.until, _line(wait.why), seat) if wait else Answer(asked, given, seat=seat)
                )
            case ProposerFailed(error):
                raise _failure(f"the proposer ({name})", error)

    def _idled(self, name: str, wait: Wait, idea: str) -> Idled:
        number, why = self.night.state.idled + 1, _line(wait.why)
        trouble = _line(wait.trouble)
        return Idled(number=number, origin=name, trouble=trouble, why=why, until=wait.until, cost=wait.cost, idea=idea)

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

    def _proposed(self, proposal: Proposal, idea: str) -> ev.Proposed:
        if proposal.parent not in self.night.state.kept.values():
            raise OvernightError(
                f"{_line(proposal.origin)} proposed a change of {_line(proposal.parent)!r}, no keep of this night"
            )
        files = {path: storable(text) for path, text in proposal.files.items()}
        old = self.keeper.repo.texts(proposal.parent, sorted(files))
        return ev.Proposed(
            experiment=self.night.state.last_number + 1,
            parent=proposal.parent,
            edits=make_edits(old, files),
            origin=_line(proposal.origin),
            hypothesis=_line(proposal.hypothesis) or "(no hypothesis given)",
            cost=proposal.cost,
            notes={_line(name): _line(text) for name, text in proposal.notes.items()},
            idea=_line(proposal.idea) or idea,  # who was asked to try it has tried it, whatever it says
        )

    def _take_inbox(self) -> None:
        for message_id, message in inbox.take(self.ledger.path.parent):
            for event in letters(message_id, message, self.night.state.doors, self.night.state.steering):
                self._append(event)
            inbox.done(self.ledger.path.parent, message_id)

    # ---- telling

    def _tell_finished(self) -> None:
        """Everybody's experiments go to the proposer; on resume, all of them again."""
        done, self.night.state.finished = self.night.state.finished, []
        for experiment in done:
            self._tell(experiment)

    def _tell(self, experiment: Open) -> None:
        if experiment.number > 0:
            files = self.keeper.proposed_files(experiment)
            self.beliefs.observe(told(experiment, files, exact=True))
            for desk in self.desks:
                desk.observe(told(experiment, files, desk.trusted))
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


def _line(text: str) -> str:
    return one_line(text, LINE_CHARACTERS)

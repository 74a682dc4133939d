"""A night that is driven by hand: ask for a workspace, change something in it, tell, and have the answer.

Promises: an ask is answered at once, for nothing is measured then; it stays open until it is told, for days, in any
order, whatever else the night does. What is told is in the ledger before it has an effect: told twice, or told again
after a kill -9, it counts once. Where a coordinator runs, it does the work; where none does, whoever waits for the
answer is the coordinator. An answer holds what a proposer may be told.

Not covered: who asks has the person's own rights, behind no walls of ours. What is told is measured behind them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from overnight.clock import Clock, SystemClock
from overnight.compute.slots import hardware
from overnight.doors.answer import Answer, answer_of, best_of
from overnight.doors.behind import Behind
from overnight.doors.brief import brief_for
from overnight.doors.deliver import deliver
from overnight.doors.refuse import refuse_at_the_end, refuse_to_tell
from overnight.errors import Busy, LedgerError, OvernightError, UsageError
from overnight.judge.policy import AnyPolicy
from overnight.ledger import lock
from overnight.ledger.doors import Asked
from overnight.ledger.events import Closed
from overnight.ledger.ledger import Ledger, Reader
from overnight.ledger.views import Summary, summary
from overnight.measure.files import remove
from overnight.measure.sandbox.walls import hidden
from overnight.model import Phase, Split
from overnight.named import named
from overnight.night.doors import Doors, doors_of
from overnight.night.opening import Opening, asked_folder, begin, scratch_folder
from overnight.night.watcher import Nobody, Watcher
from overnight.propose.changes import changes, head, hypothesis
from overnight.repo.edits import make_edits
from overnight.repo.workspace import find_workspace, make_workspace
from overnight.step import Step, unwatched
from overnight.wiring import POLICIES, Task, night_folder, refuse_to_start, work

POLL_SECONDS = 0.1
OPENED = "somebody has asked for a workspace; nothing has been measured yet"


@dataclass(frozen=True, slots=True)
class Ask:
    """A workspace that was given out. `number` is its own, and no experiment's: that has one when it is told."""

    number: int
    night: str
    workspace: Path
    edit: tuple[str, ...]  # what may change in there
    parent: str  # the commit whose files it holds
    brief: str


class OpenNight:
    """Holds no lock and runs nothing between two calls: several may be open on one night."""

    def __init__(
        self,
        task: Task,
        tag: str,
        clock: Clock | None = None,
        watcher: Watcher | None = None,
        step: Step = unwatched,
    ) -> None:
        self.task, self.tag = task, tag
        self.folder = night_folder(task.repo, tag)
        self._clock, self._watcher, self._step = clock or SystemClock(), watcher or Nobody(), step

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.task.repo.close()

    def ask(self, by: str = "", into: Path | None = None) -> Ask:
        """A workspace with the files of the branch as it stands, and the brief. Opens the night where there is none."""
        self._open()
        refuse_at_the_end(self.task.program, self.status)
        self._ours().mkdir(parents=True, exist_ok=True)
        self._tidy()
        place = into or self._ours()
        who = by or psutil.Process().username()
        id = self._deliver({"kind": "ask", "place": str(place.absolute()), "who": who}, "asked/{}")
        with closing(self.task.repo) as repo, Reader.open(self.folder) as reader:
            asked = next(each for each in doors_of(reader).asked.values() if each.id == id)
            self._make(asked)
            brief, edit = brief_for(reader, repo, _policy, asked), self.task.program.edit
        return Ask(asked.ask, self.tag, Path(asked.folder), edit, asked.parent, brief)

    def tell(
        self,
        ask: Ask | int,
        metric: float | Iterable[float] | None = None,
        hypothesis: str = "",
        wait_seconds: float | None = None,
    ) -> Answer:
        """Has what stands in its workspace measured, and says what came of it. `metric`: a number, or several, that was
        measured elsewhere. `wait_seconds`: answer by then; the work goes on in a process of its own."""
        number = ask.number if isinstance(ask, Ask) else ask
        values = [metric] if isinstance(metric, int | float) else list(metric or ())
        if self.task.program.external:
            self._open()
        doors = self._doors()
        refuse_to_tell(self.task.program, number, values, doors)
        if values or not doors.is_told(number):
            told = {} if doors.is_told(number) else self._read(doors.asked[number], hypothesis)
            message = {"kind": "tell", "ask": number, "values": values, "who": psutil.Process().username(), **told}
            self._deliver(message, f"reported/{{}}/{len(values) - 1}" if values else f"told/{number}")
        return self._answer(number, wait_seconds)

    def answer(self, ask: int) -> Answer:
        """As the ledger has it now."""
        with Reader.open(self.folder) as reader:
            return answer_of(reader, doors_of(reader), ask, _policy)

    def answers(self) -> list[tuple[Answer, str]]:
        """Of every ask so far, with the folder of its workspace."""
        if not self._is_open():
            return []
        with Reader.open(self.folder) as reader:
            doors = doors_of(reader)
            return [(answer_of(reader, doors, ask, _policy), each.folder) for ask, each in doors.asked.items()]

    @property
    def best(self) -> float | None:
        """The branch's score, as far as it is released."""
        with Reader.open(self.folder) as reader:
            return best_of(reader)

    @property
    def status(self) -> Summary:
        with Reader.open(self.folder) as reader:
            return summary(reader, lock.holder(self.folder) is not None)

    # ---- asking

    def _ours(self) -> Path:
        return asked_folder(self.tag, self.task.repo.node())

    def _tidy(self) -> None:
        """What is judged is in git: its workspace goes, where we have chosen its place."""
        with Reader.open(self.folder) as reader:
            doors = doors_of(reader)
            for number in (name for name in os.listdir(self._ours()) if name.isdecimal()):
                if reader.find(f"{doors.experiments.get(int(number))}/recorded"):
                    remove(self._ours() / number)

    def _open(self) -> None:
        """A night of its own session, in which nothing is measured: the baseline is what HEAD is now."""
        while not self._is_open():
            with closing(self.task.repo):
                refuse_to_start(self.task, self.tag, new=not self.folder.exists())
            try:
                self._begin()
            except Busy:
                time.sleep(POLL_SECONDS)

    def _is_open(self) -> bool:
        with suppress(LedgerError), Reader.open(self.folder) as reader:  # somebody may be making it this moment
            return reader.find("session/1") is not None
        return False

    def _begin(self) -> None:
        task, scratch = self.task, scratch_folder(self.tag, self.task.repo.node())
        ledger = Ledger.create_or_open(self.folder, holder="overnight ask", step=self._step)
        repo = task.repo.for_night([ledger.lock_fd])
        with closing(ledger), ExitStack() as after, closing(repo), closing(task.repo):
            after.callback(remove, scratch)  # while the lock is held: it is the scratch of whoever holds it
            if ledger.find("session/1") is None:
                policy, where = _policy(task.program.policy), {"hardware": hardware()}
                opening = Opening(repo, task.program, policy, self.tag, 1, where, Phase.SEARCH, (), task.read)
                begin(opening, ledger, self._clock, Nobody())
                ledger.append(self._clock.now(), 0.0, Closed(session=1, why=OPENED, finished=False))

    def _make(self, asked: Asked) -> None:
        folder = Path(asked.folder)
        if folder.is_relative_to(self._ours()):
            remove(folder)  # of a night of this name that is gone
        elif folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty: name another folder with --into")
        make_workspace(self.task.repo, asked.parent, folder, hidden(self.task.program, tuple(Split)))

    # ---- telling

    def _doors(self) -> Doors:
        if not self._is_open():
            raise UsageError("nobody has asked for a workspace here yet: overnight ask")
        with Reader.open(self.folder) as reader:
            return doors_of(reader)

    def _read(self, asked: Asked, said: str) -> dict[str, Any]:
        """What stands in the workspace, against what was put there, and what is said of it."""
        program, folder = self.task.program, Path(asked.folder)
        if not folder.is_dir():
            raise UsageError(f"the workspace of ask {asked.ask} is gone ({folder}): overnight ask gives you another")
        with closing(self.task.repo) as repo:
            workspace = find_workspace(repo, asked.parent, folder, hidden(program, tuple(Split)))
            found = changes(workspace, program.edit, head(workspace))
            if found.outside:
                raise UsageError(f"{found.outside[0]} may not be changed, only {', '.join(program.edit)}: put it back")
            if found.odd:
                raise UsageError(f"{found.odd[0]} is no plain text file any more: put it back")
            if not found.files:
                raise UsageError(f"nothing has changed yet: edit {', '.join(program.edit)} in {folder}, then tell")
            before = repo.texts(asked.parent, sorted(found.files))
        edits = [asdict(edit) for edit in make_edits(before, found.files)]
        return {"edits": edits, "hypothesis": said or hypothesis("", before, found.files)}

    def _answer(self, ask: int, wait_seconds: float | None) -> Answer:
        answer, behind = self.answer(ask), Behind(self.task.program.path.parent, self.folder)
        by_hand = wait_seconds is None or answer.external
        end = time.monotonic() + (wait_seconds or 0.0)
        while not answer.settled:
            free = lock.holder(self.folder) is None
            if free and by_hand and (closed := self._work()):
                return self._worked(ask, closed)
            if free and not by_hand:
                behind.start(ask)
            if not by_hand and time.monotonic() >= end:
                return answer
            time.sleep(POLL_SECONDS)
            answer = self.answer(ask)
        return answer

    def _work(self) -> Closed | None:
        """Measures what was told. None where another has just begun to."""
        try:
            return work(self.task, self.tag, self._watcher, self._clock, self._step, Phase.SEARCH)
        except Busy:
            return None

    def _worked(self, ask: int, closed: Closed) -> Answer:
        answer = self.answer(ask)
        if not answer.settled and not answer.external:
            raise OvernightError(f"{closed.why}; ask {ask} is written down: overnight tell {ask} goes on with it")
        return answer

    def _deliver(self, message: Mapping[str, Any], key: str) -> str:
        return deliver(self.folder, message, key, self._clock, self._step)


def _policy(name: str) -> AnyPolicy:
    made: Callable[[], AnyPolicy] = named(name, POLICIES, "policy")
    return made()

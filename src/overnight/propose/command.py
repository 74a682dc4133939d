"""The command agent: any program that edits the files of a folder proposes what it has made of them.

For each ask it gets a fresh folder with the files of the incumbent that it may see, and a brief. What counts is what
the editable files say when it has ended: not its exit code, and not what it claims. A change of any other file that was
given is refused; files that it leaves beside them are passed over, and told. No git is ever started in its folder, so
that commits and hooks of its own have no effect.

What comes of a turn without a change is a Wait that says what ailed it: `diagnosis`, `trouble`.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from overnight.measure.files import remove
from overnight.measure.place import Sandbox
from overnight.measure.process import Ended, Running, Warden
from overnight.measure.sandbox.choose import choose
from overnight.measure.sandbox.walls import hidden
from overnight.model import Cost, Experiment, Level, Proposal, Split, Wait
from overnight.propose.agents import AgentLine, Found, Workplace
from overnight.propose.brief import Notebook, Wanted
from overnight.propose.changes import Changes, changes, head, hypothesis
from overnight.propose.diagnosis import Diagnosis, diagnose
from overnight.propose.edits.elided import elision
from overnight.propose.found import find_client
from overnight.propose.order import order_of
from overnight.propose.proposer import View
from overnight.propose.stream import Heard
from overnight.propose.trouble import AGENT, PATIENCE, Patience, Trouble, wait_for
from overnight.propose.turn import Order, Turn
from overnight.repo.workspace import make_workspace


class CommandAgent:
    trusted = False
    thinks = True

    def __init__(self, order: Order, place: Workplace) -> None:
        self._order, self._place = order, place
        self.origin = f"{order.row.name}:{order.model}" if order.model else order.row.name
        self._notebook, self._warden = Notebook(), Warden()
        self._sandbox: Sandbox | None = None  # made at the first ask: when a night begins, its scratch is emptied
        self._turns = 0
        self._failed: Counter[Patience] = Counter()  # in a row
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._stopped = False

    @classmethod
    def at(cls, line: AgentLine, place: Workplace) -> Self:
        return cls(order_of(line, place), place)

    @classmethod
    def look(cls, line: AgentLine, place: Workplace) -> Found:
        return find_client(order_of(line, place), line, place.environ)

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:  # noqa: ARG002
        """One at a time: a second would be made from the same brief."""
        program = shutil.which(self._program(), path=self._place.environ.get("PATH", os.defpath))
        if program is None:
            get = f": {self._order.row.get}" if self._order.row.get else ""
            yield self._wait(Diagnosis(Trouble.MISSING, f"{self._program()} is not on PATH{get}"), Cost())
            return
        self._turns += 1
        folder = self._place.scratch / str(self._turns)
        try:
            yield from self._turn(view, folder, os.path.abspath(program))
        finally:
            remove(folder)

    def observe(self, experiment: Experiment) -> None:
        self._notebook.observe(experiment)

    def stop(self) -> None:
        """From any thread: what runs is ended, and nothing runs any more."""
        with self._lock:
            self._stopped = True
            if self._running:
                self._running.kill()

    def close(self) -> None:
        self.stop()
        self._warden.close()
        self._place.repo.close()

    def _program(self) -> str:
        return (self._order.row.argv or self._order.argv)[0]

    def _walls(self) -> Sandbox:
        if self._sandbox is None:
            self._place.scratch.mkdir(parents=True, exist_ok=True)
            self._sandbox = choose(self._place.program.sandbox, self._place.scratch)
        return self._sandbox

    def _turn(self, view: View, folder: Path, program: str) -> Iterator[Proposal | Wait]:
        secret = hidden(view.program, tuple(Split))
        turn = Turn(self._order, folder, self._place.environ, [str(self._place.repo.root / path) for path in secret])
        sandbox = self._walls()
        workspace = make_workspace(self._place.repo, view.incumbent, turn.work, secret)
        stood, walled = head(workspace), sandbox.level is not Level.CONTRACT
        brief = self._notebook.brief(view, Wanted.FOLDER)
        spec = turn.spec(brief, program, sandbox, walled)
        with self._lock:
            if self._stopped:
                return
            self._running = turn.run(spec, self._warden)
        ended, heard = turn.watch(self._running)
        with self._lock:
            self._running = None
            if self._stopped:
                return
        found = changes(workspace, view.program.edit, stood)
        yield self._answer(view, turn, ended, heard, found)

    def _answer(self, view: View, turn: Turn, ended: Ended, heard: Heard, found: Changes) -> Proposal | Wait:
        cost = self._cost(heard, ended)
        now = self._place.clock.now().utc
        ailed = diagnose(heard, ended, turn.ours, now)
        if wrong := _wrong(found, view.files):
            return self._wait(wrong, cost)
        if not found.files:
            if ailed.trouble is Trouble.NO_EDIT and found.beside:
                why = f"it wrote {_named(found.beside)}, and changed nothing that may change"
                ailed = Diagnosis(Trouble.OUTSIDE, why)
            return self._wait(ailed, cost)
        self._failed.clear()
        return Proposal(
            files=found.files,
            parent=view.incumbent,
            origin=self.origin,
            hypothesis=hypothesis(heard.text or heard.plain, view.files, found.files),
            cost=cost,
            notes=_notes(ailed, found, self._order.model),
            idea=view.idea.id if view.idea else "",
        )

    def _wait(self, ailed: Diagnosis, cost: Cost) -> Wait:
        patience = PATIENCE.get(ailed.trouble, AGENT)
        self._failed[patience] += 1
        now = self._place.clock.now().utc
        until = wait_for(ailed.trouble, self._failed[patience], ailed.retry_after, now)
        return Wait(until, ailed.why, ailed.trouble, cost)

    def _cost(self, heard: Heard, ended: Ended) -> Cost:
        """What another service than the client's own takes is not what the client believes."""
        usd = None if self._order.base_url and heard.usd else heard.usd
        return Cost(ended.usage.wall_seconds, heard.tokens, usd)


def _wrong(found: Changes, before: Mapping[str, str]) -> Diagnosis | None:
    """Why what it has made of its folder is no change that can be meant."""
    if found.outside:
        return Diagnosis(Trouble.OUTSIDE, f"it changed {_named(found.outside)}, which it may not")
    if found.odd:
        return Diagnosis(Trouble.BAD_REPLY, f"{_named(found.odd)} is no longer a plain text file")
    for path, text in found.files.items():
        if line := elision(before.get(path, ""), text):
            return Diagnosis(Trouble.BAD_REPLY, f"{path}: a comment stands for code that was left out: {line}")
    return None


def _notes(ailed: Diagnosis, found: Changes, model: str) -> Mapping[str, str]:
    """What is worth knowing of a turn that brought a change."""
    notes = {"model": model} if model else {}
    if ailed.trouble is not Trouble.NO_EDIT:
        notes["ended"] = f"{ailed.trouble}: {ailed.why}"
    if found.beside:
        notes["left out"] = _named(found.beside)
    if found.committed:
        notes["commits"] = "it made commits of its own; they count for nothing"
    return notes


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more

"""The chat agent: a language model that is asked for one change at a time, in plain text, by our own client.

Each ask is a fresh conversation: the brief carries the night. The change comes as blocks or as a whole file, and is
made by `propose.edits`, or refused with a reason that the model hears. When an experiment of its own crashed of a small
mistake, the model is shown it and may mend it, once.

Promises: nothing raises but what a person can mend at the start (UsageError). Whatever else goes wrong is a Wait with a
trouble, one sentence why, and the cost so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Self

from overnight.clock import Clock
from overnight.model import Experiment, Proposal, Wait
from overnight.propose.agents import AgentLine, Found, Workplace
from overnight.propose.brief import Notebook
from overnight.propose.chat.formats import Formats
from overnight.propose.chat.mistakes import MENDS, SEAT, Mistakes
from overnight.propose.chat.options import Settings, key_name, read_options
from overnight.propose.chat.refusal import ModelError
from overnight.propose.chat.talk import Talk
from overnight.propose.chat.words import mend
from overnight.propose.edits.reply import Reply
from overnight.propose.proposer import View
from overnight.propose.trouble import Trouble, wait_for
from overnight.repo.repo import Repo


class Chat:
    trusted = False
    thinks = True

    def __init__(self, settings: Settings, repo: Repo, clock: Clock, seat: int) -> None:
        self._settings, self._repo, self._clock = settings, repo, clock
        self.origin = settings.origin
        self._notebook = Notebook()
        self._formats = Formats(settings.format)
        self._seat = str(seat)
        self._mistakes = Mistakes(settings.origin, self._seat, settings.mends)
        self._trouble: Trouble | None = None
        self._times = 0  # that trouble, in a row

    @classmethod
    def at(cls, line: AgentLine, place: Workplace) -> Self:
        return cls(read_options(line, place.environ), place.repo, place.clock, place.seat)

    @classmethod
    def look(cls, line: AgentLine, place: Workplace) -> Found:
        model = read_options(line, place.environ).model
        by = f"key in {key_name(line, model.dialect)}" if model.key else "without a key"
        return Found("ok", f"{model.name} at {model.base_url}, {by}")

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        for _ in range(n):
            offer = self._turn(view)
            yield offer
            if isinstance(offer, Wait):
                return
            in_flight = [*view.in_flight, offer.hypothesis]
            view = replace(view, in_flight=in_flight, idea=None if offer.idea else view.idea)

    def observe(self, experiment: Experiment) -> None:
        self._notebook.observe(experiment)
        self._mistakes.observe(experiment)

    def close(self) -> None:
        """Nothing is held open."""

    def _turn(self, view: View) -> Proposal | Wait:
        talk = Talk(self._settings, self._formats, self._clock)
        crashed = None if view.idea else self._mistakes.next(view.in_flight)
        try:
            proposal = self._mend(talk, view, crashed) if crashed else self._propose(talk, view)
        except ModelError as error:
            return self._wait(error, talk, crashed)
        finally:
            if crashed and talk.answered:
                self._mistakes.tried(crashed)
        self._trouble, self._times = None, 0
        return proposal

    def _propose(self, talk: Talk, view: View) -> Proposal:
        asked = self._formats.choose(view.files)
        reply = talk.change(self._notebook.brief(view, asked), view.files, view.program.edit, asked)
        notes = self._notes(reply)
        proposal = self._made(reply.files, view.incumbent, reply.hypothesis, notes, talk)
        return replace(proposal, idea=view.idea.id) if view.idea else proposal

    def _mend(self, talk: Talk, view: View, crashed: Experiment) -> Proposal:
        """Against the parent of what crashed, whatever was kept since: the loop will put it on top."""
        own = crashed.proposal
        before = self._repo.texts(own.parent, view.program.edit)
        after = {**before, **own.files}
        asked = self._formats.choose(own.files)
        reply = talk.change(mend(crashed, before, after, asked), after, view.program.edit, asked)
        files = {path: text for path, text in {**own.files, **reply.files}.items() if text != before.get(path)}
        notes = {**self._notes(reply), MENDS: str(crashed.number)}
        return self._made(files, own.parent, f"{own.hypothesis} (mended: {reply.hypothesis})", notes, talk)

    def _made(
        self, files: Mapping[str, str], parent: str, hypothesis: str, notes: Mapping[str, str], talk: Talk
    ) -> Proposal:
        return Proposal(files, parent, self.origin, hypothesis, talk.cost(), notes)

    def _notes(self, reply: Reply) -> dict[str, str]:
        found = {"expected": reply.expected, "format": str(reply.format or ""), SEAT: self._seat}
        return {name: text for name, text in found.items() if text}

    def _wait(self, error: ModelError, talk: Talk, crashed: Experiment | None) -> Wait:
        self._times = self._times + 1 if error.trouble is self._trouble else 1
        self._trouble = error.trouble
        why = f"mending #{crashed.number}: {error.why}" if crashed else error.why
        until = wait_for(error.trouble, self._times, error.retry_after, self._clock.now().utc)
        return Wait(until, why, trouble=error.trouble, cost=talk.cost())

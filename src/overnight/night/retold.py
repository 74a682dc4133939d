"""A night once more, from its ledger alone, for whoever does not work on it: what a proposer has been told, and what
the next one would be shown. The same as a resumed night tells and shows, also while the night runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

from overnight.errors import LedgerError
from overnight.judge.policy import AnyPolicy
from overnight.ledger.events import Opened, Recorded, Session
from overnight.ledger.ledger import Reader
from overnight.ledger.steering import Reread
from overnight.model import Experiment
from overnight.night.state import NightState
from overnight.night.telling import finished, told
from overnight.night.verify import program_of
from overnight.program.front import split
from overnight.program.program import Program
from overnight.propose.proposer import View
from overnight.repo.edits import edited
from overnight.repo.repo import Repo

PARENTS = 8  # whose texts are at hand: experiments in a row have mostly the same


def retold(reader: Reader, repo: Repo, exact: bool = False) -> Iterator[Experiment]:
    """Every finished experiment but the baseline, in the order in which they were recorded. `exact`: as our own
    optimiser is told."""
    texts = lru_cache(maxsize=PARENTS)(repo.texts)
    for done in finished(reader):
        if done.number > 0:
            edits = done.proposed.edits
            parents = texts(done.proposed.parent, tuple(sorted({edit.path for edit in edits})))
            yield told(done, edited(parents, edits), exact)


def program_in(reader: Reader) -> Program:
    """The program as the night understands it now."""
    entries = [entry for kind in (Session.kind, Reread.kind) if (entry := reader.last(kind))]
    newest = max(entries, key=lambda entry: entry.seq, default=None)
    if newest is None:
        raise LedgerError(f"{reader.path}: the night was killed before it began; give the same command again")
    event = newest.event
    assert isinstance(event, Session | Reread)
    program = program_of(event.settings)
    text = event.program_text
    return replace(program, text=text, prose=split(program.path, text).prose)


def view_of(reader: Reader, repo: Repo, policies: Callable[[str], AnyPolicy]) -> View:
    """What the next proposer would be shown, with scores as they are released."""
    program, opened, first = program_in(reader), reader.find("opened"), reader.find("0/recorded")
    assert opened is not None
    assert isinstance(opened.event, Opened)
    before = program_of(opened.event.settings)
    state = NightState(before, policies(before.policy))
    for entry in reader.since():
        state.fold(entry)
        state.finished.clear()
    commit = state.incumbent or opened.event.baseline
    return View(
        program=program,
        number=state.last_number + 1,
        seed=0,  # the night's is drawn from its secret
        incumbent=commit,
        files=repo.texts(commit, program.edit),
        best=state.released,
        in_flight=[each.proposed.hypothesis for each in state.open.values() if each.number > 0],
        said=state.steering.said,
        idea=state.steering.idea_for(),
        baseline=first.event.released if first and isinstance(first.event, Recorded) else None,
        noise=state.policy.outlook(state.belief, None).noise,
    )

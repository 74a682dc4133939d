"""The brief that goes with a workspace: what the next proposer would be told, of a night that may just have begun."""

from __future__ import annotations

from dataclasses import replace

from overnight.doors.answer import Policies
from overnight.ledger.doors import Asked
from overnight.ledger.ledger import Reader
from overnight.model import Idea
from overnight.night.retold import retold, view_of
from overnight.night.steering import steering_of
from overnight.propose.beliefs import Beliefs
from overnight.propose.brief import Notebook, Wanted
from overnight.propose.proposer import View
from overnight.repo.repo import Repo


def brief_of(reader: Reader, repo: Repo, policies: Policies, wanted: Wanted, direction: str = "") -> str:
    """Of the night as it stands."""
    return _written(reader, repo, view_of(reader, repo, policies), wanted, direction)


def brief_for(reader: Reader, repo: Repo, policies: Policies, asked: Asked) -> str:
    """For a workspace: its own files, and the idea that was given with it."""
    view = view_of(reader, repo, policies)
    files, idea = repo.texts(asked.parent, view.program.edit), steering_of(reader).wishes.get(asked.idea)
    given = Idea(asked.idea, idea.idea.text) if idea else None
    return _written(reader, repo, replace(view, incumbent=asked.parent, files=files, idea=given), Wanted.WORKSPACE, "")


def _written(reader: Reader, repo: Repo, view: View, wanted: Wanted, direction: str) -> str:
    notebook, beliefs = Notebook(), Beliefs()
    for experiment in retold(reader, repo):
        notebook.observe(experiment)
    for experiment in retold(reader, repo, exact=True):
        beliefs.observe(experiment)
    return notebook.brief(replace(view, direction=direction, believed=beliefs.words(view)), wanted)

"""brief: what the next proposer would be told, for a person to read."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from overnight.cli.options import night, which_night
from overnight.doors.brief import brief_of
from overnight.ledger.views import nights
from overnight.named import named
from overnight.propose.brief import Notebook, Wanted
from overnight.propose.fence import tokens
from overnight.propose.proposer import View
from overnight.repo.repo import Repo
from overnight.wiring import POLICIES, load

FORMS = [wanted.value for wanted in Wanted]


@click.command()
@click.option("--for", "wanted", type=click.Choice(FORMS), default=FORMS[0], help="How the change is to be given.")
@click.option("--direction", default="", metavar="WORDS", help="What this proposer is to look at.")
@which_night
def brief(wanted: str, direction: str, tag: str | None) -> None:
    """Shows what the next proposer would be told.

    The task, the program as it stands, and the night so far, as an agent that edits a folder gets it; with --for blocks
    or whole, as a language model does. Of the newest night, also while it runs, or the one of --tag; before the first
    night from program.md alone. No hidden number is in it.

    \b
        overnight brief
        overnight brief --for blocks | less
    """
    with closing(Repo.discover(Path.cwd())) as repo:
        text = _of_night(tag, repo, wanted, direction) if tag or nights(repo.common_dir) else _first(wanted, direction)
    click.echo(text, nl=False)
    click.echo(f"about {tokens(text):,} tokens", err=True)


def _of_night(tag: str | None, repo: Repo, wanted: str, direction: str) -> str:
    with night(tag) as (_, reader):
        return brief_of(reader, repo, lambda name: named(name, POLICIES, "policy")(), Wanted(wanted), direction)


def _first(wanted: str, direction: str) -> str:
    task = load(None, {})
    with closing(task.repo) as repo:
        files = repo.texts(repo.head(), task.program.edit)
    view = View(task.program, 1, 0, "", files, None, (), direction)
    return Notebook().brief(view, Wanted(wanted))

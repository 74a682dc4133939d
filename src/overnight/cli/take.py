"""accept and export: taking what a night found, by name or as files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from overnight.cli.options import as_json, night, say, say_json, screen, which_night, writing
from overnight.clock import Now, SystemClock
from overnight.errors import UsageError
from overnight.ledger.acceptance import How
from overnight.ledger.ledger import Ledger, Reader
from overnight.ledger.views import to_json
from overnight.night import accept as signing
from overnight.night.accept import Deal, Found
from overnight.repo.objects import OVERNIGHT
from overnight.repo.repo import Repo
from overnight.show.export import export_night
from overnight.show.paint import Cell, Tone, printable, spread
from overnight.show.signoff import doubtful, merge_message, signed_trailers
from overnight.show.words import plural
from overnight.step import Step, unwatched
from overnight.wiring import find_night


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    by: str | None = None
    how: How = How.MERGE
    unproven: bool = False
    dry_run: bool = False


@click.command()
@click.option("--by", metavar="NAME", help="Who signs. [default: git's user.name and user.email]")
@click.option("--branches", is_flag=True, help="Merge nothing: make a branch of each independent keep.")
@click.option("--unproven", is_flag=True, help="Accept although no gain is proven; the sign-off says so.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@which_night
@as_json
def accept(by: str | None, branches: bool, unproven: bool, dry_run: bool, tag: str | None, as_json: bool) -> None:
    """Takes what a night found, and signs it off by name.

    Merges the night's branch into the branch that is checked out here, by a commit that says what was claimed and who
    accepted it; the ledger records it too. This is the only command that changes your files, and where that would
    overwrite an edit, or does not merge by itself, nothing is changed. With --branches your files stay as they are:
    there is a branch of one commit for each keep that stands alone, and keeps that need each other share one; merged
    together they are the night's branch again.

    \b
        overnight accept --dry-run
        overnight accept --by 'Ada Lovelace <ada@example.com>'
        overnight accept --branches && git merge overnight/mar5/keep-12
    """
    wish = Wish(by, How.BRANCHES if branches else How.MERGE, unproven, dry_run)
    found, deal = take(wish, find_night(Path.cwd(), tag))
    if as_json:
        say_json(_as_json(wish, found, deal))
    else:
        say(spread(cells, None, screen()) for cells in _told(wish, found, deal))


@click.command()
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="[default: overnight-TAG]"
)
@click.option("--force", is_flag=True, help="Replace files of those names that something else has written.")
@which_night
@as_json
def export(into: Path | None, force: bool, tag: str | None, as_json: bool) -> None:
    """Writes a night as files for other programs.

    results.tsv as this field writes it, every experiment and every run as CSV, and progress.png. By default into a new
    folder overnight-TAG, which git ignores; what an earlier export wrote there is replaced. The tables hold hidden
    scores, so do not show them to an agent that is to go on.

    \b
        overnight export
        overnight export --tag mar5 --into ~/nights/mar5
    """
    with night(tag) as (folder, reader):
        into = into or Path(f"overnight-{folder.name}")
        with writing(into):
            written = export_night(reader, into, force)
    if as_json:
        say_json({"night": folder.name, "files": [str(path) for path in written]})
    else:
        say(f"wrote {printable(str(path))}" for path in written)


def take(wish: Wish, folder: Path, step: Step = unwatched) -> tuple[Found, Deal]:
    """What is signed, and what came of it. A dry run needs no lock: it changes nothing."""
    with ExitStack() as stack:
        repo = stack.enter_context(closing(Repo.discover(Path.cwd())))
        if wish.dry_run:
            reader = stack.enter_context(Reader.open(folder))
            return _dealt(wish, reader, repo, SystemClock().now())
        command = f"overnight accept --tag {folder.name}"
        ledger = stack.enter_context(Ledger.create_or_open(folder, holder=command, step=step))
        repo = stack.enter_context(closing(repo.for_night([ledger.lock_fd], step)))
        now = SystemClock().now()
        found, deal = _dealt(wish, ledger, repo, now)
        if not deal.done:
            _ask_for_proof(wish, found)
            signing.carry_out(repo, ledger, deal, now)
        return found, deal


def _dealt(wish: Wish, reader: Reader, repo: Repo, now: Now) -> tuple[Found, Deal]:
    by = _user(repo) if wish.by is None else " ".join(printable(wish.by).split())
    if not by:
        raise UsageError("a sign-off needs a name: --by NAME")
    found = signing.found(reader, repo, held=False)
    if wish.how is How.BRANCHES:
        return found, signing.branches(repo, found, by, signed_trailers(found.summary, found.claim, by))
    message = merge_message(found.summary, found.keeps, found.claim, by)
    return found, signing.merge(repo, found, by, message, now.utc)


def _user(repo: Repo) -> str:
    if repo.user.author == OVERNIGHT.author:
        raise UsageError(
            "git does not know who you are: git config user.name NAME && git config user.email MAIL, or say --by NAME"
        )
    return repo.user.author.decode(errors="replace")


def _ask_for_proof(wish: Wish, found: Found) -> None:
    """A sign-off says that the gain is real. Who means something else may say so, and it is written down."""
    if not (why := doubtful(found.summary, found.claim)):
        return
    if not wish.unproven:
        advice = "" if found.claim else " (`overnight claim` measures it, where the policy is proof or fast)"
        raise UsageError(f"{why}{advice}. --unproven accepts the night all the same, and the sign-off says so")
    click.echo(f"overnight: not proven: {why}", err=True)


def _as_json(wish: Wish, found: Found, deal: Deal) -> dict[str, Any]:
    state = "would be" if wish.dry_run and not deal.done else "already" if deal.done else "done"
    said: dict[str, Any] = to_json(deal.accepted)
    made = [{"branch": b.name, "experiments": [piece.number for piece in b.pieces]} for b in deal.branches]
    proven = not doubtful(found.summary, found.claim)
    return {"night": found.summary.night, "state": state, "proven": proven, **said, "branches": made}


def _told(wish: Wish, found: Found, deal: Deal) -> Iterator[list[Cell]]:
    summary, accepted = found.summary, deal.accepted
    word = "Accepted already" if deal.done else "Would be accepted" if wish.dry_run else "Accepted"
    keeps = plural(len(found.keeps), "keep")
    yield [(f"{word} by {printable(accepted.by)}", Tone.GOOD), f": night {summary.night}, {keeps}"]
    if wish.dry_run and (why := doubtful(summary, found.claim)):
        yield [(f"not proven: {why}. It needs --unproven", Tone.WARN)]
    yield from _told_branches(summary.night, deal) if accepted.how is How.BRANCHES else _told_merge(wish, deal)


def _told_merge(wish: Wish, deal: Deal) -> Iterator[list[Cell]]:
    ((ref, commit),) = deal.accepted.commits.items()
    name = printable(ref.removeprefix("refs/heads/"))
    if wish.dry_run and not deal.done:
        yield [f"by a merge into {name}, which does not conflict"]
        return
    yield [f"merged into {name}: git show {commit[:7]}"]
    if not deal.done:
        yield [f"to take it back: git reset --keep {deal.accepted.before[:7]}"]


def _told_branches(tag: str, deal: Deal) -> Iterator[list[Cell]]:
    together = (
        "that together are the night's branch again" if len(deal.branches) > 1 else "for its keeps cannot be parted"
    )
    yield [f"{plural(len(deal.branches), 'branch')}, {together}:"]
    for branch in deal.branches:
        said = "; ".join(f"#{piece.number} {piece.message.splitlines()[0]}" for piece in branch.pieces)
        yield [f"  overnight/{tag}/{branch.name}  ", (printable(said), Tone.SAID)]

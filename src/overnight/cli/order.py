"""stop and clean: ending a night, and removing what old ones left."""

from __future__ import annotations

import os
import shutil
import socket
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from psutil import Process

from overnight.cli.options import as_json, say, say_json, screen, which_night
from overnight.errors import LedgerError, UsageError
from overnight.ledger import inbox, lock, views
from overnight.ledger.events import Opened
from overnight.ledger.ledger import Reader
from overnight.measure.files import remove
from overnight.night.keep import log_ref
from overnight.night.opening import asked_folder
from overnight.repo.repo import Repo
from overnight.show.paint import Cell
from overnight.show.table import table
from overnight.show.words import plural, size_text
from overnight.wiring import find_night

PATIENCE_SECONDS, POLL_SECONDS = 10.0, 0.1


@click.command()
@click.option("--now", is_flag=True, help="Do not wait for what runs: end it. It will run again.")
@which_night
def stop(now: bool, tag: str | None) -> None:
    """Ends the night that runs here.

    Nothing new is begun, and what runs is finished first, unless you say --now. `overnight run` goes on from there.

    \b
        overnight stop
        overnight stop --now
    """
    folder = _running(tag)
    if folder is None:
        click.echo("No night runs here.")
        return
    who = f"'overnight stop' ({Process().username()}@{socket.gethostname()})"
    message = inbox.post(folder, {"kind": "stop", "who": who, "now": now})
    with Reader.open(folder) as reader:
        for _ in range(round(PATIENCE_SECONDS / POLL_SECONDS)):
            if reader.find(f"stop/{message.stem}"):
                flying = views.summary(reader, held=True).in_flight
                rest = "ends now" if now or not flying else f"ends after {plural(len(flying), 'run')}"
                click.echo(f"Night {folder.name} has heard it, and {rest}.")
                return
            time.sleep(POLL_SECONDS)
    click.echo(f"Night {folder.name} has not answered yet. The message waits for it; `overnight status` shows it.")


@dataclass(frozen=True, slots=True)
class Stored:
    """What a night takes on the disk, with the workspaces that it has given out."""

    night: str
    state: str
    bytes: int
    logs_bytes: int  # of which logs, saved files and workspaces


@click.command()
@click.option("--all", "whole", metavar="TAG", help="Remove this night altogether: its ledger, logs and saved files.")
@click.option("--refs", is_flag=True, help="With --all: also its branch and its log in git.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def clean(whole: str | None, refs: bool, yes: bool, as_json: bool) -> None:
    """Removes what old nights left on the disk.

    Lists every night, and then removes the logs, saved files and workspaces of those that are finished. Ledgers,
    branches and the log in git stay, unless you name a night with --all. With --json it only lists.

    \b
        overnight clean
        overnight clean --all mar5 --refs
    """
    if refs and not whole:
        raise UsageError("--refs goes with --all TAG")
    repo = Repo.discover(Path.cwd())
    found = [_stored(folder, _given(repo, folder)) for folder in views.nights(repo.common_dir)]
    if as_json:
        say_json([asdict(stored) for stored in found])
    elif whole:
        _remove_whole(repo, find_night(Path.cwd(), whole), refs, yes)
    else:
        _remove_logs(repo, found, yes)


def _running(tag: str | None) -> Path | None:
    """The night of that name, or the newest that runs."""
    if tag is not None:
        folder = find_night(Path.cwd(), tag)
        return folder if lock.holder(folder) else None
    nights = reversed(views.nights(Repo.discover(Path.cwd()).common_dir))
    return next((folder for folder in nights if lock.holder(folder)), None)


def _given(repo: Repo, folder: Path) -> Path:
    return asked_folder(folder.name, repo.node())


def _stored(folder: Path, given: Path) -> Stored:
    return Stored(folder.name, _state(folder), _size(folder) + _size(given), _size(folder / "runs") + _size(given))


def _state(folder: Path) -> str:
    try:
        with Reader.open(folder) as reader:
            return views.summary(reader, lock.holder(folder) is not None).state
    except LedgerError:
        return "damaged"


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def _remove_logs(repo: Repo, found: list[Stored], yes: bool) -> None:
    rows: list[list[Cell]] = [[s.night, s.state, size_text(s.bytes), size_text(s.logs_bytes)] for s in found]
    say(table(rows, screen(), ("night", "state", "on disk", "logs and saved files"), right=(2, 3)))
    finished = [stored for stored in found if stored.state == "finished" and stored.logs_bytes]
    if not finished:
        click.echo("There are no logs of finished nights to remove.")
        return
    names = ", ".join(stored.night for stored in finished)
    _ask(f"Remove {size_text(sum(s.logs_bytes for s in finished))} of logs and saved files of {names}?", yes)
    for stored in finished:
        folder = repo.common_dir / "overnight" / stored.night
        for path in (folder / "runs", _given(repo, folder)):
            remove(path)
        click.echo(f"Removed {size_text(stored.logs_bytes)} of logs and saved files of {stored.night}.")


def _remove_whole(repo: Repo, folder: Path, refs: bool, yes: bool) -> None:
    """Under the night's own lock: one that runs is refused, and none can begin meanwhile."""
    held = lock.acquire(folder / "lock", "overnight clean", 0.0)
    with closing(os.fdopen(held)):
        ends = [f"branch autoresearch/{folder.name}", "log in git"] if refs else []
        _ask(f"Remove night {folder.name} for good: {', '.join(['ledger', 'logs', 'saved files', *ends])}?", yes)
        if refs:
            _remove_refs(repo, folder)
        remove(_given(repo, folder))
        shutil.rmtree(folder)
    click.echo(f"Night {folder.name} is gone.")


def _remove_refs(repo: Repo, folder: Path) -> None:
    with Reader.open(folder) as reader:
        entry = reader.find("opened")
    if entry and isinstance(entry.event, Opened):
        if repo.branch_tip(entry.event.branch):  # `git branch -D` refuses a branch that somebody has checked out
            repo.git.run("branch", "-D", entry.event.branch.removeprefix("refs/heads/"))
        repo.git.run("update-ref", "-d", log_ref(entry.event))


def _ask(question: str, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True)

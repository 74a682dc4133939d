"""How a session of a night begins: a new one with its pre-registration, an old one by folding its ledger.

Resuming is not a way of its own: whatever an earlier session left behind is ended and removed, the ledger is folded,
and the loop goes on with what is half done.
"""

from __future__ import annotations

import getpass
import os
import platform
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from overnight import __version__
from overnight.clock import Clock
from overnight.errors import LedgerError, UsageError
from overnight.judge.policy import AnyPolicy
from overnight.judge.seeds import secret_hash
from overnight.ledger import inbox
from overnight.ledger.events import Entry, Opened, Proposed, Session
from overnight.ledger.ledger import Ledger
from overnight.measure.sweep import sweep
from overnight.model import Phase
from overnight.night.actions import Tick
from overnight.night.asking import Seat
from overnight.night.due import ELSEWHERE
from overnight.night.keep import Keeper, log_ref
from overnight.night.letters import PASSING
from overnight.night.night import Night
from overnight.night.question import FIXED, settings_of
from overnight.night.reread import Rereader
from overnight.night.shift import Shift
from overnight.night.stop import deadline
from overnight.night.tidy import Attic
from overnight.night.watcher import Watcher
from overnight.program.program import Program
from overnight.repo import refs
from overnight.repo.repo import Repo
from overnight.step import Step, unwatched


@dataclass(frozen=True, slots=True)
class Opening:
    """What a session needs, given by `wiring`."""

    repo: Repo
    program: Program
    policy: AnyPolicy
    tag: str
    slots: int
    environment: Mapping[str, str]
    errand: Phase | None = None  # this session is for one phase only
    seats: tuple[Seat, ...] = (Seat(),)
    read: Callable[[], Program] | None = None  # program.md as it is now; None: it does not change under way


def branch_name(tag: str) -> str:
    return f"refs/heads/autoresearch/{tag}"


def begin(opening: Opening, ledger: Ledger, clock: Clock, watcher: Watcher, step: Step = unwatched) -> Shift:
    """Opens the night or takes it up again; afterwards everything is ready for `Shift.work`."""
    now = clock.now()
    if ledger.find("opened") is None:
        ledger.append(now, 0.0, *_first_events(opening, ledger))
    opened = ledger.find("opened")
    last_session = ledger.last("session")
    assert opened is not None
    assert isinstance(opened.event, Opened)
    _refuse_another_question(opening.program, opened.event)
    if last_session is not None:
        _sweep(opening, ledger.path.parent, last_session, opened.event)
    newest = ledger.newest()
    elapsed = newest.elapsed if newest else 0.0
    number = last_session.event.number + 1 if last_session and isinstance(last_session.event, Session) else 1
    ledger.append(now, elapsed, _session(opening, number))

    tick = Tick(now, elapsed)
    until = deadline(opening.program.stop.until, now)
    secret = _secret(opening, ledger)
    night = Night(opening.program, opening.policy, secret, opening.slots, tick, until, opening.errand, opening.seats)
    for entry in ledger.since(0):
        night.hear(entry)
        night.state.finished.clear()  # of these `Shift.work` tells from the ledger
    keeper = Keeper(opening.repo, opening.program, opened.event, opened.at)
    keeper.prepare_refs(night.state)
    attic = Attic(ledger.path.parent / "runs", opening.program.disk_mb)
    read = opening.read or (lambda: opening.program)
    rereader = Rereader(opening.program, read, night.state.steering.rereads)
    return Shift(night, ledger, keeper, attic, rereader, clock, watcher, elapsed, now.mono, step=step)


def scratch_folder(tag: str, node: str) -> Path:
    """Where the checkouts of a night's runs are made: outside the repository, on a disk rather than in memory."""
    wanted = Path("overnight")
    try:
        wanted = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / wanted
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            pass
    except (OSError, RuntimeError):  # read-only, or no home at all
        wanted = Path(tempfile.gettempdir()) / f"overnight-{os.getuid()}"
    return wanted / f"{node}-{tag}"


def asked_folder(tag: str, node: str) -> Path:
    """Where workspaces are that were given out: nobody's scratch, for somebody may come back to one after days."""
    return scratch_folder(tag, node).parent / "asked" / f"{node}-{tag}"


def _first_events(opening: Opening, ledger: Ledger) -> tuple[Opened, Proposed]:
    repo, program = opening.repo, opening.program
    head = repo.head()
    opened = Opened(
        night=opening.tag,
        node=repo.node(),
        branch=branch_name(opening.tag),
        baseline=head,
        metric=program.metric,
        goal=program.goal,
        program_text=program.text,
        settings=settings_of(program),
        secret_hash=secret_hash(_secret(opening, ledger)),
        environment=_environment() | dict(opening.environment),
        who=_who(),
    )
    said = f"the untouched baseline ({ELSEWHERE})" if program.external else "the untouched baseline"
    baseline = Proposed(experiment=0, parent=head, edits=(), origin="baseline", hypothesis=said)
    return opened, baseline


def _session(opening: Opening, number: int) -> Session:
    scratch = scratch_folder(opening.tag, opening.repo.node())
    shutil.rmtree(scratch, ignore_errors=True)
    return Session(
        number=number,
        host=socket.gethostname(),
        pid=os.getpid(),
        scratch=str(scratch),
        program_text=opening.program.text,
        settings=settings_of(opening.program),
    )


def _sweep(opening: Opening, folder: Path, last: Entry, opened: Opened) -> None:
    """Ends what an earlier session left running, and removes what it left lying."""
    assert isinstance(last.event, Session)
    scratch = scratch_folder(opening.tag, opening.repo.node())
    if last.event.scratch == str(scratch):  # else this is a copy, and what runs there is the original's
        sweep(scratch, scratch.name)
        shutil.rmtree(scratch, ignore_errors=True)
    refs.unlock(opening.repo, [log_ref(opened), opened.branch])
    for message_id, message in inbox.take(folder):
        if message.get("kind") in PASSING:  # it was for the session that is gone
            inbox.done(folder, message_id)


def _refuse_another_question(program: Program, opened: Opened) -> None:
    now = settings_of(program)
    for key in FIXED:
        if now[key] != opened.settings.get(key):
            raise UsageError(
                f"night {opened.night} was opened with {key} = {opened.settings.get(key)}, and program.md now says "
                f"{now[key]}: that is another question. Put it back, or start a new night with --tag NAME"
            )


def _secret(opening: Opening, ledger: Ledger) -> str:
    """Drawn once a night, or named by `seed:`; kept beside the ledger until the night reveals it."""
    path = ledger.path.parent / "secret"
    if not path.exists():
        seed = opening.program.seed
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(secrets.token_hex(16) if seed is None else f"seed {seed}")
        new.rename(path)
    secret = path.read_text()
    opened = ledger.find("opened")
    if opened and isinstance(opened.event, Opened) and secret_hash(secret) != opened.event.secret_hash:
        raise LedgerError(f"{path} is not the secret that this night was opened with: put it back, or take a new --tag")
    return secret


def _environment() -> dict[str, str]:
    return {
        "overnight": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "executable": sys.executable,
    }


def _who() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # a uid without a name, as in many containers
        return f"uid {os.getuid()}@{socket.gethostname()}"

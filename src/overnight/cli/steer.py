"""say, idea, pause, resume and approve: a word to a night, without stopping it.

A night that runs takes the word from its inbox. Where none runs, the command holds the night's lock for a moment and
writes it down itself, so that nothing is lost between two sessions.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from psutil import Process

from overnight.cli.options import as_json, night, say_json, screen, which_night
from overnight.cli.options import say as print_lines
from overnight.clock import SystemClock
from overnight.errors import Busy, UsageError
from overnight.ledger import inbox, lock, views
from overnight.ledger.events import Noted
from overnight.ledger.ledger import Ledger, Reader
from overnight.night.letters import MOST_CHARACTERS, event_of
from overnight.night.plain import one_line
from overnight.night.steering import steering_of
from overnight.repo.repo import Repo
from overnight.show.paint import Tone, printable, spread
from overnight.show.steering import Steered, held_text, idea_cells, paused_text, steered, steered_json
from overnight.wiring import find_night

PATIENCE_SECONDS, POLL_SECONDS = 10.0, 0.1
WIDEST = 1000  # columns of an idea where nobody says how many there are
KEYS = {"say": "said", "idea": "idea", "pause": "paused", "resume": "unpaused", "approve": "approved"}


@click.command()
@click.argument("words", nargs=-1, required=True)
@which_night
def say(words: Sequence[str], tag: str | None) -> None:
    """Tells those who propose something, while the night works.

    Your words are in every brief from then on, the newest 20 of them. They steer; what must hold belongs in program.md.

    \b
        overnight say "the loss is noisy above batch 64: leave it alone"
    """
    folder = _meant(tag)
    heard = _tell(folder, {"kind": "say", "text": _said(words)})
    _answer(folder, heard, "it is in every brief from now on", "It is in the first brief when the night goes on")


@click.command()
@click.argument("words", nargs=-1)
@which_night
@as_json
def idea(words: Sequence[str], tag: str | None, as_json: bool) -> None:
    """Gives the night an idea to try, or lists the ideas it has.

    Agents try ideas of people first, each once, and the report says what came of it. Bullets under a heading Ideas of
    program.md are ideas too. Without words it lists them all. The optimiser turns knobs, and leaves ideas to others.

    \b
        overnight idea "tie the embeddings"
        overnight idea
    """
    folder = _meant(tag)
    if not words:
        with night(folder.name) as (_, reader):
            found = steered(reader)
        say_json(steered_json(found)["ideas"]) if as_json else print_lines(_ideas(found))
        return
    heard = _tell(folder, {"kind": "idea", "text": _said(words)})
    _answer(folder, heard, "it is tried as soon as an agent is free", "It is tried first when the night goes on")


@click.command()
@click.option("--why", default="", metavar="TEXT", help="For whoever looks at the night.")
@which_night
def pause(why: str, tag: str | None) -> None:
    """Starts nothing new until you say resume.

    What runs is finished, and nobody is asked for more. The night is not over: its clock goes on, and its stop rules
    hold. A night that is killed while it is paused is paused when it goes on; one that ends is not.

    \b
        overnight pause --why "I need the GPU until noon"
        overnight resume
    """
    if (folder := _running(tag)) is None:
        click.echo("No night runs here.")
        return
    heard = _tell(folder, {"kind": "pause", "why": why})
    _answer(folder, heard, "starts nothing new until `overnight resume`", "It is paused when it goes on")


@click.command()
@which_night
def resume(tag: str | None) -> None:
    """Lets a paused night go on.

    A night that does not run goes on with `overnight run`.

    \b
        overnight resume
    """
    folder = _running(tag) or _meant(tag)
    with night(folder.name) as (_, reader):
        paused = steering_of(reader).paused
    if paused is None:
        runs = lock.holder(folder) is not None
        click.echo(f"Night {folder.name} is not paused." + ("" if runs else _goes_on(folder)))
        return
    heard = _tell(folder, {"kind": "resume"})
    _answer(folder, heard, "goes on", "The pause is taken back")


@click.command()
@click.argument("number", required=False, type=click.IntRange(min=1))
@click.option("--no", is_flag=True, help="It does not land: it counts as discarded.")
@click.option("--why", default="", metavar="TEXT", help="For the record.")
@which_night
@as_json
def approve(number: int | None, no: bool, why: str, tag: str | None, as_json: bool) -> None:
    """Says whether a keep lands, where program.md says `approve: keeps`.

    Without NUMBER it lists what waits for you. You approve the change, the judge its evidence: where another keep has
    landed meanwhile, yours is put on top of it and measured again, and lands if it is still better.

    \b
        overnight approve
        overnight approve 12
        overnight approve 12 --no --why "hard to maintain"
    """
    folder = _meant(tag)
    with night(folder.name) as (_, reader):
        found = steered(reader)
    if number is None:
        say_json(steered_json(found)["waiting"]) if as_json else print_lines(_waiting(found))
        return
    if number not in found.steering.held:
        raise UsageError(
            f"experiment {number} of {folder.name} waits for no answer: `overnight approve` lists what does"
        )
    heard = _tell(folder, {"kind": "approve", "experiment": number, "yes": not no, "why": why})
    word = "is discarded" if no else "lands"
    _answer(folder, heard, f"#{number} {word}", f"#{number} {word} when the night goes on")


def _said(words: Sequence[str]) -> str:
    text = one_line(" ".join(words), MOST_CHARACTERS + 1)
    if not text:
        raise UsageError("there are no words in it")
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"that is longer than {MOST_CHARACTERS:,} characters: every brief has to hold it")
    return text


def _meant(tag: str | None) -> Path:
    """The night of that name, else the newest that runs, else the newest."""
    return find_night(Path.cwd(), tag) if tag is not None else _running(None) or find_night(Path.cwd(), None)


def _running(tag: str | None) -> Path | None:
    folders = [find_night(Path.cwd(), tag)] if tag else views.nights(Repo.discover(Path.cwd()).common_dir)[::-1]
    return next((folder for folder in folders if lock.holder(folder)), None)


def _tell(folder: Path, message: Mapping[str, Any]) -> bool | None:
    """True: a night that runs has heard it. False: it is written down, and none runs. None: nobody has taken it yet."""
    message = {**message, "who": f"{Process().username()}@{socket.gethostname()}"}
    if lock.holder(folder) is None and _written(folder, message):
        return False
    id = inbox.post(folder, message).stem
    with Reader.open(folder) as reader:
        for _ in range(round(PATIENCE_SECONDS / POLL_SECONDS)):
            if reader.find(f"{KEYS[message['kind']]}/{id}"):
                return True
            if (noted := reader.find(f"noted/{id}")) and isinstance(noted.event, Noted):
                raise UsageError(noted.event.text)
            time.sleep(POLL_SECONDS)
    return None


def _written(folder: Path, message: Mapping[str, Any]) -> bool:
    """False where a night has begun to run this very moment."""
    try:
        ledger = Ledger.create_or_open(folder, holder=f"overnight {message['kind']}", patience_seconds=0.0)
    except Busy:
        return False
    with closing(ledger):
        now, newest = SystemClock().now(), ledger.newest()
        event = event_of(f"{now.utc:017.6f}-{Process().pid}", message, steering_of(ledger))
        if isinstance(event, Noted):
            raise UsageError(event.text)
        ledger.append(now, newest.elapsed if newest else 0.0, event)
    return True


def _answer(folder: Path, heard: bool | None, now: str, later: str) -> None:
    if heard:
        click.echo(f"Night {folder.name} has heard it: {now}.")
    elif heard is None:
        click.echo(f"Night {folder.name} has not answered yet. The message waits for it; `overnight status` shows it.")
    else:
        click.echo(f"It is written down. {later}.{_goes_on(folder)}")


def _goes_on(folder: Path) -> str:
    return f" Night {folder.name} does not run: overnight run --tag {folder.name}"


def _ideas(found: Steered) -> Iterator[str]:
    if not found.steering.wishes:
        yield 'There are no ideas yet: overnight idea "…", or bullets under a heading Ideas of program.md.'
    to = screen()
    yield from (spread(cells, None, to) for cells in idea_cells(found, to.width or WIDEST))


def _waiting(found: Steered) -> Iterator[str]:
    if found.steering.paused:
        yield f"The night is {paused_text(found.steering.paused)}."
    if not found.steering.held:
        yield "Nothing waits for you."
    for number, held in sorted(found.steering.held.items()):
        said = printable(found.rows[number].hypothesis) if number in found.rows else ""
        yield spread([(f"#{number}", Tone.STRONG), f"  {held_text(held)}  ", (said, Tone.SAID)], None, screen())
        yield spread([(f"     {printable(held.found.why)}", Tone.QUIET)], None, screen())
        yield f"     overnight diff {number}   then: overnight approve {number}, or --no"

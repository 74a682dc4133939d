"""ask, tell and skill: a night that is driven by hand, by a person or by an interactive agent."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from overnight.cli.options import as_json, say, say_json, screen, writing
from overnight.doors.answer import Answer, State
from overnight.doors.find import open_night
from overnight.doors.open import Ask, OpenNight
from overnight.doors.skill import skill_text, write_skill
from overnight.ledger import lock
from overnight.ledger.views import to_json
from overnight.repo.repo import Repo
from overnight.show.live import Plain, Terminal
from overnight.show.paint import Cell, Screen, Tone, printable, screen_of, spread
from overnight.show.words import TONES, score_text

which_night = click.option("--tag", metavar="TAG", help="The night, such as mar5. [the unfinished one, else a new one]")
ASKED = {State.OPEN: "is not told yet", State.TOLD: "waits for its turn", State.MEASURING: "has no verdict yet"}


@click.command()
@click.option("--by", default="", metavar="NAME", help="Who will make the change, for the record. [you]")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="Make it below this folder. [the cache]")
@which_night
@as_json
def ask(by: str, into: Path | None, tag: str | None, as_json: bool) -> None:
    """Gives you a workspace to change something in.

    It holds the files of the branch as it stands, and is yours until you tell, for days if need be. Nothing is measured
    now. Where there is no night it opens one. With --json also the brief: what a proposer is told.

    \b
        overnight ask
        overnight ask --json --by claude
    """
    with open_night(None, tag) as opened:
        given = opened.ask(by, into)
        if as_json:
            say_json(_ask_json(opened, given))
        else:
            say(_ask_text(given))


@click.command()
@click.argument("number", metavar="[ASK]", required=False, type=click.IntRange(min=0))
@click.option("--says", default="", metavar="TEXT", help="What it changes and why. [the first line that changed]")
@click.option(
    "--metric", type=float, multiple=True, metavar="N", help="A number that was measured elsewhere. Several: repeats."
)
@click.option(
    "--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Answer by then; the work goes on behind."
)
@click.option("--no-wait", is_flag=True, help="As --wait 0.")
@which_night
@as_json
def tell(
    number: int | None,
    says: str,
    metric: Sequence[float],
    wait: float | None,
    no_wait: bool,
    tag: str | None,
    as_json: bool,
) -> None:
    """Has what you changed measured, and says what came of it.

    ASK is the number of the workspace. Where a night runs, it does the work; else this command does, in front of you,
    and judges as ever: repeats where chance could explain it, keeps what is better. Ctrl-C, a kill -9 or a second tell
    lose nothing: the same command goes on. Without ASK it lists the workspaces.

    --metric reports a number instead of having it measured. It counts where program.md says `run: elsewhere`, and then
    every number is one; 0 is the untouched baseline. Anywhere else it is what you say, and the change is measured here.

    \b
        overnight tell 3 --says "warm up for longer"
        overnight tell 3 --wait 240 --json
        overnight tell 3 --metric 0.31
    """
    stream = sys.stderr if as_json else sys.stdout
    quiet = as_json and not stream.isatty()
    with closing(Terminal(stream) if screen_of(stream).moves else Plain(stream)) as watcher:
        opened = open_night(None, tag, number or 0, None if quiet else watcher)
        with opened:
            if number is None:
                _list(opened, as_json)
                return
            if not as_json and (holder := lock.holder(opened.folder)):
                click.echo(f"Night {opened.tag} is worked on by {holder}: that measures it, also if you go away.")
            answer = opened.tell(number, metric, says, 0.0 if no_wait else wait)
    if as_json:
        say_json({**to_json(answer), "kept": answer.kept})
    else:
        say(_answer_text(answer, screen()))


@click.command()
@click.option("--user", is_flag=True, help="For all your projects, in your home, instead of for this one.")
@click.option("--print", "only_print", is_flag=True, help="Print it, and write nothing.")
@click.option("--force", is_flag=True, help="Overwrite one that was changed.")
def skill(user: bool, only_print: bool, force: bool) -> None:
    """Teaches coding agents to drive a night.

    Writes SKILL.md where Claude Code (.claude/skills) and Codex, pi and others (.agents/skills) look for it, in this
    repository or with --user in your home. Then say to your agent: "improve this with overnight".

    \b
        overnight skill
        overnight skill --user
    """
    if only_print:
        click.echo(skill_text(), nl=False)
        return
    below = Path.home() if user else Repo.discover(Path.cwd()).root
    with writing(below):
        for path, written in write_skill(below, force):
            click.echo(f"{path} {'is written' if written else 'is up to date'}.")


def _ask_json(opened: OpenNight, given: Ask) -> dict[str, Any]:
    program = opened.task.program
    where = shlex.quote(str(program.path.parent))
    return {
        "ask": given.number,
        "night": given.night,
        "workspace": str(given.workspace),
        "edit": given.edit,
        "parent": given.parent,
        "metric": program.metric,
        "goal": program.goal,
        "best": opened.best,
        "tell": f"overnight -C {where} tell {given.number} --tag {given.night}",
        "brief": given.brief,
    }


def _ask_text(given: Ask) -> Iterator[str]:
    yield f"Ask {given.number} of night {given.night}. Change {', '.join(given.edit)} in"
    yield f"    {given.workspace}"
    yield f"then: overnight tell {given.number}"


def _list(opened: OpenNight, as_json: bool) -> None:
    answers = opened.answers()
    if as_json:
        say_json([{**to_json(answer), "workspace": folder} for answer, folder in answers])
        return
    if not answers:
        click.echo("Nobody has asked for a workspace yet: overnight ask")
    for answer, folder in answers:
        call = str(answer.call) if answer.call else answer.state
        number = f"#{answer.experiment}" if answer.experiment is not None else ""
        click.echo(f"{answer.ask:4}  {call:10} {number:6} {folder if answer.state is State.OPEN else ''}".rstrip())


def _answer_text(answer: Answer, to: Screen) -> Iterator[str]:
    number = f"#{answer.experiment}" if answer.experiment is not None else "Ask"
    best = f"  best so far: {answer.metric} {score_text(answer.best)}" if answer.best is not None else ""
    if answer.state in ASKED:
        yield f"{number} (ask {answer.ask}) {ASKED[answer.state]}.{best}"
    elif answer.state is State.HELD:
        yield f"{number} (ask {answer.ask}) would be kept, and waits for you: overnight approve {answer.experiment}"
    else:
        assert answer.call is not None
        score = f"  {answer.metric} {score_text(answer.score)}" if answer.score is not None else ""
        head: list[Cell] = [f"{number} (ask {answer.ask}) ", (str(answer.call), TONES[answer.call]), score]
        yield spread([*head, f"  {printable(answer.why)}"], None, to)
        yield spread([(f"{best.strip()}  overnight show {answer.experiment}".strip(), Tone.QUIET)], None, to)
    if answer.wanted:
        asks = ", ".join(f"overnight tell {each} --metric N" for each in dict.fromkeys(answer.wanted))
        yield f"The judge would like {len(answer.wanted)} more: {asks}"

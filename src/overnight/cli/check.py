"""check: program.md read back, before anything is started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from overnight.cli.options import as_json, say, say_json, screen
from overnight.clock import SystemClock
from overnight.errors import UsageError
from overnight.night.crew import crew
from overnight.program.knobs import knobs_of, turnable
from overnight.propose.agents import Found, Workplace, look
from overnight.show.readback import ReadBack, readback_json, readback_text
from overnight.wiring import PROPOSERS, Task, load, uncommitted


@click.command()
@click.argument("program", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--agent", metavar="LINE", multiple=True, help="Who is to propose, in place of what program.md says.")
@as_json
def check(program: Path | None, agent: tuple[str, ...], as_json: bool) -> None:
    """Reads program.md back: what is enforced, and what is only advice.

    Every setting with its value and where it was said or how it was inferred, the hard-coded seeds that each run
    replaces, who proposes (where its program lies, its version, and which variable holds its key), the knobs that the
    search would turn, and each sentence that is advice only. What looks like a rule and was not understood is named.
    Runs nothing of yours and writes nothing. Exit code 2 where something is wrong.

    \b
        overnight check
        overnight check --agent claude
        overnight check labs/mine --json
    """
    task = load(program, {"agent": "\n".join(agent)} if agent else {})
    back = read_back(task)
    if as_json:
        say_json(readback_json(back))
    else:
        say(readback_text(back, screen()))
    if any(found.state == "error" for _, found in back.agents):
        raise SystemExit(UsageError.exit_code)


def read_back(task: Task) -> ReadBack:
    plan = task.program
    with closing(task.repo) as repo:
        texts = repo.texts(repo.head(), [path for path in plan.edit if turnable(path)])
    knobs = list(knobs_of(plan, texts).values())
    return ReadBack(plan, knobs, uncommitted(task), list(_agents(task)))


def _agents(task: Task) -> Iterator[tuple[str, Found]]:
    """Each line once, with what would be found of it; where that is nothing that a night could start with, why."""
    with closing(task.repo) as repo:
        place = Workplace(task.program, repo, Path(os.devnull), os.environ, SystemClock())
        for text in dict.fromkeys(task.program.agent):
            try:
                members = crew(replace(task.program, agent=(text,), agents=None), PROPOSERS, knobs=False)
                found = [seen for member in members if (seen := look(member.made, member.line, place))]
            except UsageError as error:
                found = [Found("error", str(error))]
            yield from ((text, seen) for seen in found)

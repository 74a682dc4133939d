"""check: program.md read back, before anything is started."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from overnight.cli.options import as_json, say, say_json, screen
from overnight.program.knobs import knobs_of, turnable
from overnight.show.readback import ReadBack, readback_json, readback_text
from overnight.wiring import Task, load, uncommitted


@click.command()
@click.argument("program", required=False, type=click.Path(exists=True, path_type=Path))
@as_json
def check(program: Path | None, as_json: bool) -> None:
    """Reads program.md back: what is enforced, and what is only advice.

    Every setting with its value and where it was said or how it was inferred, the hard-coded seeds that each run
    replaces, the knobs that the search would turn, and each sentence that is advice only. What looks like a rule and
    was not understood is named. Runs nothing and writes nothing. Exit code 2 where something is wrong.

    \b
        overnight check
        overnight check labs/mine --json
    """
    task = load(program, {})
    back = read_back(task)
    if as_json:
        say_json(readback_json(back))
    else:
        say(readback_text(back, screen()))


def read_back(task: Task) -> ReadBack:
    plan = task.program
    with closing(task.repo) as repo:
        texts = repo.texts(repo.head(), [path for path in plan.edit if turnable(path)])
    knobs = list(knobs_of(plan, texts).values())
    return ReadBack(plan, knobs, uncommitted(task))

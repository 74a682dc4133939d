"""knobs: what can be turned in the editable files, from where to where, and why."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from overnight.cli.options import as_json, say, say_json, screen
from overnight.program.knobs import knobs_of, turnable
from overnight.show.turnable import knobs_json, knobs_text
from overnight.wiring import load


@click.command()
@click.argument("program", required=False, type=click.Path(exists=True, path_type=Path))
@as_json
def knobs(program: Path | None, as_json: bool) -> None:
    """Lists what the search can turn, from where to where, and why.

    The numbers, flags and words in the editable Python, YAML, JSON and TOML files that can be changed blindly: each
    with its value, its range and scale, where it stands, and whether a comment, program.md, its name or its value
    says so.

    \b
        overnight knobs
        overnight knobs --json | jq '.[].name'
    """
    task = load(program, {})
    with closing(task.repo) as repo:
        texts = repo.texts(repo.head(), [path for path in task.program.edit if turnable(path)])
    found = knobs_of(task.program, texts)
    if as_json:
        say_json(knobs_json(found))
    else:
        say(knobs_text(list(found.values()), task.program.edit, screen()))

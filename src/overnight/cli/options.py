"""What the commands share: their common options, and how text and JSON reach the screen."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from overnight.errors import UsageError
from overnight.ledger.ledger import Reader
from overnight.show.paint import Screen, screen_of
from overnight.wiring import find_night

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
slots = click.option("--slots", metavar="N", help="How many runs at the same time, or auto.")
on = click.option("--on", metavar="WHERE", help="Where runs execute: here, ray, or ray://host:10001. [here]")
experiments = click.option("--experiments", metavar="N", help="Stop after so many experiments.")
which_night = click.option("--tag", metavar="TAG", help="The night, such as mar5. [default: the newest]")


@contextmanager
def night(tag: str | None) -> Iterator[tuple[Path, Reader]]:
    """The folder of the night that is meant, and its ledger."""
    folder = find_night(Path.cwd(), tag)
    with Reader.open(folder) as reader:
        yield folder, reader


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A folder that cannot be written to is the person's to mend."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def screen() -> Screen:
    return screen_of(sys.stdout)


def say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line, color=True)  # colour is decided by `screen`, not again by click


def say_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))

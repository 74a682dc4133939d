"""A night in this process: its progress, then its report, as text and as files, and what to type next."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import click

from overnight.cli import options
from overnight.compute.slots import find_slots, need_of, shortage
from overnight.errors import OvernightError
from overnight.ledger.ledger import Reader
from overnight.show.ending import Place, ending
from overnight.show.limits import blind_limits
from overnight.show.live import Plain, Terminal
from overnight.show.morning import FILES, Written, write_morning
from overnight.show.paint import screen_of, spread
from overnight.show.report import Report, report_json, report_of
from overnight.show.report_text import report_text
from overnight.show.series import Series, series_of
from overnight.wiring import Task, night_folder, work


def watched(task: Task, tag: str, as_json: bool) -> None:
    """JSON has the standard output for itself."""
    stream = sys.stderr if as_json else sys.stdout
    if not task.program.on and (few := shortage(find_slots(task.program.slots, os.environ, need_of(task.program)))):
        click.echo(f"overnight: {few}", err=True)
    for blind in blind_limits(task.program):
        click.echo(f"overnight: {blind}", err=True)
    with closing(Terminal(stream) if screen_of(stream).moves else Plain(stream)) as watcher:
        work(task, tag, watcher)
    folder = night_folder(task.repo, tag)
    with Reader.open(folder) as reader:
        report = report_of(reader, task.repo, held=False)
        if as_json:
            options.say_json(report_json(report))
        else:
            options.say(["", *report_text(report, options.screen())])
        written = write_files(folder / FILES, report, series_of(reader))
    if not as_json:
        _say_ending(report, task.repo.root, written)
    if report.summary.baseline is None and report.summary.state == "finished":
        raise OvernightError(f"{report.summary.why}; see `overnight show 0`")


def write_files(folder: Path, report: Report, series: Series) -> Written | None:
    """A night is not worse for a full disk at its end."""
    try:
        return write_morning(folder, report, series)
    except OSError as error:
        click.echo(
            f"overnight: the report's files could not be written: {error}; `overnight report` tries again", err=True
        )
        return None


def _say_ending(report: Report, root: Path, written: Written | None) -> None:
    inside = root in (Path.cwd(), *Path.cwd().parents)
    place = Place(
        root=root,
        enter=None if inside else root,
        program=_program(os.environ),
        report=written.page if written else None,
        picture=written.picture if written else None,
    )
    screen = options.screen()
    options.say(spread(cells, None, screen) for cells in ending(report, place, screen.width))


def _program(environ: Mapping[str, str]) -> str:
    """What to type for `overnight` where PATH has none, as after `make demo`."""
    if shutil.which("overnight", path=environ.get("PATH", os.defpath)):
        return "overnight"
    beside = Path(sys.executable).with_name("overnight")
    return shlex.join([str(beside)] if beside.is_file() else [sys.executable, "-m", "overnight"])

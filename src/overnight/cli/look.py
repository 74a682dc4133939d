"""status, log, show, diff, report: what a night did, from its ledger; also while it runs, also read-only."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from overnight.cli.options import as_json, night, say, say_json, screen, which_night
from overnight.cli.several import rows_of, tasks_of
from overnight.clock import SystemClock
from overnight.errors import UsageError
from overnight.ledger import views
from overnight.ledger.lock import holder
from overnight.ledger.views import Detail, Row
from overnight.repo.repo import Repo
from overnight.show.board import board_json, board_text
from overnight.show.experiment import diff_text, experiment_text
from overnight.show.export import results_tsv
from overnight.show.line import HEAD, line_from, told
from overnight.show.markdown import report_markdown
from overnight.show.morning import FILES, morning_lines
from overnight.show.paint import Tone
from overnight.show.report import report_json, report_of
from overnight.show.report_text import report_text, taking_text
from overnight.show.series import series_of
from overnight.show.status import status_json, status_of, status_text

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("programs", metavar="[PROGRAM]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@which_night
@as_json
def status(programs: tuple[Path, ...], tag: str | None, as_json: bool) -> None:
    """Shows how far a night is.

    Its state and who runs it, the best score so far against the baseline's, which knobs mattered, what runs now, how
    far each stop rule is, and the last experiments. The newest night, or the one of --tag. For PROGRAMs a row each, of
    the newest night of each.

    \b
        overnight status
        overnight status --json | jq .best
        overnight status labs/one labs/two
    """
    if programs:
        if tag:
            raise UsageError("--tag names one night of this repository, and a program its newest: say one of the two")
        rows = rows_of(tasks_of(programs, {}))
        if as_json:
            say_json(board_json(rows))
        else:
            say(board_text(rows, screen()))
        return
    with night(tag) as (folder, reader):
        found = status_of(folder, reader, SystemClock().now(), Repo.discover(Path.cwd()))
    if as_json:
        say_json(status_json(found))
    else:
        say(status_text(found, screen()))


@click.command()
@click.option("-n", "last", type=click.IntRange(min=1), metavar="N", help="Only the last N.")
@click.option("--tsv", is_flag=True, help="The field's results.tsv. What was never run has no line in it.")
@which_night
@as_json
def log(last: int | None, tsv: bool, tag: str | None, as_json: bool) -> None:
    """Lists the experiments, newest last.

    A line each: the verdict, the score, its change against what it was compared with, how long it took, and what its
    author says of it. With --json one JSON document a line.

    \b
        overnight log -n 20
        overnight log --tsv > results.tsv
    """
    with night(tag) as (_, reader):
        rows = views.rows(reader, last=last)
        if tsv:
            say(results_tsv(rows, views.summary(reader, held=False).metric))
        elif as_json:
            say(json.dumps(views.to_json(row)) for row in rows)
        else:
            to = screen()
            say([to.paint(HEAD, Tone.QUIET)])
            say(text for row in rows for text in told(line_from(reader, row), to))


@click.command()
@click.argument("number", type=click.IntRange(min=0))
@which_night
@as_json
def show(number: int, tag: str | None, as_json: bool) -> None:
    """Shows everything about one experiment.

    The verdict and its reason, what its author says, every run with its seed and score, the change itself, and the
    last lines that it printed. Experiment 0 is the untouched baseline.

    \b
        overnight show 12
    """
    with night(tag) as (folder, reader):
        detail = _detail(views.detail(reader, number), number, folder)
        summary = views.summary(reader, held=False)
    if as_json:
        worth = next((worth for worth in summary.worths if worth.experiment == number), None)
        say_json({**views.to_json(detail), "worth": views.to_json(worth)})
    else:
        change = _diff(detail.row).decode("utf-8", "replace")
        say(experiment_text(detail, summary, change, folder / "runs", screen()))


@click.command()
@click.argument("number", type=click.IntRange(min=0))
@which_night
def diff(number: int, tag: str | None) -> None:
    """Shows what an experiment changed.

    A unified diff against the commit it stands on: coloured in a terminal, and as git wrote it in a pipe.

    \b
        overnight diff 12
        overnight diff 12 | git apply
    """
    with night(tag) as (folder, reader):
        change = _diff(_detail(views.detail(reader, number), number, folder).row)
    if number == 0:
        click.echo("#0 is the untouched baseline: it changes nothing.", err=True)
    elif sys.stdout.isatty():
        say(diff_text(change.decode("utf-8", "replace"), screen()))
    else:
        click.echo(change, nl=False)


@click.command()
@click.option("--into", type=FOLDER, help="Write the files into this folder. [the night's own]")
@click.option("--markdown", is_flag=True, help="Print it as Markdown instead.")
@which_night
@as_json
def report(into: Path | None, markdown: bool, tag: str | None, as_json: bool) -> None:
    """Says in the morning what was tried and what came of it.

    What was asked, the branch's score against the baseline's, each keep and who suggested it, what fell on re-run, what
    failed and why, how the time was used, and how to look at the branch and take it. Printed, and written as files that
    can be sent to others: report.html needs nothing else, report.md and the pictures belong together. With --json or
    --markdown files are written only where --into says so.

    \b
        overnight report
        overnight report --into /tmp/morning
        overnight report --tag mar5 --json
    """
    with night(tag) as (folder, reader):
        found = report_of(reader, Repo.discover(Path.cwd()), holder(folder) is not None)
        series = series_of(reader)
    printed = as_json or markdown
    if as_json:
        say_json(report_json(found))
    elif markdown:
        click.echo(report_markdown(found), nl=False)
    else:
        say([*report_text(found, screen()), *taking_text(found, screen()), ""])
    if into or not printed:
        for line in morning_lines(into or folder / FILES, found, series):
            click.echo(line, err=printed)


def _detail(found: Detail | None, number: int, folder: Path) -> Detail:
    if found is None:
        raise UsageError(f"night {folder.name} has no experiment {number}: `overnight log` lists what it has")
    return found


def _diff(row: Row) -> bytes:
    """Against the commit's own parent: after another keep has landed, that is the newer incumbent."""
    if row.commit is None or row.number == 0:
        return b""
    git = Repo.discover(Path.cwd()).git
    flags = ("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")
    return git.run("diff", *flags, f"{row.commit}^", row.commit)

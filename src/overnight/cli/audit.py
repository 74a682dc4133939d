"""audit: which gains of a finished night are real, also of one that another tool ran."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from overnight.cli.options import as_json, night, say, say_json, screen, writing
from overnight.errors import UsageError
from overnight.judge.audit import audit as audited
from overnight.judge.results import Results, read_results
from overnight.judge.walk import Repeats
from overnight.model import Goal
from overnight.show.audit import audit_json, audit_text, sentence
from overnight.show.plot import audit_svg
from overnight.show.results import repeats_of, results_of

GOALS = {"min": Goal.MINIMIZE, "max": Goal.MAXIMIZE, "minimize": Goal.MINIMIZE, "maximize": Goal.MAXIMIZE}
USUAL = "results.tsv"
MOST_BYTES = 50_000_000


@click.command()
@click.argument("what", required=False, metavar="[FILE|TAG]")
@click.option("--metric", metavar="COLUMN", help="The column of scores. [default: looks for it]")
@click.option("--goal", type=click.Choice(list(GOALS)), help="What is better. [default: by name, or as the keeps show]")
@click.option("--noise", type=click.FloatRange(min=0, min_open=True), help="Standard deviation of one run, if known.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write the picture to this file.")
@as_json
def audit(
    what: str | None, metric: str | None, goal: str | None, noise: float | None, svg: Path | None, as_json: bool
) -> None:
    """Says which gains of a finished night are real.

    Reads the results.tsv of any tool of this field (- is standard input), or a night of ours. Says how noisy its runs
    were, which keeps are within that noise, how much of the claimed gain would show again, and what to run to know.
    Needs no git, no GPU and no program.md.

    \b
        overnight audit results.tsv
        overnight audit results.tsv --svg night.svg
        overnight audit mar5
    """
    name, results, repeats = _read(what, metric, GOALS[goal] if goal else None)
    found = audited(results, noise, repeats)
    if svg is not None:
        with writing(svg):
            svg.write_text(audit_svg(found, sentence(found)), encoding="utf-8")
    if as_json:
        say_json({"source": name, **audit_json(found)})
    else:
        say(audit_text(found, name, screen()))


def _read(what: str | None, metric: str | None, goal: Goal | None) -> tuple[str, Results, Repeats]:
    """A file where there is one, else a night; neither said: results.tsv, or the newest night."""
    path = Path(what or USUAL)
    if what == "-" or (path.exists() and not path.is_dir()):
        return str(path), read_results(_text(path), str(path), metric, goal), Repeats()
    if what is not None and (path.suffix or path.name != what):
        raise UsageError(f"there is no file {what}")
    try:
        with night(what) as (folder, reader):
            return f"night {folder.name}", results_of(reader), repeats_of(reader)
    except UsageError as error:
        raise UsageError(f"there is no file {path} here; and as for nights, {error}") from error


def _text(path: Path) -> str:
    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as stream:
            found = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if len(found) > MOST_BYTES:
        raise UsageError(f"{path} is larger than {MOST_BYTES // 10**6} MB: expected a line for each experiment")
    if found.startswith((b"\xff\xfe", b"\xfe\xff")):
        return found.decode("utf-16", "replace")
    if b"\0" in found:
        raise UsageError(f"{path} is not text: expected a table, as in results.tsv")
    return found.decode("utf-8", "replace")

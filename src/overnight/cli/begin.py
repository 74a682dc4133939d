"""demo and run: a night in this process, with its watcher, and the report at its end."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import click

from overnight.cli import options
from overnight.clock import SystemClock
from overnight.compute.slots import find_slots, shortage
from overnight.errors import OvernightError, UsageError
from overnight.ledger.ledger import Reader
from overnight.ledger.views import Summary
from overnight.repo.git import Git, quiet_environment
from overnight.show.live import Plain, Terminal
from overnight.show.paint import folded, printable, screen_of
from overnight.show.report import report_json, report_of, report_text
from overnight.wiring import Task, earlier_nights, lab_folder, load, night_folder, pick_tag, work

MARK = "overnight-demo"  # in a demo's .git: which lab it is


@click.command()
@click.argument("lab", default="ngram")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="The new folder. [overnight-demo-LAB]")
@options.experiments
@options.slots
def demo(lab: str, into: Path | None, experiments: str | None, slots: str | None) -> None:
    """Runs a night on a bundled task: no key, no GPU.

    Copies the task LAB (ngram, if you do not say) into a new folder, makes that a git repository, runs a night there
    and prints its report. Ctrl-C ends it; the same command goes on.

    \b
        overnight demo
        overnight demo --experiments 10 --into /tmp/night
    """
    for name in [name for name in os.environ if name.startswith("GIT_") and not name.endswith(("_NAME", "_EMAIL"))]:
        del os.environ[name]  # such as GIT_DIR: a demo is a repository of its own, wherever it is started
    source = lab_folder(lab)
    folder = (into or Path(f"overnight-demo-{lab}")).absolute()
    if not _is_demo(folder, lab):
        with options.writing(folder):
            _copy(source, folder, lab)
    click.echo(f"The task is in {folder}: program.md says what is wanted, train.py may change.")
    task = load(folder, _said(experiments=experiments, slots=slots))
    _watched(task, _picked(task, as_json=False), as_json=False)


@click.command()
@click.argument("program", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--tag", metavar="TAG", help="The night's name. [the unfinished night, else today, such as mar5]")
@click.option("--agent", metavar="NAME", help="Who proposes changes: search, or package.module:Class.")
@click.option("--policy", metavar="NAME", help="Who judges them: greedy, or package.module:Class.")
@options.experiments
@options.slots
@click.option("--time-box", metavar="TIME", help="How long a run may take, such as 5m or '8s cpu'.")
@click.option("--hours", metavar="N", help="Stop after so many hours of work.")
@click.option("--until", metavar="TIME", help="Stop at this time of the day, such as 07:00.")
@click.option("--seed", metavar="N", help="Draw the runs' seeds from this number.")
@click.option("--sandbox", metavar="LEVEL", help="The level of isolation that must hold: 3, 2 or 1. [the strongest]")
@options.as_json
def run(program: Path | None, tag: str | None, as_json: bool, **flags: str | None) -> None:
    """Works through the night, or goes on where it was left.

    Reads program.md (PROGRAM, or the one of this folder), measures the baseline, and then proposes, runs and judges
    changes until a stop rule holds. What is kept is on the branch autoresearch/TAG; your working tree, index and HEAD
    are not touched. Options override program.md. Ctrl-C once: what runs is finished first. Twice: now. Whatever ended
    it, the same command goes on.

    \b
        overnight run
        overnight run --experiments 100 --until 07:00
        overnight run labs/mine/program.md --slots 4
    """
    task = load(program, _said(**flags))
    _watched(task, tag or _picked(task, as_json), as_json)


def _said(**flags: str | None) -> dict[str, str]:
    return {name: text for name, text in flags.items() if text is not None}


def _picked(task: Task, as_json: bool) -> str:
    """The night's name. A new one after a finished one of the same program is explained first."""
    tag = pick_tag(task, SystemClock())
    last = next(earlier_nights(task), None)
    if last and last.night != tag:
        width = options.screen().width
        for line in folded(_new_night(task, last, tag), width):
            click.echo(line, err=as_json)
    return tag


def _new_night(task: Task, last: Summary, tag: str) -> str:
    branch = last.branch.removeprefix("refs/heads/")
    with closing(task.repo) as repo:
        head = repo.head()
        merged = repo.git.call("merge-base", "--is-ancestor", last.branch, head).returncode == 0
    build = "" if merged else f"; to build on {last.night}, merge it first: git merge {branch}"
    return (
        f"{last.night} is finished ({printable(last.why)}). This is a new night, {tag}, from HEAD {head[:7]}{build}. "
        f"To lengthen {last.night}: overnight run --tag {last.night} --experiments N"
    )


def _watched(task: Task, tag: str, as_json: bool) -> None:
    """The night with its progress, then its report. JSON has the standard output for itself."""
    stream = sys.stderr if as_json else sys.stdout
    if few := shortage(find_slots(task.program.slots, os.environ)):
        click.echo(f"overnight: {few}", err=True)
    with closing(Terminal(stream) if screen_of(stream).moves else Plain(stream)) as watcher:
        work(task, tag, watcher)
    with Reader.open(night_folder(task.repo, tag)) as reader:
        report = report_of(reader, task.repo, held=False)
    if as_json:
        options.say_json(report_json(report))
    else:
        options.say(["", *report_text(report, options.screen())])
    if report.summary.baseline is None and report.summary.state == "finished":
        raise OvernightError(f"{report.summary.why}; see `overnight show 0`")


def _is_demo(folder: Path, lab: str) -> bool:
    """An earlier demo of this lab goes on; anything else that is there is somebody's."""
    mark = folder / ".git" / MARK
    if mark.is_file() and mark.read_text() == lab:
        return True
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and is no earlier demo of {lab}: name another folder with --into")
    return False


def _copy(source: Path, folder: Path, lab: str) -> None:
    """The task as a repository of one commit. It appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".overnight-") as made:
        new = Path(made) / "demo"
        shutil.copytree(source, new, ignore=shutil.ignore_patterns("__pycache__"))
        git = Git(new, quiet_environment(os.environ), Path(made))
        git.run("init", "--quiet")
        known = git.call("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT").returncode == 0
        who = () if known else ("-c", "user.name=Overnight", "-c", "user.email=overnight@localhost")
        git.run("add", "--all")
        git.run("-c", "commit.gpgSign=false", *who, "commit", "--quiet", "--message", f"The {lab} lab as it comes")
        (new / ".git" / MARK).write_text(lab)
        new.rename(folder)

"""demo and run: a night in this process."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import click

from overnight.cli import options
from overnight.cli.lab import choose, copy, is_demo, lab_folder, prepare
from overnight.cli.watch import watched
from overnight.clock import SystemClock
from overnight.errors import UsageError
from overnight.ledger.views import Summary
from overnight.show.paint import folded, printable
from overnight.wiring import Task, earlier_nights, load, pick_tag


@click.command()
@click.argument("lab", required=False)
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="The new folder. [overnight-demo-LAB]")
@options.experiments
@options.slots
def demo(lab: str | None, into: Path | None, experiments: str | None, slots: str | None) -> None:
    """Runs a night on a bundled task: no key, no GPU.

    Copies the task LAB (gpt where torch is installed, else ngram) into a new folder, makes that a git repository, runs
    a night there and prints its report. Ctrl-C ends it; the same command goes on.

    \b
        overnight demo
        overnight demo ngram --experiments 10 --into /tmp/night
    """
    for name in [name for name in os.environ if name.startswith("GIT_") and not name.endswith(("_NAME", "_EMAIL"))]:
        del os.environ[name]  # such as GIT_DIR: a demo is a repository of its own, wherever it is started
    name, about = choose(lab)
    source = lab_folder(name)
    folder = (into or Path(f"overnight-demo-{name}")).absolute()
    if about:
        click.echo(about)
    if not is_demo(folder, name):
        with options.writing(folder):
            copy(source, folder, name)
    click.echo(f"The task is in {folder}: program.md says what is wanted, train.py may change.")
    prepare(folder)
    task = load(folder, _said(experiments=experiments, slots=slots))
    watched(task, _picked(task, as_json=False), as_json=False)


@click.command()
@click.argument("programs", metavar="[PROGRAM]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--tag", metavar="TAG", help="The night's name. [the unfinished night, else today, such as mar5]")
@click.option(
    "--agent",
    metavar="LINE",
    multiple=True,
    help="Who proposes changes, such as search, claude, 'chat openai:MODEL' or 'command ./x.sh'. Several: once each.",
)
@click.option("--agents", metavar="N", help="So many of them think at the same time.")
@click.option("--policy", metavar="NAME", help="Who judges them: greedy, or package.module:Class.")
@options.experiments
@options.slots
@options.on
@click.option("--time-box", metavar="TIME", help="How long a run may take, such as 5m or '8s cpu'.")
@click.option("--hours", metavar="N", help="Stop after so many hours of work.")
@click.option("--until", metavar="TIME", help="Stop at this time of the day, such as 07:00.")
@click.option("--seed", metavar="N", help="Draw the runs' seeds from this number.")
@click.option("--sandbox", metavar="LEVEL", help="The level of isolation that must hold: 3, 2 or 1. [the strongest]")
@click.option(
    "--priority", metavar="NAME=N", multiple=True, help="Of several programs: N times the share of one with 1."
)
@options.as_json
def run(
    programs: tuple[Path, ...],
    tag: str | None,
    agent: tuple[str, ...],
    priority: tuple[str, ...],
    as_json: bool,
    **flags: str | None,
) -> None:
    """Works through the night, or goes on where it was left.

    Reads program.md (PROGRAM, or the one of this folder), measures the baseline, and then proposes, runs and judges
    changes until a stop rule holds. What is kept is on the branch autoresearch/TAG; your working tree, index and HEAD
    are not touched. Options override program.md. Ctrl-C once: what runs is finished first. Twice: now. Whatever ended
    it, the same command goes on.

    Several programs work side by side on common slots, each on a night and a branch of its own, and share them fairly.

    \b
        overnight run
        overnight run --experiments 100 --until 07:00
        overnight run labs/mine/program.md --slots 4
        overnight run labs/one labs/two --slots 8 --priority two=3
    """
    if len(programs) > 1:
        from overnight.cli.several import Wishes, run_several  # one night does not need it

        if tag:
            raise UsageError("--tag names one night, and each program has its own: leave it out")
        slots = flags.pop("slots")
        run_several(programs, _said(agent="\n".join(agent) or None, **flags), Wishes(slots, priority, as_json))
        return
    if priority:
        raise UsageError("--priority is between several programs: name them, or leave it out")
    task = load(programs[0] if programs else None, _said(agent="\n".join(agent) or None, **flags))
    watched(task, tag or _picked(task, as_json), as_json)


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

"""init: a first program.md for any repository, tried before it is written."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from overnight.cli.options import say, screen, writing
from overnight.compute.slots import find_slots, hardware
from overnight.errors import UsageError
from overnight.measure.execute import Place as Bench
from overnight.measure.execute import execute
from overnight.measure.process import Running, Warden
from overnight.measure.trial import MEASURED
from overnight.model import Purpose, Run, Split, Status, Trial
from overnight.program import infer
from overnight.program.draft import draft, guess
from overnight.program.facts import Place
from overnight.program.program import Program
from overnight.program.read import read
from overnight.program.units import duration_text
from overnight.repo.checkout import Pristine
from overnight.repo.repo import Repo
from overnight.show.trial_runs import numbers, remarks
from overnight.show.words import span
from overnight.wiring import facts

NEEDED = {"edit": "Which file may change", "run": "Which command runs one experiment"}
UNKNOWN = "metric"  # stands for the metric while the output is searched for it


@click.command()
@click.option("--run", "run", metavar="COMMAND", help="The command that runs one experiment.")
@click.option("--edit", metavar="FILES", help="What may change: files or globs, with commas.")
@click.option("--metric", metavar="NAME", help="The number to improve, as the command prints it.")
@click.option("--time-box", metavar="TIME", help="The time a run is told it has, such as 5m.")
@click.option("--no-run", is_flag=True, help="Do not try the command.")
@click.option("--force", is_flag=True, help="Replace the program.md that is there.")
def init(no_run: bool, force: bool, **said: str | None) -> None:
    """Writes a program.md for the repository you are in.

    Proposes the settings from what it finds, runs the command twice with different seeds in a checkout of HEAD, shows
    the numbers it sees, and says how long a run takes and how well the number repeats. Asks for what it cannot guess.
    Where it fails, nothing is written.

    \b
        overnight init
        overnight init --run "python bench.py" --edit solver.py --metric seconds
    """
    path = Path.cwd().resolve() / "program.md"
    if path.exists() and not force:
        raise UsageError("there is a program.md here: edit it, or replace it with --force; `overnight check` reads it")
    with closing(Repo.discover(path.parent)) as repo:
        text = _proposed(repo, path, {key: text for key, text in said.items() if text}, no_run)
    with writing(path):
        path.write_text(text)
    click.echo("\nprogram.md is written. Edit it, then: overnight check, overnight run")


def _proposed(repo: Repo, path: Path, said: Mapping[str, str], no_run: bool) -> str:
    """The text of a program.md that can be read back."""
    folder = path.parent.relative_to(repo.root).as_posix()
    place = Place(path, "" if folder == "." else folder, facts(repo))
    known = {"stop.experiments": "100", **guess(place), **said}
    known |= _asked({key: question for key, question in NEEDED.items() if key not in known})
    trials = [] if no_run else _tried(repo, _program(place, {"metric": UNKNOWN, **known}))
    known = {**known, "metric": _metric(trials, known.get("metric"))}
    goal = next((setting.text for setting in infer.goal(known["metric"])), "minimize")
    known = {"goal": goal, **_times(trials), **known}
    if trials:
        say(["", *remarks(trials, known["metric"], screen())])
    return _program(place, known).text


def _asked(questions: Mapping[str, str]) -> dict[str, str]:
    if questions and not sys.stdin.isatty():
        raise UsageError(f"this cannot be guessed here: say it with {' and '.join(f'--{key}' for key in questions)}")
    return {key: click.prompt(question) for key, question in questions.items()}


def _metric(trials: list[Trial], said: str | None) -> str:
    """The one that was named, the only one there is, or the one that the person chooses."""
    seen = list(trials[0].scores) if trials else []
    if trials and not seen:
        raise UsageError(
            f"it printed no number in the form NAME: 0.123 (one word). The last lines were:\n{trials[0].tail}"
        )
    if said is not None and seen and said not in seen:
        raise UsageError(f"no number called {said} was printed; there is {', '.join(seen)}")
    if said is not None or len(seen) == 1:
        return said or seen[0]
    if not sys.stdin.isatty():
        raise UsageError(
            f"say which number counts: {' or '.join(f'--metric {name}' for name in seen) or '--metric NAME'}"
        )
    choice = click.Choice(seen) if seen else None
    return str(click.prompt("Which number is to be improved", type=choice))


def _program(place: Place, known: Mapping[str, str]) -> Program:
    return read(place.path, draft(place.path.parent.name, known), place.folder, place.facts)


def _tried(repo: Repo, program: Program) -> list[Trial]:
    """Both runs, or the reason why there is no point in a program.md yet."""
    click.echo(f"Running `{program.run}` twice, each in a checkout of HEAD with a seed of its own.")
    trials: list[Trial] = []
    with closing(_runs(repo, program)) as runs:
        for trial in runs:
            if trial.status not in (Status.OK, Status.NO_METRIC, Status.NOT_FINITE):
                raise UsageError(f"the command fails: {trial.why}\n{trial.tail}")
            click.echo(f"It ended well after {span(trial.usage.wall_seconds)}.")
            trials.append(_printed(trial))
    say(numbers(trials, screen()))
    return trials


def _printed(trial: Trial) -> Trial:
    """Without what is measured of every run."""
    return replace(trial, scores={name: score for name, score in trial.scores.items() if name not in MEASURED})


def _runs(repo: Repo, program: Program) -> Generator[Trial, None, None]:
    slot = find_slots(1, os.environ)[0]
    with tempfile.TemporaryDirectory(prefix="overnight-") as made, closing(Warden()) as warden:
        scratch = Path(made)
        checkout = Pristine(repo, scratch / "pristine").checkout
        bench = Bench(repo.root, scratch, scratch / "logs", scratch.name, checkout, os.environ, hardware())
        for seed in (1, 2):
            run = Run(
                id=f"try-{seed}",
                experiment=0,
                commit=repo.head(),
                purpose=Purpose.BASELINE,
                split=Split.VISIBLE,
                seed=seed,
                box_seconds=program.box.seconds,
                kill_after_seconds=program.kill_after_seconds,
            )
            yield execute(run, 1, slot, _Alone(), program, bench, warden)


class _Alone:
    """The Watch of a run that nobody follows."""

    def started(self, running: Running) -> None: ...

    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None: ...


def _times(trials: list[Trial]) -> dict[str, str]:
    """A box that the slower of the two fits in, and a hard end that only a hanging run meets."""
    if not trials:
        return {}
    box = max(1, round(1.2 * max(trial.usage.wall_seconds for trial in trials)))
    return {"time_box": duration_text(box), "kill_after": duration_text(4 * box + 30)}

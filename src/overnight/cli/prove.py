"""verify, claim, ablate: what may be said of a night, asked again."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from overnight.cli import options
from overnight.errors import UsageError
from overnight.ledger.events import Opened
from overnight.ledger.ledger import Reader
from overnight.ledger.views import Summary, rows, summary, to_json
from overnight.model import Call, Phase
from overnight.named import named
from overnight.night.again import Again
from overnight.night.verify import verify as problems_of
from overnight.repo.repo import Repo
from overnight.show.believed import claim_cells, claim_sentence, legend, worth_table
from overnight.show.live import Plain, Terminal
from overnight.show.paint import screen_of, spread
from overnight.show.words import amount_text, plural
from overnight.wiring import POLICIES, Task, find_night, load, measure_again, work


@click.command()
@options.which_night
@click.option("--rerun", type=click.IntRange(1), metavar="K", help="Also measure K keeps again, drawn by chance.")
@options.as_json
def verify(tag: str | None, rerun: int | None, as_json: bool) -> None:
    """Proves that a night is what its ledger says.

    Walks the chain of hashes, makes every decision again from the recorded scores, and compares the branch, the log
    and the seeds with the ledger. Exit code 1 where something does not hold. It cannot show that the machine's owner
    was honest; --rerun measures keeps again under new seeds, here or on your own machine.

    \b
        overnight verify --tag mar5
        overnight verify --rerun 3
    """
    with options.night(tag) as (folder, reader), closing(Repo.discover(Path.cwd())) as repo:
        problems = problems_of(reader, repo, lambda name: named(name, POLICIES, "policy")())
        entries = next(reader.query("SELECT count(*) FROM event"))[0]
        metric = summary(reader, held=False).metric
    if not as_json:
        _say_chain(folder.name, entries, problems)
    found = []
    for each in measure_again(_task_of(folder), folder.name, rerun) if rerun else ():
        found.append(each)
        if not as_json:
            click.echo(_again(each, metric))
    if as_json:
        measured = [{**asdict(each), "holds": each.holds} for each in found]
        options.say_json({"night": folder.name, "entries": entries, "problems": problems, "again": measured})
    if problems or not all(each.holds for each in found):
        raise SystemExit(1)


@click.command()
@options.which_night
@options.as_json
def claim(tag: str | None, as_json: bool) -> None:
    """Measures a night's branch against its baseline.

    On sealed data where the task has it, which is read for this once, and under fresh seeds. A night does this by
    itself at its end: this is for one that was stopped before. How many runs it takes is fixed before the first of
    them. A claim that is there is only shown.

    \b
        overnight claim --tag mar5
    """
    with options.night(tag) as (folder, reader):
        found = summary(reader, held=False)
    if found.claim is None or found.claimed != found.tip:
        found = _errand(folder, Phase.CLAIM, as_json)
    if as_json:
        options.say_json({"night": found.night, "claim": to_json(found.claim)})
        return
    click.echo(claim_sentence(found.claim, found.worths), nl=found.claim is None)
    options.say(spread(cells, None, options.screen()) for cells in claim_cells(found))


@click.command()
@options.which_night
@options.as_json
def ablate(tag: str | None, as_json: bool) -> None:
    """Asks what each keep of a night is worth now.

    Measures the branch without it. What turns out to do harm is taken back by a commit on top of the branch. A keep
    whose lines were changed again by later keeps cannot be taken out, and is named.

    \b
        overnight ablate --tag mar5
    """
    found = _errand(find_night(Path.cwd(), tag), Phase.DAWN, as_json)
    if as_json:
        options.say_json({"night": found.night, "worths": to_json(found.worths)})
        return
    with options.night(found.night) as (_, reader):
        said = {row.number: row.hypothesis for row in rows(reader, calls=[Call.KEEP])}
    options.say([*worth_table(found, said, options.screen()), *legend(found.worths)])


def _errand(folder: Path, phase: Phase, as_json: bool) -> Summary:
    """The night after it has gone through `phase`."""
    task = _task_of(folder)
    if phase not in named(task.program.policy, POLICIES, "policy")().phases:
        raise UsageError(f"the policy {task.program.policy} has no such thing; `policy: proof` has")
    stream = sys.stderr if as_json else sys.stdout
    with closing(Terminal(stream) if screen_of(stream).moves else Plain(stream)) as watcher:
        work(task, folder.name, watcher, errand=phase)
    with Reader.open(folder) as reader:
        return summary(reader, held=False)


def _task_of(folder: Path) -> Task:
    """The program of this night, as it is in the working tree now."""
    with Reader.open(folder) as reader:
        opened = reader.find("opened")
    assert opened is not None
    assert isinstance(opened.event, Opened)
    settings = opened.event.settings
    repo = Repo.discover(Path.cwd())
    with closing(repo):
        path = repo.root / settings["folder"] / Path(settings["path"]).name
    return load(path, {"policy": settings["policy"]})


def _say_chain(night: str, entries: int, problems: list[str]) -> None:
    if problems:
        options.say(problems)
        return
    click.echo(f"Night {night}: {plural(entries, 'entry')} in an unbroken chain. The decisions,")
    click.echo("made again from the recorded scores, are the same; branch, log and seeds are as recorded.")


def _again(each: Again, metric: str) -> str:
    if each.now is None:
        return f"#{each.experiment}: could not be measured again: {each.why}"
    word = "holds" if each.holds else "DOES NOT HOLD"
    then, now, chance = amount_text(each.then), amount_text(each.now), amount_text(each.deviation)
    return f"#{each.experiment}: {word}. {metric} better by {then} then, by {now} now; chance alone gives ±{chance}"

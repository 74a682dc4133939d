"""Several programs at once: their nights side by side on common slots, one table, a report each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from overnight.cli import options
from overnight.cli.watch import write_files
from overnight.clock import SystemClock
from overnight.compute.slots import machine, shortage
from overnight.errors import OvernightError, UsageError
from overnight.ledger.events import Opened
from overnight.ledger.ledger import Reader
from overnight.ledger.lock import holder
from overnight.ledger.views import summary
from overnight.program.front import flag_settings
from overnight.show.board import Board, Row, board_text, row_from
from overnight.show.morning import FILES
from overnight.show.paint import Tone, printable
from overnight.show.report import report_json, report_of
from overnight.show.series import series_of
from overnight.show.steering import program_now
from overnight.together import Outcome, common_slots, gather, work_together
from overnight.wiring import Task, earlier_nights, load, night_folder


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is said of all of them together."""

    slots: str | None
    priorities: Sequence[str]  # NAME=N each
    as_json: bool


def run_several(paths: Sequence[Path], flags: Mapping[str, str], wishes: Wishes) -> None:
    """Exit code 1 when one of them could not go on."""
    tasks = _weighted(tasks_of(paths, flags), wishes.priorities)
    wanted = flag_settings({"slots": wishes.slots})[0].value if wishes.slots else None
    pool = common_slots([task.program for task in tasks.values()], wanted, machine(os.environ), SystemClock())
    if few := shortage(list(pool.slots)):
        click.echo(f"overnight: {few}", err=True)
    stream = sys.stderr if wishes.as_json else sys.stdout
    objectives = gather(tasks, SystemClock())
    for each in objectives:
        click.echo(f"{each.name}: night {each.tag}{', which is finished' if each.over else ''}", err=wishes.as_json)
    with closing(Board(stream, list(tasks))) as board:
        outcomes = work_together(objectives, pool, lambda each: board.part(each.name), SystemClock())
    _tell(outcomes, wishes.as_json)
    for outcome in outcomes:
        if outcome.error:
            click.echo(f"overnight: {outcome.objective.name}: {_words(outcome.error)}", err=True)
    if failed := [outcome.error for outcome in outcomes if outcome.error]:
        raise SystemExit(getattr(failed[0], "exit_code", 1))


def tasks_of(paths: Sequence[Path], flags: Mapping[str, str]) -> dict[str, Task]:
    """By the names that their folders have, or where two are alike by their paths as they were given."""
    tasks = [load(path, flags) for path in paths]
    files = [task.program.path.resolve() for task in tasks]
    for file in files:
        if files.count(file) > 1:
            raise UsageError(f"{file} is named twice: a program has one night at a time")
    short = [file.parent.name if file.name == "program.md" else file.stem for file in files]
    return {
        name if short.count(name) == 1 else str(path): task
        for name, path, task in zip(short, paths, tasks, strict=True)
    }


def rows_of(tasks: Mapping[str, Task]) -> list[Row]:
    """The newest night of each."""
    rows = []
    for name, task in tasks.items():
        newest = next(earlier_nights(task), None)
        if newest is None:
            rows.append(Row(name, 0, None, 0, 0, task.program.metric, None, None, "no night yet", Tone.QUIET))
        else:
            rows.append(_row(name, task, newest.night))
    return rows


def _row(name: str, task: Task, tag: str) -> Row:
    folder = night_folder(task.repo, tag)
    with Reader.open(folder) as reader:
        limit = program_now(reader).stop.experiments
        return row_from(name, summary(reader, held=holder(folder) is not None), limit)


def _weighted(tasks: Mapping[str, Task], priorities: Sequence[str]) -> dict[str, Task]:
    found = dict(tasks)
    for said in priorities:
        name, _, text = said.rpartition("=")
        if name not in found:
            raise UsageError(f"--priority {said}: write one of {', '.join(f'{name}=2' for name in found)}")
        (setting,) = flag_settings({"priority": text})
        found[name] = replace(found[name], program=replace(found[name].program, priority=setting.value))
    return found


def _tell(outcomes: Sequence[Outcome], as_json: bool) -> None:
    """The table, and where each report is."""
    reports: list[dict[str, Any]] = []
    rows: list[Row] = []
    places: list[str] = []
    for objective in (outcome.objective for outcome in outcomes):
        folder = night_folder(objective.task.repo, objective.tag)
        if not (folder / "ledger.db").exists():
            continue
        with Reader.open(folder) as reader:
            if reader.find(Opened.kind) is None:
                continue  # it failed before it began
            report = report_of(reader, objective.task.repo, held=False)
            written = write_files(folder / FILES, report, series_of(reader))
        reports.append({"objective": objective.name, **report_json(report)})
        rows.append(_row(objective.name, objective.task, objective.tag))
        places += [f"{objective.name}: {written.page}"] if written else []
    if as_json:
        options.say_json(reports)
    else:
        options.say(["", *board_text(rows, options.screen()), "", "Reports", *(f"  {place}" for place in places)])


def _words(error: BaseException) -> str:
    return printable(str(error) if isinstance(error, OvernightError) else f"{type(error).__name__}: {error}")

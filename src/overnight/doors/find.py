"""Which night is meant by whoever comes in by hand."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from overnight.clock import SystemClock
from overnight.doors.answer import opened_in
from overnight.doors.open import OpenNight
from overnight.ledger.ledger import FILE, Reader
from overnight.night.doors import doors_of
from overnight.night.watcher import Watcher
from overnight.wiring import Task, earlier_nights, load, night_folder, pick_tag


def open_night(
    path: Path | None = None, tag: str | None = None, ask: int = 0, watcher: Watcher | None = None
) -> OpenNight:
    """The night of the program at `path`: the one of that name, else the newest that has this ask, else the one that
    `overnight run` would work on."""
    task = load(path, {})
    with closing(task.repo):
        tag = tag or (_with_ask(task, ask) if ask else None) or pick_tag(task, SystemClock())
        flags = _flags(night_folder(task.repo, tag))
    return OpenNight(load(path, flags) if flags else task, tag, watcher=watcher)


def _with_ask(task: Task, ask: int) -> str | None:
    for each in earlier_nights(task):
        with Reader.open(night_folder(task.repo, each.night)) as reader:
            if doors_of(reader).known(ask):
                return each.night
    return None


def _flags(folder: Path) -> dict[str, str]:
    """What a night keeps for its whole life, and may have been said on the command line when it began."""
    if not (folder / FILE).exists():
        return {}
    with Reader.open(folder) as reader:
        settings = opened_in(reader).settings
    box = settings["box"]
    return {"policy": settings["policy"], "time_box": f"{box['seconds']:g}s{' cpu' if box['cpu'] else ''}"}

"""A run that has no slot yet is made ready, as far as it can be."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from overnight.measure.execute import folder_of, furnish, held
from overnight.measure.letters import IN_TIME
from overnight.measure.place import Place
from overnight.measure.process import Running, Warden
from overnight.measure.stage import Stage
from overnight.model import Run, Slot
from overnight.program.program import Program


def expect(run: Run, slot: Slot | None, program: Program, place: Place, warden: Warden) -> None:
    """`slot`: like any that it may get, but for which cores these are. None: it matters which one."""
    if place.ahead:
        stage, folder = Stage(run, slot or Slot(""), program, place), folder_of(run, place)
        place.ahead.expect(run, folder, partial(_made_ready, stage, folder, warden if slot else None))


def _made_ready(stage: Stage, folder: Path, warden: Warden | None) -> Running | None:
    furnish(stage, folder)
    return held(stage, folder, warden, IN_TIME) if warden else None

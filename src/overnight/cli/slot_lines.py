"""doctor's lines about slots: those of the program of this folder, or what `slots: auto` would find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from overnight.compute.slots import Machine, Need, find_slots, fitting, machine, need_of, shortage, spans
from overnight.errors import OvernightError, UsageError
from overnight.measure.gpu import gpus
from overnight.model import Slot
from overnight.program.program import Program
from overnight.show.words import plural, size_text
from overnight.wiring import find_program, load

SHOWN = 8


def slot_lines(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(what, what was seen, advice); the advice only where something is in the way."""
    program, found = _program(), machine(environ)
    if program and program.on:
        yield "slots", f"not on this machine: {program.path.name} says `on: {program.on}`", ""
        return
    need, n = (need_of(program), program.slots) if program else (Need(), fitting(found, Need()))
    said = f"{n} by {program.path.name}" if program else f"{n} where program.md says `slots: auto`"
    try:
        slots = find_slots(n, environ, need)
    except UsageError as error:
        yield "slots", said, str(error)
        return
    alone = ", each run alone on the machine" if program and program.exclusive else ""
    yield "slots", f"{said}{alone}{_more(slots)}", shortage(slots)
    memory = (program and program.memory_mb) or found.memory_mb / n
    for slot in slots[:SHOWN]:
        yield slot.name, _words(slot, found, memory), ""


def _program() -> Program | None:
    try:
        return load(find_program(None), {}).program
    except OvernightError:  # there is none here, or `check` says what is wrong with it
        return None


def _more(slots: Sequence[Slot]) -> str:
    return f"; the first {SHOWN}:" if len(slots) > SHOWN else ""


def _words(slot: Slot, found: Machine, memory_mb: float) -> str:
    count = len(slot.cores) or found.physical
    cores = f"{plural(count, 'core')} ({spans(slot.cores)})" if slot.cores else plural(count, "core")
    return ", ".join(filter(None, [cores, _gpu(slot), size_text(memory_mb * 1e6)]))


def _gpu(slot: Slot) -> str:
    if slot.gpu is None:
        return ""
    names = dict(gpus())
    found = [f"{name} ({names[name]})" if name in names else f"GPU {name}" for name in slot.gpu.split(",") if name]
    part = f"{slot.gpu_share:g} of " if slot.gpu_share < 1 else ""
    return f"{part}{' and '.join(found)}" if found else "no GPU"

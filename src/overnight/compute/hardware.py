"""The class of a slot: device, how many, memory. Results are only compared where it is the same."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace

from overnight.compute.slots import find_slots, hardware, memory_mb, need_of
from overnight.errors import UsageError
from overnight.measure.gpu import devices
from overnight.model import Slot
from overnight.program.program import Program


def slots_of(program: Program, environ: Mapping[str, str]) -> list[Slot]:
    """This machine's for a night, each with its class."""
    return classed(find_slots(program.slots or 1, environ, need_of(program)), [program.confirm_on])


def classed(found: Iterable[Slot], named: Iterable[str]) -> list[Slot]:
    """With their classes. UsageError where none is what a `confirm_on:` names."""
    slots = [replace(slot, hardware=class_of(slot)) for slot in found]
    for word in named:
        if not any(word.lower() in slot.hardware.lower() for slot in slots):
            there = ", ".join(sorted({slot.hardware for slot in slots}))
            raise UsageError(f"confirm_on: {word}: no slot here is one; write a word of what there is: {there}")
    return slots


def class_of(slot: Slot, cores: int | None = None) -> str:
    """`1 x NVIDIA H200, 144 GB`, or `4 x Intel Xeon …, 66 GB` for cores: two digits of memory, since two machines of
    one kind differ in the third. `cores`: how many it counts as, where it could not be given its own."""
    if not slot.gpu:
        return f"{cores or _cores(slot)} x {hardware().partition(',')[0]}, {memory_mb() / 1000:.2g} GB"
    names, seen = slot.gpu.split(","), devices()
    seen |= {str(number): device for number, device in enumerate(seen.values())}  # as Ray names them
    known = [seen[name] for name in names if name in seen]
    kinds = sorted({f"{name}, {mb / 1000:.2g} GB" for name, mb in known})
    count = f"{slot.gpu_share:g}" if slot.gpu_share < 1 else str(len(names))
    return f"{count} x {' and '.join(kinds) or 'GPU'}"


def share_of(slot: Slot) -> float:
    """Which part of its machine a slot is: the larger of its parts of the cores and of the GPUs."""
    cores = _cores(slot) / (os.cpu_count() or 1) if slot.cores or not slot.gpu else 0.0
    gpus = len(slot.gpu.split(",")) * slot.gpu_share / (len(devices()) or 1) if slot.gpu else 0.0
    return min(1.0, max(cores, gpus))


def _cores(slot: Slot) -> int:
    return len(slot.cores) or os.cpu_count() or 1

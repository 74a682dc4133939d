"""The places on this machine where runs execute, each with cores and a GPU that no other has.

Not covered: CPU quotas of containers, which no core number shows; and cores on macOS, which cannot be leased.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import psutil

from overnight.measure.gpu import gpus
from overnight.model import Slot


def find_slots(n: int, environ: Mapping[str, str]) -> list[Slot]:
    """`n` slots with as many cores each, out of those that this process may use; see `shortage`."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return lease(n, cores, _visible_gpus(environ))


def lease(n: int, cores: list[int], gpu_names: list[str] | None) -> list[Slot]:
    """What does not divide stays unused, for all boxes of a night must be alike. With more slots than cores, cores
    are shared. `gpu_names` None: there is none to hide; a slot for which none is left has "" and sees none."""
    each = max(1, len(cores) // n)
    shared = (cores * n)[: each * n] if cores else []
    return [
        Slot(
            name=f"slot-{i + 1}",
            cores=tuple(shared[i * each : (i + 1) * each]),
            gpu=None if gpu_names is None else [*gpu_names, *[""] * n][i],
        )
        for i in range(n)
    ]


def shortage(slots: list[Slot]) -> str:
    """What a person should know about too many slots, or nothing."""
    cores = [core for slot in slots for core in slot.cores]
    without_gpu = sum(slot.gpu == "" for slot in slots)
    if len(set(cores)) < len(cores):
        return f"{len(slots)} slots share {len(set(cores))} cores: runs will slow one another"
    if 0 < without_gpu < len(slots):
        return f"{without_gpu} of {len(slots)} slots have no GPU"
    return ""


def hardware() -> str:
    """One line that says on what a number was measured."""
    names = [name for _, name in gpus()]
    return ", ".join([_processor(), f"{os.cpu_count()} cores", platform.system(), *names])


def memory_mb() -> float:
    """What the machine has."""
    return psutil.virtual_memory().total / 1e6


def _visible_gpus(environ: Mapping[str, str]) -> list[str] | None:
    if (visible := environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name.strip() for name in visible.split(",") if name.strip()]
    return [uuid for uuid, _ in gpus()] or None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())

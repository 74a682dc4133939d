"""The places on this machine where runs execute: each with cores that no other has, and with GPUs, or a part of one.

Found are the cores that this process may use and the GPUs that it may see. What a program asks for beyond that is an
error that says what would fit. Not covered: cores on macOS, which cannot be leased; a fraction of a GPU's memory, which
is asked for and not enforced; and what other programs do on the same machine.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from overnight.errors import UsageError
from overnight.measure.gpu import gpus
from overnight.model import Slot
from overnight.program.program import Program

MOST = 1024
CPUS = Path("/sys/devices/system/cpu")
QUOTAS = (  # of a container: what it may use, and in which time, in microseconds
    (Path("/sys/fs/cgroup/cpu.max"), None),
    (Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")),
)


@dataclass(frozen=True, slots=True)
class Need:
    """What every slot must have."""

    cores: int | None = None  # None: an even part of those there are
    gpus: float | None = None  # below 1: a part of one. None: one of its own, as long as there are some


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to lease."""

    cores: tuple[int, ...] = ()  # threads of one physical core are neighbours; empty: cannot be leased
    physical: int = 1  # cores that do not slow one another
    gpus: tuple[str, ...] | None = None  # None: there is none to hide
    memory_mb: float = 0.0


def need_of(program: Program) -> Need:
    return Need(program.cores, program.gpus)


def sized(program: Program, environ: Mapping[str, str]) -> Program:
    """`slots: auto` is for the machine to say."""
    if program.slots or program.on:
        return program
    n = 1 if program.exclusive else fitting(machine(environ), need_of(program), program.memory_mb)
    rules = (replace(rule, value=f"auto: {n} here") if rule.key == "slots" else rule for rule in program.rules)
    return replace(program, slots=n, rules=tuple(rules))


def find_slots(n: int, environ: Mapping[str, str], need: Need = Need()) -> list[Slot]:
    """`n` slots with as many cores each, out of those that this process may use; see `shortage`."""
    found = machine(environ)
    return lease(n, found.cores, found.gpus, need)


def machine(environ: Mapping[str, str]) -> Machine:
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    places = {core: _place(core) for core in allowed}
    physical = len({place[:2] for place in places.values()}) or psutil.cpu_count(logical=False) or 1
    cores = sorted(allowed, key=lambda core: places[core])
    names = _visible_gpus(environ)
    gpu_names = None if names is None else tuple(names)
    return Machine(tuple(cores), min(physical, _quota() or physical), gpu_names, memory_mb())


def fitting(found: Machine, need: Need, memory_mb: float | None = None) -> int:
    """How many slots `auto` is: one for each GPU, or part of one; without GPUs one for each physical core, or as many
    as the cores that each needs allow. Never more than fit into the memory."""
    limits = [MOST]
    if found.gpus and need.gpus != 0:
        limits.append(_on_gpus(len(found.gpus), need.gpus or 1.0))
    if need.cores:
        limits.append(len(found.cores or range(found.physical)) // need.cores)
    elif len(limits) == 1:
        limits.append(found.physical)
    if memory_mb:
        limits.append(int(found.memory_mb / memory_mb))
    return max(1, min(limits))


def lease(n: int, cores: Sequence[int], gpu_names: Sequence[str] | None, need: Need = Need()) -> list[Slot]:
    """What does not divide stays unused, for all boxes of a night must be alike. With more slots than cores, cores
    are shared, where no number of them is asked for. `gpu_names` None: there is none to hide; a slot for which none is
    left has "" and sees none."""
    each = need.cores or max(1, len(cores) // n)
    if need.cores and cores and n * each > len(cores):
        raise UsageError(_too_few(n, each, "cores", len(cores), len(cores) // each))
    shared = (list(cores) * n)[: each * n] if cores else []
    names = _shared_out(n, gpu_names, need.gpus)
    return [
        Slot(f"slot-{i + 1}", tuple(shared[i * each : (i + 1) * each]), names[i], min(1.0, need.gpus or 1.0))
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


def spans(cores: Sequence[int]) -> str:
    """`0-3, 8`, as people write it."""
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in _runs(sorted(cores)))


def hardware() -> str:
    """One line that says on what a number was measured."""
    names = [name for _, name in gpus()]
    return ", ".join([_processor(), f"{os.cpu_count()} cores", platform.system(), *names])


def memory_mb() -> float:
    """What the machine has."""
    return psutil.virtual_memory().total / 1e6


def _shared_out(n: int, names: Sequence[str] | None, each: float | None) -> Sequence[str | None]:
    """CUDA_VISIBLE_DEVICES of each slot."""
    if each == 0:
        return [""] * n
    if each is None:
        return [None] * n if names is None else [*names, *[""] * n]
    if not names:
        how = "delete the line, or name them in CUDA_VISIBLE_DEVICES where there are some"
        raise UsageError(f"gpus: {each:g}: nvidia-smi shows no GPU here; {how}")
    if n > (fit := _on_gpus(len(names), each)):
        raise UsageError(_too_few(n, each, "GPUs", len(names), fit))
    if each < 1:
        return [names[i % len(names)] for i in range(n)]
    whole = int(each)
    return [",".join(names[i * whole : (i + 1) * whole]) for i in range(n)]


def _on_gpus(count: int, each: float) -> int:
    return count * int(1 / each + 1e-9) if each < 1 else count // int(each)


def _too_few(n: int, each: float, what: str, there: int, fit: int) -> str:
    how = f"`slots: {fit}` fits" if fit else f"`slots: 1` with `{what.lower()}: {there}` fits"
    return f"{n} {'slots' if n > 1 else 'slot'} of {each:g} {what} cannot be had from {there}: {how}"


def _place(core: int) -> tuple[int, int, int]:
    """Where a core is: its socket, its physical core, itself."""
    package, physical = (_number(CPUS / f"cpu{core}/topology/{name}") for name in ("physical_package_id", "core_id"))
    return (package or 0, core if physical is None else physical, core)


def _quota() -> int | None:
    """Whole cores that a container may use at the same time; None: no limit is set, or none is known."""
    for quota, period in QUOTAS:
        words = [word for path in (quota, period) if path and path.exists() for word in path.read_text().split()]
        if len(words) == 2 and all(word.isdigit() for word in words):
            return max(1, int(words[0]) // int(words[1]))
    return None


def _number(path: Path) -> int | None:
    text = path.read_text().strip() if path.exists() else ""
    return int(text) if text.isdigit() else None


def _visible_gpus(environ: Mapping[str, str]) -> list[str] | None:
    if (visible := environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name.strip() for name in visible.split(",") if name.strip()]
    return [uuid for uuid, _ in gpus()] or None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _runs(cores: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for i, core in enumerate(cores):
        if i + 1 == len(cores) or cores[i + 1] != core + 1:
            yield cores[start], core
            start = i + 1

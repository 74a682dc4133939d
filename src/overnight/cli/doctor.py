"""doctor: is this machine ready for a night?"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import psutil

from overnight.cli.finding import Finding
from overnight.cli.options import as_json, on, say, say_json, screen
from overnight.cli.slot_lines import slot_lines
from overnight.clock import SystemClock
from overnight.compute.slots import hardware
from overnight.errors import RepoError, UsageError
from overnight.ledger.lock import holder
from overnight.ledger.views import nights
from overnight.measure.gpu import gpus
from overnight.measure.sandbox.cgroup import Groups
from overnight.measure.sandbox.choose import examine
from overnight.model import Level
from overnight.night.awake import inhibitor
from overnight.night.opening import scratch_folder
from overnight.program.program import Origin
from overnight.program.settings import Setting
from overnight.propose.agents import agent_line
from overnight.propose.found import find_client
from overnight.propose.rows import ROWS
from overnight.propose.turn import Order
from overnight.repo.repo import Repo
from overnight.show.paint import Cell, Tone
from overnight.show.table import table
from overnight.show.words import size_text

OLDEST_GIT = (2, 30)
LITTLE_DISK, LITTLE_MEMORY = 5e9, 1e9  # bytes
RELEASED = 1_790_000_000  # UTC seconds, September 2026: no clock that is right is before this
LEVELS = {
    Level.NAMESPACE: "what a run is not given does not exist for it: files, processes, network (bubblewrap)",
    Level.LANDLOCK: "a run can read and write its own files only, and has no network (Landlock, or macOS's sandbox)",
    Level.CONTRACT: "a run has a folder of its own, and nothing keeps it from your files",
}
TONES = {"ok": Tone.GOOD, "warn": Tone.WARN, "error": Tone.BAD}


@click.command()
@click.option(
    "--attack", "attacks", is_flag=True, help="Try every cheat on your program.md, and say which get through."
)
@click.option("--sandbox", metavar="LEVEL", help="For --attack: the level of isolation, 3, 2 or 1. [as a night has it]")
@on
@click.argument("program", required=False, type=click.Path(exists=True, path_type=Path))
@as_json
def doctor(program: Path | None, attacks: bool, sandbox: str | None, on: str | None, as_json: bool) -> None:
    """Looks whether this machine, or a cluster, is ready for a night.

    git, Python, cores, GPUs, memory, the slots they make, disk, clock, the folder where runs happen, whether the
    machine can be kept from sleeping, how well runs can be isolated and limited, the coding clients, and the nights
    that run here. Each line says ok, warn or error, and what to do. Exit code 1 on an error.

    With --attack: a candidate cheats on your program.md in every way we know, measured as a night would measure it, in
    under a minute and without a trace. It says what held, what would get through, and what to change. Exit code 1 where
    something gets through.

    With --on: the cluster instead. What is free, and of each node its hardware, how well it isolates runs, and whether
    it would be noticed when it falls silent.

    \b
        overnight doctor
        overnight doctor --on ray
        overnight doctor --attack
        overnight doctor --attack labs/mine --sandbox 2
    """
    if attacks:
        from overnight.cli.attack import attack  # the rest is not needed to look at a machine

        attack(program, sandbox, as_json)
        return
    findings = list(_of_cluster(on) if on and on != "here" else _findings())
    if as_json:
        say_json([asdict(finding) for finding in findings])
    else:
        rows: list[list[Cell]] = [[(f.state, TONES[f.state]), f.what, _words(f)] for f in findings]
        say(table(rows, screen()))
    if any(finding.state == "error" for finding in findings):
        raise SystemExit(1)


def _of_cluster(address: str) -> Iterator[Finding]:
    """Only who asks for it pays for it."""
    from overnight.cli.doctor_cluster import of_cluster

    try:
        Setting.of("on", address, Origin.FLAG)
    except ValueError as error:
        raise UsageError(f"--on: {error}") from None
    return of_cluster(address)


def _words(finding: Finding) -> str:
    return f"{finding.seen}: {finding.advice}" if finding.advice else finding.seen


def _findings() -> Iterator[Finding]:
    yield _git()
    yield Finding("ok", "python", f"{platform.python_version()}, {sys.executable}")
    yield _cores()
    yield Finding("ok", "GPU", ", ".join(name for _, name in gpus()) or "none that nvidia-smi shows")
    yield _memory()
    for what, seen, advice in slot_lines(os.environ):
        yield Finding("warn" if advice else "ok", what, seen, advice)
    yield _scratch()
    yield _clock()
    yield _sleep()
    yield from _isolation()
    yield _limits()
    yield from _agents()
    yield from _here()


def _git() -> Finding:
    if shutil.which("git") is None:
        return Finding("error", "git", "not found", "install git 2.30 or newer")
    words = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()
    version = tuple(int(part) for part in words[2].split(".")[:2])
    if version < OLDEST_GIT:
        return Finding("error", "git", words[2], "git 2.30 or newer is needed")
    return Finding("ok", "git", words[2])


def _cores() -> Finding:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    load = os.getloadavg()[0]
    seen = f"{hardware()}; {usable} of them may be used, {load:.1f} are busy"
    if load > usable / 2:
        return Finding("warn", "cores", seen, "runs will share them and their numbers will be noisier")
    return Finding("ok", "cores", seen)


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    seen = f"{size_text(memory.available)} of {size_text(memory.total)} free"
    if memory.available < LITTLE_MEMORY:
        return Finding("warn", "memory", seen, "the kernel may end runs")
    return Finding("ok", "memory", seen)


def _scratch() -> Finding:
    folder = scratch_folder("doctor", "doctor").parent
    if folder.name != "overnight":  # the name of the folder that is used where the usual one cannot be
        return Finding("warn", "disk", str(folder), "~/.cache/overnight cannot be written to, so runs happen here")
    free = shutil.disk_usage(folder).free
    seen = f"{size_text(free)} free where runs happen, {folder}"
    if free < LITTLE_DISK:
        return Finding("warn", "disk", seen, "`overnight clean` makes room")
    return Finding("ok", "disk", seen)


def _clock() -> Finding:
    now = SystemClock().now()
    seen = f"{now.local:%Y-%m-%d %H:%M %Z}"
    if now.utc < RELEASED:
        return Finding("warn", "clock", seen, "it is wrong: stop rules such as 07:00 go by it")
    return Finding("ok", "clock", seen)


def _sleep() -> Finding:
    command = inhibitor()
    if command is None:
        return Finding("warn", "sleep", "no systemd-inhibit or caffeinate", "switch automatic sleep off for the night")
    return Finding("ok", "sleep", f"{command[0]} keeps the machine awake during a night")


def _isolation() -> Iterator[Finding]:
    """The level that a night here would have, found by attacking it, and what is in the way of a higher one."""
    for level, what in LEVELS.items():
        found = examine(level)
        if found.holds:
            but = f"; what it lets through: {', '.join(found.tolerated)}" if found.tolerated else ""
            best = level is next(iter(LEVELS))
            yield Finding("ok" if best else "warn", "isolation", f"level {level}: {what}{but}")
            return
        yield Finding("warn", "isolation", f"not level {level}: {found.why_not}", found.advice)


def _limits() -> Finding:
    """What the kernel holds by itself; all the rest is looked at four times a second."""
    groups = Groups.found()
    groups.remove()
    held = [f"{row.limit} (control groups {row.version})" for row, _ in groups.rows]
    watched = [name for name in ("memory", "processes", "writes") if name not in {row.limit for row, _ in groups.rows}]
    by_kernel = f"held by the kernel: {', '.join(held)}; " if held else ""
    if sys.platform != "linux":
        return Finding("warn", "limits", "none of memory, processes and writes: they need Linux")
    return Finding("ok", "limits", f"{by_kernel}watched: {', '.join(watched)}")


def _agents() -> Iterator[Finding]:
    """The coding clients that a night could work with as they are found here."""
    known = [row for row in ROWS.values() if row.argv and shutil.which(row.argv[0])]
    for row in known:
        yield Finding("ok", "agent", f"{row.name}: {find_client(Order(row), agent_line(row.name), os.environ).words}")
    if not known:
        yield Finding("ok", "agent", "no coding client is on PATH; the optimiser and `chat` need none")


def _here() -> Iterator[Finding]:
    try:
        repo = Repo.discover(Path.cwd())
    except RepoError as error:
        yield Finding("warn", "here", str(error))
        return
    running = [(folder.name, held) for folder in nights(repo.common_dir) if (held := holder(folder))]
    yield Finding("ok", "here", f"{repo.root}, {len(running)} of {len(nights(repo.common_dir))} nights running")
    for name, held in running:
        yield Finding("ok", "night", f"{name}: {held}")

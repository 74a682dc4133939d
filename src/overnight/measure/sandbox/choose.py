"""Which level of isolation holds on this machine: found by attacking it, never by asking for a version."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from overnight.errors import UsageError
from overnight.measure.place import NoWalls, Sandbox
from overnight.measure.process import Ended, Spec, Warden, Why
from overnight.measure.sandbox import attack, landlock
from overnight.measure.sandbox.bubblewrap import Bubblewrap
from overnight.measure.sandbox.fenced import Fenced
from overnight.measure.sandbox.seatbelt import Seatbelt
from overnight.measure.sandbox.walls import Walls, system
from overnight.model import Level

OLDEST_BUBBLEWRAP = (0, 8)
BUILDERS: dict[Level, Callable[[Path], Sandbox]] = {
    Level.NAMESPACE: Bubblewrap,
    Level.LANDLOCK: (lambda _: Seatbelt()) if sys.platform == "darwin" else (lambda _: Fenced()),
    Level.CONTRACT: lambda _: NoWalls(),
}
"""From the strongest down."""

TOLERATED = {Level.LANDLOCK: {"signal its keeper", "make a user namespace"}}
"""What a level may let through and still count: no number changes by it, and in a namespace Landlock holds too."""


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    why_not: str = ""  # what got through, or what is missing
    advice: str = ""
    tolerated: tuple[str, ...] = ()  # what got through, and does not count

    @property
    def holds(self) -> bool:
        return not self.why_not


_finding = threading.Lock()
_found: dict[Level, Finding] = {}  # what a machine lets through does not change while a process lives


def choose(wanted: str, scratch: Path) -> Sandbox:
    """`wanted`: as for `holding`. The sandbox keeps files of its own in `scratch`."""
    return BUILDERS[holding(wanted)](scratch / "walls")


def holding(wanted: str) -> Level:
    """`wanted`: auto, or the level that must hold. UsageError where it does not."""
    levels = list(BUILDERS) if wanted == "auto" else [Level(wanted)]
    for level in levels:
        if examine(level).holds:
            return level
    refused = examine(levels[0])
    advice = f"; {refused.advice}" if refused.advice else ""
    raise UsageError(f"sandbox: level {wanted} does not hold here: {refused.why_not}{advice}")


def examine(level: Level) -> Finding:
    with _finding:  # nights that begin together find it out once
        if level not in _found:
            _found[level] = _examined(level)
        return _found[level]


def _examined(level: Level) -> Finding:
    if level is Level.CONTRACT:
        return Finding(level)
    if missing := _missing(level):
        return Finding(level, *missing)
    with tempfile.TemporaryDirectory(prefix="overnight-") as folder:
        through = attacked(BUILDERS[level], Path(folder).resolve())
    counts = [name for name in through if name not in TOLERATED.get(level, ())]
    tolerated = tuple(name for name in through if name not in counts)
    return Finding(level, ", ".join(counts), _advice(level) if counts else "", tolerated)


def _missing(level: Level) -> tuple[str, str] | None:
    """What must be there before it is worth trying, and how to get it."""
    if level is Level.LANDLOCK:
        if sys.platform == "darwin":
            return None if shutil.which("sandbox-exec") else ("sandbox-exec is not there", "")
        return None if landlock.abi() else ("this kernel has no Landlock", "Linux 5.13 or newer has it, if switched on")
    if sys.platform != "linux":
        return ("it needs Linux", "")
    if not (program := shutil.which("bwrap")):
        return ("bubblewrap is not installed", "apt install bubblewrap")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    if version < OLDEST_BUBBLEWRAP:
        return (f"{said.strip()} is too old", "0.8 or newer is needed")
    return None


def attacked(build: Callable[[Path], Sandbox], folder: Path) -> list[str]:
    """The names of the attacks that worked, or why none was tried."""
    inside, outside = folder / "run", folder / "outside"
    for made in (inside, outside):
        made.mkdir()
    (outside / "canary").write_text("secret")
    with _targets(outside) as targets, closing(Warden()) as warden:
        argv = (sys.executable, "-I", "-S", "-c", Path(attack.__file__).read_text(), targets)
        spec = Spec(argv, {"TMPDIR": str(inside)}, str(inside), str(folder / "log"), kill_after_seconds=20)
        ended, all_dead = _run(build(folder / "walls").confine(spec, _walls(inside)), warden)
    lines = (folder / "log").read_text(errors="replace").splitlines()
    if ended.why is not Why.EXIT or "done" not in lines:
        return [f"a program does not start in it ({(lines or [ended.note])[-1]})"]
    worked = [line.removeprefix("worked: ") for line in lines if line.startswith("worked: ")]
    return worked if all_dead else [*worked, "outlive its end"]


def _walls(inside: Path) -> Walls:
    interpreter = (sys.prefix, sys.base_prefix, str(Path(sys.executable).parent))
    return Walls(read=tuple(dict.fromkeys((*system(), *interpreter))), write=(str(inside),))


@contextmanager
def _targets(outside: Path) -> Iterator[str]:
    """What an attack should not reach, as it is told."""
    abstract = f"overnight-{secrets.token_hex(8)}"
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp, path, nameless = (
            stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            for family in (socket.AF_INET, socket.AF_UNIX, socket.AF_UNIX)
        )
        udp.bind(("127.0.0.1", 0))
        _bind(path, outside)
        if sys.platform == "linux":
            nameless.bind("\0" + abstract)
        keeper = {"pid": os.getpid(), "born": attack.born(os.getpid())}
        where = {"folder": str(outside), **keeper, "mounts": _mounts(), "abstract": abstract}
        yield json.dumps({**where, "tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1]})


def _bind(bound: socket.socket, folder: Path) -> None:
    """As `socket` in the folder, however long the path of that is; elsewhere than on Linux there is no such way."""
    if sys.platform != "linux":
        bound.bind(str(folder / "socket"))
        return
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        bound.bind(f"/proc/self/fd/{at}/socket")
    finally:
        os.close(at)


def _mounts() -> str:
    return os.readlink("/proc/self/ns/mnt") if sys.platform == "linux" else ""


def _run(spec: Spec, warden: Warden) -> tuple[Ended, bool]:
    """How it ended, and whether everything has: whatever lives holds the other end of a channel."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            running = warden.start(spec, theirs)
        ended = running.wait(lambda *_: None)
        ours.settimeout(1)
        try:
            return ended, not ours.recv(1)
        except OSError:
            return ended, False


def _advice(level: Level) -> str:
    """How to get what is missing, as far as the machine says why."""
    if level is not Level.NAMESPACE:
        return ""
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "AppArmor keeps bubblewrap from its work: docs/isolation.md has the profile that lets it"
    if _setting("kernel/unprivileged_userns_clone") == "0":
        return "sysctl kernel.unprivileged_userns_clone=1 allows user namespaces"
    if _setting("user/max_user_namespaces") == "0":
        return "sysctl user.max_user_namespaces=10000 allows user namespaces"
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        return "start the container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
    return ""


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""

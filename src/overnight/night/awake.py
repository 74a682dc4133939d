"""Keeps the machine from going to sleep while a night runs, where the system has a way of asking for that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LINUX = (
    "systemd-inhibit",
    "--what=idle:sleep",
    "--who=overnight",
    "--why=experiments are running",
    "--mode=block",
    "cat",
)
MACOS = ("caffeinate", "-i", "-w", str(os.getpid()))


def inhibitor() -> tuple[str, ...] | None:
    """The command that asks for it here; None where there is none."""
    if sys.platform == "darwin":
        return MACOS if shutil.which(MACOS[0]) else None
    can_be_asked = os.path.exists("/run/dbus/system_bus_socket")  # a container may have the command alone
    return LINUX if can_be_asked and shutil.which(LINUX[0]) else None


@contextmanager
def awake(command: tuple[str, ...] | None) -> Iterator[None]:
    """Runs `command` meanwhile. It reads from a pipe that we hold, so it ends when we do, however we end."""
    if command is None:
        yield
        return
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.terminate()
        child.wait()

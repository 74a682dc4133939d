"""The same command once more, in a process of its own that outlives this one: for who cannot wait for a measurement.

It is `overnight tell ID`: it takes the lock, works, and prints into `tell.log` of the night's folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from overnight.errors import OvernightError

START = '"$@" </dev/null >"$OVERNIGHT_LOG" 2>&1 & echo $!'
"""By a shell, which is gone at once: whoever called has no child to wait for."""


@dataclass(slots=True)
class Behind:
    where: Path  # the program's folder
    night: Path
    pid: int | None = None

    def start(self, ask: int) -> None:
        """Once. OvernightError where it has ended and somebody wants it again: it says why."""
        log = self.night / "tell.log"
        if self.pid is not None and _lives(self.pid):
            return
        if self.pid is not None:
            said = log.read_text("utf-8", "replace").strip().splitlines()
            raise OvernightError(f"the work on ask {ask} has ended without an answer: {said[-1] if said else log}")
        command = [sys.executable, "-m", "overnight", "-C", str(self.where), "tell", str(ask), "--tag", self.night.name]
        environment = {**os.environ, "OVERNIGHT_LOG": str(log)}
        started = subprocess.run(
            ["/bin/sh", "-c", START, "sh", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            start_new_session=True,
        )
        self.pid = int(started.stdout)


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False

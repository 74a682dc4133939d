"""What a supervisor does that waits for a run. After the fork each page that is touched must be copied once: done now,
a run waits four milliseconds less. Standard library only: the warden imports this.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from overnight.measure.birth import LINUX, STATUS
from overnight.measure.letters import letter
from overnight.measure.sandbox.cgroup import Group
from overnight.measure.supervisor import watch

REHEARSAL: dict[str, Any] = {
    **dict.fromkeys(("cpu_seconds", "memory_mb", "processes", "writes_mb", "curve", "fence", "cores")),
    "nested": LINUX,
    "filter": "",
    "argv": ["/bin/sh", "-c", f"echo exit-code >&{STATUS}" if LINUX else ":"],
    "env": {},
    "cwd": "/",
    "log": os.devnull,
    "output_bytes": 0,
    "kill_after_seconds": 10.0,
    "beat_seconds": 1.0,
    "grace_seconds": 0.0,
}


def rehearse(alarm: int) -> None:
    """Watches a command that does nothing, as if it were a run."""
    line, asker = socket.socketpair()
    with asker, line:
        asker.sendall(letter(REHEARSAL) + letter(()))
        watch(line, None, Group(), alarm)

"""Kills one coordinator and runs it again; started in a pid namespace of its own, where it is process 1.

`python -m tests.night.kill_one ROOT STEP N`, or with STEP `after` and N milliseconds. Prints what it saw as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_SECONDS = 20.0


def survivors() -> list[str]:
    """What still runs in this namespace beside us, after a moment for the kernel."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (left := _others()) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def _others() -> list[str]:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    pids = [p for p in Path("/proc").iterdir() if p.name.isdigit() and int(p.name) != os.getpid()]
    return [name for p in pids if (name := _name(p))]


def _name(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def main(root: str, step: str, count: int) -> None:
    command = [sys.executable, "-m", "tests.night.coordinator", root]
    if step == "after":
        victim = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(count / 1000)
        victim.kill()
    else:
        victim = subprocess.Popen([*command, step, str(count)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    victim_error = victim.communicate()[1].decode()
    left = survivors()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    seen = {
        "killed": victim.returncode == -9,
        "victim_error": victim_error,
        "survivors": left,
        "resumed": again.returncode,
        "error": again.stderr,
        "survivors_at_the_end": survivors(),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

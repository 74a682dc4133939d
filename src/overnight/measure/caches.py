"""What compilers keep in a run's home between runs, as far as it may be handed on: to compile anew would cost each run
minutes, and what one candidate leaves must not reach the next. So the first untouched baseline fills the night's copy,
every run starts with a copy of that, and what it changes there goes with it.

Keys of these caches hold no path. What a share puts in the same place is not touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

INDUCTOR = ".cache/torchinductor"
CACHES = (INDUCTOR, ".cache/torch_extensions", ".triton", ".nv")
SHARING = ["--reflink=auto"] if sys.platform == "linux" else []


def lend(night: Path, home: Path) -> None:
    """Copies the night's to a home in which nothing has run yet."""
    if night.is_dir():
        _copy(night, home)


def fill(night: Path, home: Path) -> None:
    """From the home of a baseline. Once: what is there stays."""
    found = [name for name in CACHES if (home / name).is_dir() and not (home / name).is_symlink()]
    if night.exists() or not found:
        return
    part = night.with_name(f"{night.name}.{home.parent.parent.name}")  # each run's own, if two end together
    for name in found:
        (part / name).mkdir(parents=True)
        _copy(home / name, part / name)
    try:
        os.rename(part, night)
    except OSError:  # the other was first
        subprocess.run(["rm", "-rf", part], check=False)


def _copy(source: Path, into: Path) -> None:
    """Links stay links. What cannot be copied will be compiled again."""
    command = ["cp", "-R", *SHARING, f"{source}/.", str(into)]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)

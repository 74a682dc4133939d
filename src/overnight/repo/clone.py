"""The short id of a clone, drawn once: two clones of one project never write the same log ref. It is bound to its
place, for `cp -r` makes a clone as well.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path


def clone_id(common_dir: Path) -> str:
    """Drawn, where there is none or one of the clone that this is a copy of."""
    if found := _read(common_dir):
        return found
    file = _file(common_dir)
    file.parent.mkdir(exist_ok=True)
    with file.with_name("node-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two nights may begin here at once
        if found := _read(common_dir):
            return found
        fresh, drawn = file.with_name("node-new"), secrets.token_hex(4)
        fresh.write_text(f"{drawn} {_place(common_dir)}\n")
        fresh.replace(file)  # complete or not there, also after a kill
        return drawn


def is_clone(common_dir: Path, drawn: str) -> bool:
    """Whether what lies there is the very clone of that id."""
    return _read(common_dir) == drawn


def _read(common_dir: Path) -> str:
    file = _file(common_dir)
    drawn, _, place = file.read_text().strip().partition(" ") if file.is_file() else ("", "", "")
    return drawn if place == _place(common_dir) else ""


def _file(common_dir: Path) -> Path:
    return common_dir / "overnight" / "node"


def _place(common_dir: Path) -> str:
    return repr(os.fspath(common_dir))

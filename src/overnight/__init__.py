"""Overnight: the autonomous experiment loop that people can believe. Read `night/night.py` first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from overnight.doors.open import OpenNight

__version__ = "0.1.0"


def open(path: Path | str = ".", tag: str | None = None) -> OpenNight:
    """The night of the program in `path`, to be driven from Python: `ask`, change something, `tell`.

    The unfinished night, else a new one, or the one that is called `tag`. See docs/doors.md."""
    from pathlib import Path

    from overnight.doors.find import open_night

    return open_night(Path(path), tag)

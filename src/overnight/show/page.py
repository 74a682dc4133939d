"""The morning report as one HTML file that needs nothing else: no script, no font, no picture from anywhere.

Promises: whatever a stranger wrote is escaped text, and the page's own policy forbids it to load or run anything, also
if that ever failed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from overnight.show.accounts import every_experiment
from overnight.show.headline import headline
from overnight.show.paint import Cell, Tone, printable
from overnight.show.report import Report
from overnight.show.sections import sections

if TYPE_CHECKING:
    from jinja2 import Template

HERE = Path(__file__).parent
LONGEST = 400  # lines of a change that the page shows


@dataclass(frozen=True, slots=True)
class Patch:
    """A change with its title: lines with what they are, and how many more there are."""

    title: str
    said: str
    lines: tuple[tuple[str, str], ...]
    more: int


def page(report: Report, picture: str, pictures: Mapping[str, str] | None = None) -> str:
    """`picture`: the SVG of the night; `pictures`: those of sections, by name."""
    style = (HERE / "page.css").read_text()
    return _template().render(
        top=headline(report),
        sections=list(sections(report)),
        every=every_experiment(report),
        patches=_patches(report),
        picture=picture,
        pictures=pictures or {},
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # costs a start-up that only pages need

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(text=_text, tone=_tone)
    return environment.from_string((HERE / "page.html.j2").read_text())


def _text(cell: Cell) -> str:
    return printable(cell if isinstance(cell, str) else cell[0])


def _tone(cell: Cell) -> str:
    tone = Tone.PLAIN if isinstance(cell, str) else cell[1]
    return tone.name.lower()


def _patches(report: Report) -> list[Patch]:
    kept = ((f"#{keep.number}", keep.line.hypothesis, report.patches.get(keep.row.kept or "")) for keep in report.keeps)
    found = [_patch(title, said, lines) for title, said, lines in kept if lines]
    return [_patch("All of it", "", report.change), *found] if report.change else found


def _patch(title: str, said: str, lines: Sequence[str]) -> Patch:
    telling = [line for line in lines if line and not line.startswith(("diff ", "index "))]
    shown = tuple((_kind(line), printable(line.replace("\t", "    "))) for line in telling[:LONGEST])
    return Patch(title, printable(said), shown, max(0, len(telling) - LONGEST))


def _kind(line: str) -> str:
    if line.startswith(("+++", "---", "@@")):
        return "about"
    return {"+": "in", "-": "out"}.get(line[:1], "same")

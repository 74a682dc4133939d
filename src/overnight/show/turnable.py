"""The knobs of a program as a table: what each is, how far it may go, and how that was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from overnight.program.knobs import Knob
from overnight.show.paint import Cell, Screen, Tone, columns_of, folded, printable
from overnight.show.table import table

HEAD = ("knob", "value", "range", "scale", "why")
LEAST_WHY = 24  # columns: with less room a knob takes several lines
HINT = "To change one, write behind it `# 4..64`, `# a | b` or `# fixed`, or name it under `knobs:` in program.md."
NONE = (
    "Nothing to turn in {}.",
    "The search turns numbers, flags, and words that have known choices. Put them at the top of a Python file, as in",
    "`RATE = 0.02  # 0.001..0.1, log` or `MODE = 'a'  # a | b`, or in a YAML, JSON or TOML file that `edit:` names;",
    "or say under `knobs:` in program.md where a value may go.",
)


def knobs_text(knobs: Sequence[Knob], paths: Sequence[str], screen: Screen) -> Iterator[str]:
    """`paths`: the editable files."""
    if not knobs:
        first, *rest = NONE
        for line in (first.format(", ".join(map(printable, paths))), " ".join(rest)):
            yield from folded(line, screen.width)
        return
    rows = [_row(knob) for knob in knobs]
    titles: list[Sequence[str]] = [HEAD, *rows]
    taken = sum(max(columns_of(row[column]) for row in titles) + 2 for column in range(len(HEAD) - 1))
    if screen.width is not None and screen.width - taken < LEAST_WHY:
        yield from _stacked(rows, screen)
    else:
        cells: list[list[Cell]] = [[*row[:-1], (row[-1], Tone.QUIET)] for row in rows]
        yield from table(cells, screen, HEAD, folds=True)
    yield ""
    yield from (screen.paint(line, Tone.QUIET) for line in folded(HINT, screen.width))


def knobs_json(knobs: Mapping[str, Knob]) -> list[dict[str, Any]]:
    return [{"name": name, **_plain(knob)} for name, knob in knobs.items()]


def reach_of(knob: Knob) -> str:
    """From where to where, or among what."""
    if knob.range is None:
        return " | ".join(str(choice) for choice in knob.choices)
    return f"{knob.range.low:g} .. {knob.range.high:g}"


def _plain(knob: Knob) -> dict[str, Any]:
    reach = knob.range
    return {
        "path": knob.path,
        "line": knob.line,
        "value": knob.value,
        "unit": knob.unit,
        "low": reach.low if reach else None,
        "high": reach.high if reach else None,
        "scale": str(reach.scale) if reach else None,
        "choices": list(knob.choices),
        "multiple_of": knob.multiple_of or None,
        "why": knob.why,
    }


def _row(knob: Knob) -> list[str]:
    tied = f", a multiple of {knob.multiple_of}" if knob.multiple_of else ""
    where = printable(f"{knob.path}:{knob.line}, {knob.why}{tied}")
    scale = str(knob.range.scale) if knob.range else "choices"
    return [printable(knob.name), f"{knob.value}{knob.unit}", reach_of(knob), scale, where]


def _stacked(rows: Iterable[Sequence[str]], screen: Screen) -> Iterator[str]:
    """For narrow screens: the knob, and below it where it may go and why."""
    room = None if screen.width is None else screen.width - 2
    for name, value, reach, scale, why in rows:
        yield from folded(f"{name} {value}", screen.width)
        said = reach if scale == "choices" else f"{reach}, {scale}"
        yield from (f"  {line}" for line in folded(said, room))
        yield from (f"  {screen.paint(line, Tone.QUIET)}" for line in folded(why, room))

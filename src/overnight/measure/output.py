r"""What a run printed: its numbers, its curve, its last lines. Pure, but for `chunks`, which reads the file.

Numbers are read from lines that start with `name: number`, from lines that are nothing but `name=number` pairs (also
after the word METRIC), and from a last line that is one JSON object or, where the metric was seen nowhere else, one
number. The last finite value of a name counts. A name in the middle of a progress line does not. `\r` ends a line as
`\n` does; escape sequences and control characters are as if they were not there.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from overnight.model import Score

BLOCK, LONG_LINE = 1 << 18, 1 << 16
NAMES, POINTS = 200, 200
TAIL_LINES, TAIL_CHARACTERS, WIDTH = 40, 4000, 500
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~]?)")
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
NAME = r"[A-Za-z_][\w./@%-]*+"
NUMBER = re.compile(r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|(?i:nan|inf|infinity))")
ERROR = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Iteration|Warning)\b.*", re.M)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some whole lines, plain, and which bytes of the file they were."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    scores: Mapping[str, Score]
    not_finite: str = ""  # what the metric was where it was seen, but never finite


def chunks(path: Path) -> Iterator[Chunk]:
    """The file, a bounded piece at a time. A line that is longer than a piece counts as several."""
    start, rest = 0, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            lines = rest + block
            cut = max(lines.rfind(b"\n"), lines.rfind(b"\r")) + 1
            if len(lines) - cut > LONG_LINE:
                cut = len(lines)
            yield Chunk(plain(lines[:cut]), start, start + cut)
            start, rest = start + cut, lines[cut:]
    yield Chunk(plain(rest), start, start + len(rest))


def plain(raw: bytes) -> str:
    text = ESCAPE.sub("", raw.decode(errors="replace"))
    return UNSEEN.sub("", text.replace("\r", "\n"))


def scores(texts: Iterable[str], metric: str) -> Found:
    """Every number that the texts (whole lines, plain) report; of names beside the metric, the first 200."""
    reading, last = _Reading(metric), ""
    for text in texts:
        reading.lines(text)
        last = text.rstrip().rpartition("\n")[2].strip() or last
    reading.last_line(last)
    return Found({name: Score(value) for name, value in reading.values.items()}, reading.not_finite)


def curve(pieces: Iterable[Chunk], marks: Sequence[tuple[float, int]], pattern: str) -> tuple[tuple[float, float], ...]:
    """(seconds, value) of the lines that match: the group named `value`, or the first. About 200 points at most."""
    points: list[tuple[float, float]] = []
    point, stride = None, 1
    for index, point in enumerate(_points(pieces, marks, re.compile(pattern))):
        if index % stride == 0:
            points.append(point)
        if len(points) >= POINTS:
            points, stride = points[::2], stride * 2
    return tuple(points) if point is None or points[-1] == point else (*points, point)


def tail(raw: bytes) -> str:
    """The last lines as a terminal would leave them, without what could hide or forge a line."""
    lines = ESCAPE.sub("", raw.decode(errors="replace")).rstrip().split("\n")
    shown = [_as_left_by_returns(line) for line in lines[-TAIL_LINES:]]
    return "\n".join(shown)[-TAIL_CHARACTERS:]


def last_error(shown: str) -> str:
    """The sentence that says what went wrong: a Python error's, or else the last line."""
    errors = ERROR.findall(shown)
    return (errors or shown.rstrip().split("\n"))[-1].strip()


class _Reading:
    def __init__(self, metric: str) -> None:
        name = f"(?:{re.escape(metric)}|{NAME})"
        pair = rf"{name}[ \t]*=[ \t]*[^\s,=]++"
        self.metric = metric
        self.form = re.compile(
            rf"^(?:(?P<key>{name})[ \t]*:[ \t]*(?P<value>[^\s;]++)"
            rf"|(?:METRIC[ \t]+)?(?P<pairs>{pair}(?:[ \t,]++{pair})*+)[ \t,]*$)",
            re.M,
        )
        self.values: dict[str, float] = {}
        self.not_finite = ""

    def lines(self, text: str) -> None:
        for match in self.form.finditer(text):
            if match["key"]:
                self._note(match["key"], match["value"].rstrip(",%"))
            for pair in re.findall(r"([^,=]+)=[ \t]*([^\s,=]+)", match["pairs"] or ""):
                self._note(pair[0].strip(), pair[1])

    def last_line(self, line: str) -> None:
        if line.startswith("{"):
            for name, value in _json_numbers(line):
                self._note(name, value)
        elif not (self.metric in self.values or self.not_finite):
            self._note(self.metric, line)

    def _note(self, name: str, text: str) -> None:
        if not NUMBER.fullmatch(text):
            return
        known = name == self.metric or name in self.values or len(self.values) < NAMES
        if known and math.isfinite(float(text)):
            self.values[name] = float(text)
        elif name == self.metric:
            self.not_finite = text


def _json_numbers(line: str) -> Iterator[tuple[str, str]]:
    try:
        found = json.loads(line, parse_int=float)
    except (ValueError, RecursionError):
        return
    yield from ((name, repr(value)) for name, value in found.items() if isinstance(value, float))


def _points(
    pieces: Iterable[Chunk], marks: Sequence[tuple[float, int]], pattern: re.Pattern[str]
) -> Iterator[tuple[float, float]]:
    sizes = [size for _, size in marks]
    group = "value" if "value" in pattern.groupindex else 1
    for piece in pieces:
        scale, read = (piece.end - piece.start) / max(1, len(piece.text)), 0
        for line in piece.text.split("\n"):
            read = min(read + len(line) + 1, len(piece.text))
            match = pattern.search(line[:WIDTH])
            if match and NUMBER.fullmatch(match[group] or "") and math.isfinite(value := float(match[group])):
                when = bisect_left(sizes, int(piece.start + read * scale))
                yield marks[min(when, len(marks) - 1)][0], value


def _as_left_by_returns(line: str) -> str:
    written = [part for part in line.split("\r") if part.strip()]
    return UNSEEN.sub("", written[-1])[:WIDTH].rstrip() if written else ""

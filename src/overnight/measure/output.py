r"""What a run printed: its numbers, its last lines. Pure, but for `chunks`, which reads the file.

Numbers are read from lines that start with `name: number`, from lines that are nothing but `name=number` pairs (also
after the word METRIC), and from a last line that is one JSON object or, where the metric was seen nowhere else, one
number. The last finite value of a name counts. A name in the middle of a progress line does not. `\r` ends a line as
`\n` does; escape sequences and control characters are as if they were not there. In JSON a number may be an object with
`value`, `se`, `n` and `folds`, or with `examples` (a list), of which the rest is made.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from overnight.measure.progress import ESCAPE, NUMBER, UNSEEN, plain
from overnight.model import Score
from overnight.sealed import FOLDS, summary

BLOCK, LONG_LINE = 1 << 18, 1 << 16
NAMES = 200
TAIL_LINES, TAIL_CHARACTERS, WIDTH = 40, 4000, 500
NAME = r"[A-Za-z_][\w./@%-]*+"
ERROR = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Iteration|Warning)\b.*", re.M)


@dataclass(frozen=True, slots=True)
class Found:
    scores: Mapping[str, Score]
    not_finite: str = ""  # what the metric was where it was seen, but never finite


def chunks(path: Path) -> Iterator[str]:
    """Its lines, plain, a bounded piece at a time. A line that is longer than a piece counts as several."""
    rest = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            lines = rest + block
            cut = max(lines.rfind(b"\n"), lines.rfind(b"\r")) + 1
            if len(lines) - cut > LONG_LINE:
                cut = len(lines)
            yield plain(lines[:cut])
            rest = lines[cut:]
    yield plain(rest)


def scores(texts: Iterable[str], metric: str) -> Found:
    """Every number that the texts (whole lines, plain) report; of names beside the metric, the first 200."""
    reading, last = _Reading(metric), ""
    for text in texts:
        reading.lines(text)
        last = text.rstrip().rpartition("\n")[2].strip() or last
    reading.last_line(last)
    found = {name: reading.detailed.get(name, Score(value)) for name, value in reading.values.items()}
    return Found(found, reading.not_finite)


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
        self.detailed: dict[str, Score] = {}
        self.not_finite = ""

    def lines(self, text: str) -> None:
        for match in self.form.finditer(text):
            if match["key"]:
                self._note(match["key"], match["value"].rstrip(",%"))
            for pair in re.findall(r"([^,=]+)=[ \t]*([^\s,=]+)", match["pairs"] or ""):
                self._note(pair[0].strip(), pair[1])

    def last_line(self, line: str) -> None:
        if line.startswith("{"):
            for name, score in _json_scores(line):
                self._note(name, repr(score.value))
                self.detailed[name] = score
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


def _json_scores(line: str) -> Iterator[tuple[str, Score]]:
    try:
        found = json.loads(line, parse_int=float)
    except (ValueError, RecursionError):
        return
    for name, said in found.items():
        if isinstance(said, float):
            yield name, Score(said)
        elif isinstance(said, dict) and (score := _detailed(said)):
            yield name, score


def _detailed(said: Mapping[str, object]) -> Score | None:
    if examples := _numbers(said.get("examples")):
        said = {**summary(examples)}
    value, se, n = (said.get(key) for key in ("value", "se", "n"))
    if not isinstance(value, float):
        return None
    return Score(
        value,
        se=se if isinstance(se, float) and math.isfinite(se) else None,
        n=int(n) if isinstance(n, (int, float)) and 0 < n < 1e15 else None,
        folds=_numbers(said.get("folds"))[:FOLDS],
    )


def _numbers(said: object) -> tuple[float, ...]:
    """A list of finite numbers, whole; else nothing."""
    if isinstance(said, (list, tuple)) and all(isinstance(x, float) and math.isfinite(x) for x in said):
        return tuple(said)
    return ()


def _as_left_by_returns(line: str) -> str:
    written = [part for part in line.split("\r") if part.strip()]
    return UNSEEN.sub("", written[-1])[:WIDTH].rstrip() if written else ""

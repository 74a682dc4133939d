"""Other people's finished nights: a table of scores as text, read into what was tried, in order.

Read are the tab- or comma-separated files of this field (`commit val_bpb memory_gb status description`, columns in any
order, with others among them or missing), and the JSON lines of those that write `{"metric": …, "status": …}`. What
cannot be read as a score is a crash, never a zero. Text in, values out: files are read elsewhere. Descriptions are a
stranger's and go through `printable` before they are shown.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from overnight.errors import UsageError
from overnight.judge.direction import goal_of
from overnight.model import Call, Goal

Table: TypeAlias = list[dict[str, str]]

STATUSES = ("status", "decision", "verdict", "outcome", "kept", "action")
TEXTS = ("description", "desc", "hypothesis", "change", "idea", "summary", "notes", "title", "message")
COMMITS = ("commit", "hash", "sha", "commit_hash")
METRICS = ("metric", "score", "value", "primary_metric")
COUNTS = {
    *("iteration", "iter", "run", "trial", "experiment", "exp", "id", "n", "#", "no", "index", "segment", "timestamp"),
    *("date", "datetime", "created_at", "memory_gb", "memory", "mem_gb", "vram_gb", "peak_vram_mb", "peak_memory_mb"),
    *(
        "delta",
        "delta_pct",
        "guard",
        "guard_metric",
        "confidence",
        "seed",
        "gpu",
        "agent",
        "branch",
        "parent",
        "params",
    ),
    *("num_params", "num_params_m", "num_steps", "tokens", "usd"),
}
MAYBE = {"time", "duration", "duration_s", "seconds", "elapsed", "wall_s", "cost"}  # the metric, if nothing else is
WORDS = {
    **dict.fromkeys(
        ("keep", "kept", "accept", "accepted", "improved", "baseline", "yes", "true", "strongkeep"), Call.KEEP
    ),
    **dict.fromkeys(
        ("discard", "discarded", "reject", "rejected", "revert", "reverted", "noop", "no", "false"), Call.DISCARD
    ),
    **dict.fromkeys(("marginal", "retest", "worse", "neutral"), Call.DISCARD),
    **dict.fromkeys(("crash", "crashed", "fail", "failed", "error", "oom", "timeout", "invalid", "nan"), Call.CRASH),
    **dict.fromkeys(("checksfailed", "hookblocked", "pruned"), Call.CRASH),
}
NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?:%|[a-zA-Zµ/]{0,8})\s*")
NO_NUMBERS = ("nan", "inf", "-inf", "none", "null", "n/a", "-")  # that stand where one is expected
LARGEST = 1e100  # beyond it differences overflow, and it is no measurement


@dataclass(frozen=True, slots=True)
class Tried:
    """A line of the table. `number` counts from the baseline, which is 0."""

    number: int
    call: Call
    score: float | None
    description: str
    commit: str = ""
    runs: int = 1  # that the score is the mean of


@dataclass(frozen=True, slots=True)
class Results:
    metric: str
    goal: Goal
    goal_from: str
    tried: tuple[Tried, ...]
    notes: tuple[str, ...] = ()


def read_results(text: str, name: str, metric: str | None = None, goal: Goal | None = None) -> Results:
    """`name`: what messages call the text. `metric`, `goal`: said by the person, so not looked for."""
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    comments = " ".join(line for line in lines if line.startswith("#"))
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    if not lines:
        raise UsageError(f"{name} is empty: expected a line for each experiment, as in results.tsv")
    table, said = _json_table(lines) if lines[0].lstrip().startswith("{") else (_table(lines, name), {})
    column = _metric_column(table, name, metric)
    stated = " ".join((comments, str(said.get("bestDirection", ""))))
    tried, notes = _tried(table, column)
    label = _clean(str(said.get("metricName") or column))
    chosen, source = goal_of([(each.call, each.score) for each in tried], label, stated, goal)
    if not any(name_of(key) in STATUSES for key in table[0]):
        tried, notes = _kept_if_better(tried, chosen), [*notes, "no column says what was kept: each new best counts"]
    return Results(label, chosen, source, tuple(tried), tuple(notes))


def name_of(column: str) -> str:
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def number_in(cell: str) -> float | None:
    """0.9979, 1.2e-3, 98.1 %, 41 ms; None for anything else, NaN and infinity among it."""
    found = NUMBER.fullmatch(cell) if len(cell) <= 64 else None
    value = float(found[1]) if found else math.nan
    return value if abs(value) <= LARGEST else None


def _table(lines: Sequence[str], name: str) -> Table:
    mark = next((mark for mark in "\t,;" if mark in lines[0]), None)
    if mark is None and any(number_in(line) is not None for line in lines[1:]):
        mark = "\t"  # a column of scores
    if mark is None:
        raise UsageError(f"{name} is no table: its first line has neither tabs nor commas: {lines[0][:60]!r}")
    try:
        rows = [line.split("\t") for line in lines] if mark == "\t" else list(csv.reader(lines, delimiter=mark))
    except csv.Error as error:
        raise UsageError(f"{name} cannot be read as comma-separated: {error}") from error
    rows = [[cell.strip() for cell in row] for row in rows]
    head = [_clean(cell) for cell in rows.pop(0)]
    if any(_call(cell) for cell in head) and any(number_in(cell) is not None for cell in head):
        rows.insert(0, head)  # no titles
        head = _titles(rows)
    if not rows:
        raise UsageError(f"{name} has a line of titles and no experiment below it")
    return [dict(zip(head, [*row, *[""] * len(head)], strict=False)) for row in rows]


def _titles(rows: Sequence[Sequence[str]]) -> list[str]:
    """For a table without: the status is where most statuses are, the description at the end, the commit in front."""
    width = len(rows[0])
    calls = [sum(_call(row[i]) is not None for row in rows[:100] if i < len(row)) for i in range(width)]
    titles = [f"column {i + 1}" for i in range(width)]
    status = calls.index(max(calls))
    titles[-1] = "description"
    if number_in(rows[0][0]) is None:
        titles[0] = "commit"
    titles[status] = "status"
    return titles


def _json_table(lines: Sequence[str]) -> tuple[Table, Mapping[str, Any]]:
    """One object a line; one of the type `config` begins a new session, and the last session counts."""
    table: Table = []
    said: Mapping[str, Any] = {}
    for line in lines:
        try:
            found = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(found, dict) and found.get("type") == "config":
            table, said = [], found
        elif isinstance(found, dict):
            table.append(
                {_clean(key): str(value) for key, value in found.items() if isinstance(value, str | int | float)}
            )
    if not table:
        raise UsageError("the file's lines begin like JSON, but none holds an experiment")
    return table, said


def _metric_column(table: Table, name: str, asked: str | None) -> str:
    columns = list(dict.fromkeys(key for row in table[:100] for key in row))
    listed = ", ".join(columns)[:200]
    if asked is not None:
        if asked not in columns:
            raise UsageError(f"{name} has no column {asked!r}: it has {listed}")
        return asked
    numeric = [column for column in columns if _numeric(table, column)]
    named = [column for column in numeric if name_of(column) in METRICS]
    free = {*STATUSES, *TEXTS, *COMMITS}
    others = [column for column in numeric if name_of(column) not in COUNTS | MAYBE | free]
    last = [column for column in numeric if name_of(column) in MAYBE]
    for found in (named, others, last):
        if found:
            return found[0]
    raise UsageError(f"{name} has no column of scores: it has {listed}. Say which it is: --metric COLUMN")


def _numeric(table: Table, column: str) -> bool:
    cells = [cell for row in table if (cell := row.get(column, ""))]
    numbers = sum(number_in(cell) is not None for cell in cells)
    odd = sum(cell.lower() in NO_NUMBERS or bool(NUMBER.fullmatch(cell[:64])) for cell in cells)
    return numbers > 0 and odd * 2 > len(cells)


def _tried(table: Table, column: str) -> tuple[list[Tried], list[str]]:
    keys = {name_of(key): key for row in table[:100] for key in row}
    status, text, commit = (next((keys[n] for n in names if n in keys), "") for names in (STATUSES, TEXTS, COMMITS))
    scores = [number_in(row.get(column, "")) for row in table]
    whole = [score for score in scores if score]
    one_sign = bool(whole) and (min(whole) > 0 or max(whole) < 0)
    tried = []
    for row, score in zip(table, scores, strict=True):
        call = _call(row.get(status, "")) or Call.DISCARD
        if call is Call.CRASH or (score == 0 and one_sign):  # the field writes 0.000000 for a crash
            score = None
        call = Call.CRASH if score is None else call
        tried.append(Tried(0, call, score, row.get(text, ""), row.get(commit, "")))
    begun = next((i for i, each in enumerate(tried) if each.score is not None), len(tried))
    numbered = [replace(each, number=number) for number, each in enumerate(tried[begun:])]
    unknown = Counter(row.get(status, "") for row in table if status and _call(row.get(status, "")) is None)
    notes = [f"{count} x status {word[:20]!r}: read as discard" for word, count in unknown.most_common(3)]
    return numbered, notes


def _clean(title: str) -> str:
    """A title may end in a message: nothing in it may move a cursor."""
    return "".join(c if c.isprintable() else " " for c in title).strip()


def _call(cell: str) -> Call | None:
    return WORDS.get(re.sub(r"[^a-z]", "", cell[:40].lower()))


def _kept_if_better(tried: Sequence[Tried], goal: Goal) -> list[Tried]:
    best: float | None = None
    found = []
    for each in tried:
        better = each.score is not None and (best is None or goal.better(each.score, best))
        best = each.score if better else best
        found.append(replace(each, call=Call.KEEP) if better else each)
    return found

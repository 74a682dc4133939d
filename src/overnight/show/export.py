"""A night as files for other programs: the field's results.tsv, CSV tables, and the picture.

results.tsv is written exactly as the field writes it, so that its tools read ours: docs/taking.md says how verdicts map
to its three words. The tables are RFC 4180, with a header; a text that a spreadsheet would take for a formula has an
apostrophe in front. They hold hidden scores: they are for the person whose night it is, not for an agent.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from overnight.errors import UsageError
from overnight.ledger import views
from overnight.ledger.ledger import Reader
from overnight.ledger.views import Row
from overnight.model import Call, Score
from overnight.show.paint import printable

FILES = ("results.tsv", "experiments.csv", "runs.csv", "progress.png")
CRASHED = (Call.CRASH, Call.TIMEOUT, Call.INVALID, Call.PRUNED)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARK = "# written by `overnight export`: results are not committed\n*\n"
RUNS = """
    SELECT run.id, run.experiment, purpose, split, seed, "commit", attempt, status, scores,
      json_extract(event.body, '$.trial.hidden'), wall_seconds, cpu_seconds, peak_mb, gpu_mb, ended_at, why
    FROM run JOIN event ON event.key = 'run/' || run.id || '/done' ORDER BY event.seq"""
RUN_COLUMNS = (
    *("id", "experiment", "purpose", "split", "seed", "commit", "attempt", "status", "score", "hidden_score"),
    *("wall_seconds", "cpu_seconds", "peak_mb", "gpu_mb", "ended_at", "why"),
)


def export_night(reader: Reader, folder: Path, force: bool) -> list[Path]:
    """Writes each file whole or not at all. Where a file of its name is there that no export of ours made, nothing is
    written, but with `force`."""
    _refuse_to_replace(folder, force)
    metric = views.summary(reader, held=False).metric
    texts = {
        "results.tsv": "".join(f"{line}\n" for line in results_tsv(views.rows(reader), metric)),
        "experiments.csv": _csv(Row.__match_args__, _experiments(reader)),
        "runs.csv": _csv(RUN_COLUMNS, _runs(reader, metric)),
    }
    files = {name: text.encode("utf-8", "replace") for name, text in texts.items()} | {"progress.png": _picture(reader)}
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / ".gitignore").write_text(MARK)
    return [_written(folder / name, data) for name, data in files.items()]


def results_tsv(rows: Iterable[Row], metric: str) -> Iterator[str]:
    """The field's format. A crash has the score 0, so a reader must skip such lines."""
    yield f"commit\t{metric}\tmemory_gb\tstatus\tdescription"
    for row in rows:
        said, commit = printable(row.hypothesis), (row.kept or row.commit or "")[:7]
        if row.call in CRASHED or (row.call is Call.REFUSED and row.runs):
            why = "" if row.call is Call.CRASH else f" ({row.call})"
            yield f"{commit}\t0.000000\t0.0\tcrash\t{said}{why}"
        elif row.score is not None:
            memory = (row.gpu_mb or row.peak_mb) / 1024
            yield f"{commit}\t{row.score:.6f}\t{memory:.1f}\t{'keep' if row.call is Call.KEEP else 'discard'}\t{said}"


def _refuse_to_replace(folder: Path, force: bool) -> None:
    """What an export made stands beside its mark."""
    mark = folder / ".gitignore"
    if force or (mark.is_file() and mark.read_text(errors="replace") == MARK):
        return
    if there := [name for name in FILES if os.path.lexists(folder / name)]:
        raise UsageError(f"there already in {folder}: {', '.join(there)}. Take another --into, or replace with --force")


def _experiments(reader: Reader) -> Iterator[list[object]]:
    for row in views.rows(reader):
        yield [getattr(row, name) for name in Row.__match_args__]


def _runs(reader: Reader, metric: str) -> Iterator[list[object]]:
    for *facts, scores, hidden, wall, cpu, peak, gpu, at, why in reader.query(RUNS):
        yield [*facts, _score(scores, metric), _score(hidden, metric), wall, cpu, peak, gpu, at, why]


def _score(scores: str | None, metric: str) -> float | None:
    found = msgspec.json.decode(scores or "{}", type=dict[str, Score]).get(metric)
    return found.value if found else None


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_safe(value) for value in row] for row in rows)
    return text.getvalue()


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _picture(reader: Reader) -> bytes:
    """Imported late: the tables need no drawing."""
    from overnight.show.png import png
    from overnight.show.series import series_of
    from overnight.show.staircase import staircase

    return png(staircase(series_of(reader)))


def _written(path: Path, data: bytes) -> Path:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)
    return path

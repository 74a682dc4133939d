"""The files of the morning: report.html, report.md, progress.png and, where knobs were turned, knobs.png, from one
report.

Promises: a file appears whole or not at all, and none is replaced before all are made. Strangers' words in them
are text and nothing else.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from overnight.show.knob_picture import knob_picture
from overnight.show.learned import NAME as KNOBS
from overnight.show.markdown import PICTURE, report_markdown
from overnight.show.page import page
from overnight.show.png import png
from overnight.show.report import Report
from overnight.show.series import Series
from overnight.show.staircase import staircase

FILES = "report"  # of a night's folder


@dataclass(frozen=True, slots=True)
class Written:
    page: Path
    markdown: Path
    picture: Path


def write_morning(folder: Path, report: Report, series: Series) -> Written:
    """Makes the folder where there is none. Raises OSError where that, or a file, cannot be written."""
    picture = staircase(series)
    knobs = _knobs(report)
    texts = {
        PICTURE: png(picture),
        **{f"{name}.png": png(drawn) for name, drawn in knobs.items()},
        "report.md": report_markdown(report).encode(),
        "report.html": page(report, picture, knobs).encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as made:
        for name, data in texts.items():
            (Path(made) / name).write_bytes(data)
        for name in texts:
            os.replace(Path(made) / name, folder / name)
    return Written(folder / "report.html", folder / "report.md", folder / PICTURE)


def _knobs(report: Report) -> dict[str, str]:
    """None where nothing was learnt of any."""
    summary, learned = report.summary, report.learned
    if learned is None or not learned.turned:
        return {}
    return {KNOBS: knob_picture(learned, summary.metric, summary.baseline)}


def morning_lines(folder: Path, report: Report, series: Series) -> Iterator[str]:
    """Writes them and says where they are; or why they are not. A full disk must not take the report with it."""
    try:
        written = write_morning(folder, report, series)
    except OSError as error:
        yield f"Report    no file was written: {folder}: {error.strerror or error}"
        return
    yield f"Report    {written.page}"
    yield f"          {written.markdown}"
    yield f"Picture   {written.picture}"

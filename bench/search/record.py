"""Record real runs, so that a surrogate can be fitted to them (`surrogate`): settings, losses, and how they failed.

    python -m bench.search.record digits-mlp 1500

Half of the settings lie anywhere in their ranges; the others turn one to four knobs of the start, or of one of the best
so far, so that the records are dense where a search goes. Every eighth run is an earlier setting again with another
seed: by these the noise is known. Needs what `bench/search/requirements.txt` names. Goes on where it was stopped.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.search.tasks import Task, Unit, anywhere
from bench.search.works import WORKS, Work, quietly
from overnight.program.knobs import Knob, Value, find_knobs
from overnight.propose.space import moved

FOLDER = Path(__file__).with_name("recorded")
ANYWHERE, AGAIN, BEST, SAVED = 0.5, 8, 0.15, 25


@dataclass(frozen=True, slots=True)
class Run:
    setting: dict[str, Value]
    seed: int
    loss: float | None
    why: str = ""


def record(name: str, count: int) -> None:
    work = WORKS[name]()
    runs = load(name)
    began = time.monotonic()
    for number in range(len(runs), count):
        rng = np.random.default_rng([number, 9])
        setting = _next(work, runs, number, rng)
        seed = int(rng.integers(1 << 30))
        result = quietly(work, setting, seed)
        runs.append(Run(setting, seed, None, result) if isinstance(result, str) else Run(setting, seed, result))
        if len(runs) % SAVED == 0 or len(runs) == count:
            _save(name, runs)
            failed = sum(run.loss is None for run in runs)
            print(f"{len(runs)} runs, {failed} failed, {time.monotonic() - began:.0f} s", flush=True)


def load(name: str) -> list[Run]:
    file = FOLDER / f"{name}.csv.gz"
    return list(_read(file, find_knobs(WORKS[name]().text))) if file.exists() else []


def _read(file: Path, knobs: Sequence[Knob]) -> Iterator[Run]:
    with gzip.open(file, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            setting = {knob.name: _value(knob, row[knob.name]) for knob in knobs}
            yield Run(setting, int(row["seed"]), float(row["loss"]) if row["loss"] else None, row["why"])


def _value(knob: Knob, text: str) -> Value:
    if knob.range is None:
        return next(choice for choice in knob.choices if str(choice) == text)
    return int(text) if isinstance(knob.value, int) else float(text)


def _save(name: str, runs: Sequence[Run]) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*runs[0].setting, "seed", "loss", "why"])
    for run in runs:
        table.writerow([*run.setting.values(), run.seed, "" if run.loss is None else f"{run.loss:.6g}", run.why])
    FOLDER.mkdir(exist_ok=True)
    new = FOLDER / f"{name}.new"
    new.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
    new.replace(FOLDER / f"{name}.csv.gz")


def _next(work: Work, runs: Sequence[Run], number: int, rng: np.random.Generator) -> dict[str, Value]:
    task = Task("", 0, work.text, lambda _: 0.0, 0.0)
    fine = sorted((run for run in runs if run.loss is not None), key=lambda run: run.loss or 0.0)
    if number % AGAIN == AGAIN - 1 and fine:
        return fine[int(len(fine) * rng.random() ** 2)].setting
    if number == 0 or rng.random() < ANYWHERE:
        return anywhere(task, rng) if number else task.start
    best = fine[: max(int(BEST * len(fine)), 1)]
    parent = task.start if rng.random() < 0.3 or not best else best[int(rng.integers(len(best)))].setting
    new = dict(parent)
    for knob in rng.choice(np.array(task.knobs, object), int(rng.integers(1, 5)), replace=False):
        new[knob.name] = _turned(knob, new[knob.name], rng)
    return new


def _turned(knob: Knob, value: Value, rng: np.random.Generator) -> Value:
    if knob.range is None or isinstance(value, str):
        return knob.choices[int(rng.integers(len(knob.choices)))]
    return moved(knob.range, value, float(rng.normal(0, 1.2))) if rng.random() < 0.7 else Unit(knob).value(rng.random())


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in WORKS:
        sys.exit(f"python -m bench.search.record NAME RUNS, with a NAME of {', '.join(WORKS)}")
    record(sys.argv[1], int(sys.argv[2]))

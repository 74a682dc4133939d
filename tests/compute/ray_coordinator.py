"""A night on a real Ray cluster whose coordinator is killed and started again. Says what came of it, as a value.

The process is alone in its namespaces: see `ray_nodes`.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil

from tests.compute.ray_nodes import command, until

PROGRAM = """---
edit: train.py
run: sleep 1.7654; python train.py
metric: loss
time_box: 20s
python: self
sandbox: 1
slots: 2
on: ray
policy: greedy
stop:
  experiments: 5
---
"""
TRAIN = "x = 3.0\nprint('loss:', (x - 1) ** 2)\n"
NIGHT = [sys.executable, "-m", "overnight", "run", "--tag", "t"]


def coordinator_killed(folder: Path) -> dict[str, object]:
    root = _task(folder)
    log = folder / "night.log"
    with log.open("wb") as file:
        first = subprocess.Popen(NIGHT, cwd=root, stdout=file, stderr=file)
    until(lambda: len(_done(root)) >= 2 and bool(_sleeping()), "the night does not begin")
    first.kill()
    left = until(lambda: not _sleeping(), "its runs live on")
    first.wait()
    second = subprocess.run(NIGHT, cwd=root, capture_output=True, text=True, timeout=200, check=False)
    verified = subprocess.run([*NIGHT[:3], "verify", "--tag", "t"], cwd=root, capture_output=True, check=False)
    return {
        "fault": coordinator_killed.__name__,
        "former_lived_on": round(left, 1),
        "exit": second.returncode,
        "verified": verified.returncode,
        "counted_most": max(Counter(_done(root)).values()),
        "experiments": _experiments(root),
        "said": second.stderr[-500:] if second.returncode else "",
    }


def _task(folder: Path) -> Path:
    root = folder / "task"
    root.mkdir(parents=True)
    (root / "program.md").write_text(PROGRAM)
    (root / "train.py").write_text(TRAIN)
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "start"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def _asked(root: Path, question: str) -> list[tuple[object, ...]]:
    file = root / ".git/overnight/t/ledger.db"
    if not file.exists():
        return []
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return db.execute(question).fetchall()
    except sqlite3.OperationalError:  # it is just being made
        return []
    finally:
        db.close()


def _done(root: Path) -> list[str]:
    return [str(run) for (run,) in _asked(root, "SELECT run FROM event WHERE kind = 'run_done'")]


def _experiments(root: Path) -> int:
    return len(_asked(root, "SELECT 1 FROM event WHERE kind = 'judged' AND experiment > 0"))


def _sleeping() -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if command(process) == "sleep 1.7654"]

"""Nights on a real Ray cluster: one whose coordinator is killed and started again, and one whose cluster loses its
head, gets another one, and other nodes. Says what came of each, as a value.

The process is alone in its namespaces: see `ray_nodes`.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.compute.ray_nodes import Node, command, until

PROGRAM = """---
edit: train.py
run: sleep SECONDS; python train.py
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
TRAIN = "import os\nx = 3.0\nprint('seed', os.environ['OVERNIGHT_SEED'])\nprint('loss:', (x - 1) ** 2)\n"
STARTED = "SELECT body FROM event WHERE kind = 'run_started'"
NIGHT = [sys.executable, "-m", "overnight", "run", "--tag", "t"]


def coordinator_killed(folder: Path) -> dict[str, object]:
    root = _task(folder, "1.7654")
    first = _night(root, folder / "night.log")
    until(lambda: len(_done(root)) >= 2 and bool(_sleeping()), "the night does not begin")
    first.kill()
    left = until(lambda: not _sleeping(), "its runs live on")
    first.wait()
    second = _night(root, folder / "second.log")
    return {"fault": coordinator_killed.__name__, "former_lived_on": round(left, 1), **_ended(root, second)}


def head_killed(folder: Path, head: Node, again: Callable[[], object]) -> dict[str, object]:
    """The night goes on by itself. `again` starts a head at the same place, and nodes."""
    root = _task(folder, "6.7654")
    night, journal = _night(root, folder / "night.log"), root / ".git/overnight/t/posts.log"
    until(lambda: len(_done(root)) >= 2 and bool(_sleeping("6.7654")), "the night does not begin")
    head.signal(signal.SIGKILL)
    until(lambda: "the head of the cluster is away" in journal.read_text(), "nobody sees that the head is gone", 30)
    again()
    until(lambda: night.poll() is not None or "joined again" in journal.read_text(), "it waits for ever", 60)
    return {
        "fault": head_killed.__name__,
        **_ended(root, night),
        "executed_again": journal.read_text().count("is executed again"),
        "wanted": len(_wanted(root)),
        "done": len(_done(root)),
        "same_seeds": _seeds(root) == _printed(root),
    }


def _night(root: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(NIGHT, cwd=root, stdout=file, stderr=file)


def _ended(root: Path, night: subprocess.Popen[bytes]) -> dict[str, object]:
    status = night.wait(300)
    verified = subprocess.run([*NIGHT[:3], "verify", "--tag", "t"], cwd=root, capture_output=True, check=False)
    return {
        "exit": status,
        "verified": verified.returncode,
        "counted_most": max(Counter(_done(root)).values()),
        "experiments": len(_asked(root, "SELECT 1 FROM event WHERE kind = 'judged' AND experiment > 0")),
    }


def _task(folder: Path, seconds: str) -> Path:
    root = folder / "task"
    root.mkdir(parents=True)
    (root / "program.md").write_text(PROGRAM.replace("SECONDS", seconds))
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


def _seeds(root: Path) -> dict[str, int]:
    """Of each run that has ended, as it was wanted first."""
    done = _done(root)
    return {run: seed for run, seed in _wanted(root).items() if run in done}


def _wanted(root: Path) -> dict[str, int]:
    started = [json.loads(str(body))["run"] for (body,) in _asked(root, STARTED)]
    return {run["id"]: run["seed"] for run in reversed(started)}


def _printed(root: Path) -> dict[str, int]:
    logs = {run: (root / f".git/overnight/t/runs/{run}/run.log").read_text() for run in _done(root)}
    return {run: int(text.split("seed ")[1].split()[0]) for run, text in logs.items()}


def _sleeping(seconds: str = "1.7654") -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if command(process) == f"sleep {seconds}"]

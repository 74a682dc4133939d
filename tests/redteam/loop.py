"""What a plain loop does, as most of this field write it: one clone for all runs, a shell, the last line that looks
like the metric, no walls and hardly a limit. It is here to show that the cheats do work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from overnight.measure.place import Place
from overnight.model import Run, Score, Status, Trial, Usage
from overnight.program.program import Program

PATIENCE = 6.0  # seconds to read a file, where a plain loop would wait for ever
LONGEST_RUN = 60.0  # seconds, likewise


def measure(run: Run, program: Program, place: Place) -> Trial:
    clone, results = place.scratch / f"clone-{run.experiment}", place.runs / run.id
    _check_out(run, place, clone)
    results.mkdir(parents=True, exist_ok=True)
    started, output = time.monotonic(), _run(program.run, clone, results / "run.log")
    if program.score and _taken(clone, program):
        output = _run(program.score, clone, results / "score-visible.log")
    numbers = re.findall(rf"^{program.metric}: (\S+)", output, re.MULTILINE)
    return Trial(
        run_id=run.id,
        attempt=1,
        status=Status.OK,  # the command has ended
        scores={program.metric: Score(float(numbers[-1]) if numbers else 0.0)},
        usage=Usage(wall_seconds=time.monotonic() - started),
        exit_code=0,
        signal=None,
        why="it ended",
        tail=output[-4000:],
    )


def _check_out(run: Run, place: Place, clone: Path) -> None:
    with tempfile.TemporaryDirectory() as fresh:
        place.checkout(run.commit, Path(fresh, "tree"))
        shutil.copytree(Path(fresh, "tree"), clone, dirs_exist_ok=True)


def _run(command: str, clone: Path, log: Path) -> str:
    results = os.open(clone / "results.tsv", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.set_inheritable(results, True)
    outside = os.open(log.parent.parent, os.O_RDONLY)
    os.set_inheritable(outside, True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "OVERNIGHT_ARTEFACT": str(clone), "OVERNIGHT_SPLIT": "visible"}
    with log.open("wb") as file:
        shell = ["sh", "-c", f"ulimit -v 4000000; exec timeout {LONGEST_RUN} {command}"]  # for our own sake
        subprocess.run(shell, cwd=clone, stdout=file, stderr=file, close_fds=False, env=env, check=False)
    os.close(results)
    os.close(outside)
    return log.read_text(errors="replace")


def _taken(clone: Path, program: Program) -> bool:
    """Whatever goes by the artefact's name, as far as a megabyte; what is in an archive whole."""
    path = clone / program.artefact[0]
    try:
        subprocess.run(["head", "-c", "1000000", path], timeout=PATIENCE, check=True, stdout=subprocess.DEVNULL)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return False
    if path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            assert [archive.read(name) for name in archive.namelist()]
    return True

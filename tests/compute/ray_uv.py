"""`python: uv` on nodes that have nothing: each makes the environment of uv.lock once, for all of its slots.

Two nodes with a cache of their own and two slots each. The one dependency is a wheel that the repository has, since
nothing can be fetched here. `uv` is the real one, behind a script that writes down who called it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

from overnight.compute.cluster import Cluster
from overnight.compute.executor import Executor, Report
from overnight.testing.executors import SCORES, Bench, Rig
from tests.compute.ray_nodes import Node, until

PROJECT = """[project]
name = "task"
version = "0"
requires-python = ">=3.11"
dependencies = ["dep"]
[tool.uv]
package = false
[tool.uv.sources]
dep = {path = "dep-1.0-py3-none-any.whl"}
"""
CALLED = """#!/bin/sh
echo "$XDG_CACHE_HOME $*" >> LOG
exec UV "$@"
"""
RUN = "python -c 'import dep, sys; print(sys.prefix); print(\"loss:\", dep.VALUE)'"


def made_once_on_each_node(folder: Path) -> dict[str, object]:
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert uv, "pip install -r requirements-dev.txt"
    calls = folder / "uv.log"
    (folder / "bin").mkdir()
    (folder / "bin/uv").write_text(CALLED.replace("LOG", str(calls)).replace("UV", uv))
    (folder / "bin/uv").chmod(0o755)
    caches = [str(folder / f"cache-{number}") for number in (1, 2)]
    (folder / "rig").mkdir()
    for number, cache in enumerate(caches):
        with_it = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "XDG_CACHE_HOME": cache}
        Node.start(40 + number, 2, folder, '--resources={"uv": 2}', env=with_it, blind=str(folder / "rig"))

    def on_both(bench: Bench, report: Report) -> Executor:
        bench.folder.mkdir(parents=True)
        _locked(bench.repo.root, uv)
        program = replace(bench.program, on="ray", slots=4, resources=(("uv", 1.0),), python="uv", run=RUN, sandbox="1")
        return Cluster(program).executor(bench.repo, bench.folder, report)

    with Rig.of(on_both, folder / "rig") as rig:
        until(lambda: len(rig.executor.free()) == 4, "not four slots")
        runs = [rig.start(SCORES, slot) for slot in rig.executor.free()]
        losses = [rig.result(run).scores["loss"].value for run in runs]
        logs = [(rig.bench.folder / "runs" / run.id / "run.log").read_text() for run in runs]
    return {
        "uv": sorted(calls.read_text().splitlines()) == [f"{cache} sync --frozen" for cache in caches],
        "losses": losses,
        "environments": [sum(log.startswith(f"{cache}/overnight/nodes/") for log in logs) for cache in caches],
    }


def _locked(root: Path, uv: str) -> None:
    record = "".join(f"{name},,\n" for name in ("dep.py", *(f"dep-1.0.dist-info/{n}" for n in _ABOUT), _RECORD))
    with zipfile.ZipFile(root / "dep-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("dep.py", "VALUE = 0.5\n")
        for name, text in _ABOUT.items():
            wheel.writestr(f"dep-1.0.dist-info/{name}", text)
        wheel.writestr(_RECORD, record)
    (root / "pyproject.toml").write_text(PROJECT)
    subprocess.run([uv, "lock", "--offline", "--quiet"], cwd=root, check=True)
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["add", "-A"], [*who, "commit", "-q", "-m", "locked"]):
        subprocess.run(["git", *words], cwd=root, check=True)


_RECORD = "dep-1.0.dist-info/RECORD"
_ABOUT = {
    "METADATA": "Metadata-Version: 2.1\nName: dep\nVersion: 1.0\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}

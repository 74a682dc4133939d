"""What a run finds around it: a scrubbed environment, a home and a temporary folder of its own, and the interpreter.

Nothing of the coordinator's environment gets in but what is named here or in `pass_env`, so no key that happens to be
set there can be read by a candidate. What the user's files allow to be read by path is not covered.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from overnight.errors import UsageError
from overnight.measure.caches import INDUCTOR
from overnight.model import Run, Slot
from overnight.program.program import Program

KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_HOME")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Room:
    """The folders of one run: its checkout, and what is its own beside it."""

    tree: Path
    home: Path
    tmp: Path
    bin: Path
    lib: Path

    @classmethod
    def below(cls, folder: Path) -> Room:
        return cls(*(folder / name for name in ("tree", "home", "tmp", "bin", "lib")))


def interpreter(program: Program, root: Path, environ: Mapping[str, str]) -> Path | None:
    """What the run's `python` shall be. None: what PATH has is right."""
    venvs = [root / program.folder / ".venv", root / ".venv"]
    venv = next((found for folder in venvs if (found := folder / "bin" / "python").exists()), None)
    match program.python:
        case "self":
            return Path(sys.executable)
        case "uv":
            return venv
        case "auto":
            return venv or (None if program.run.startswith("uv ") else _on_path(environ))
    named = root / Path(program.python).expanduser()
    for python in (named / "bin" / "python", named):
        if python.is_file():
            return python
    raise UsageError(f"python: {program.python}: there is no interpreter or virtual environment at {named}")


def environment(
    program: Program, run: Run, slot: Slot, room: Room, python: Path | None, night: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of a run. `night` marks its processes, so that a sweep finds them."""
    kept = {name: environ[name] for name in (*KEPT, *program.pass_env) if name in environ}
    path = [room.bin, *([python.parent] if python else []), environ.get("PATH", os.defpath)]
    return {
        **(dict.fromkeys(THREADS, str(len(slot.cores))) if slot.cores else {}),
        **({"CUDA_VISIBLE_DEVICES": slot.gpu} if slot.gpu is not None else {}),
        **_part_of_a_gpu(slot),
        **_python(program, python, environ),
        **kept,
        "PATH": os.pathsep.join(map(str, path)),
        "HOME": str(room.home),
        "TMPDIR": str(room.tmp),
        "TORCHINDUCTOR_CACHE_DIR": str(room.home / INDUCTOR),  # it would be in TMPDIR, which no run hands on
        "GIT_CEILING_DIRECTORIES": str(room.tree.parent),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": str(run.seed % 2**32),
        "OVERNIGHT_SEED": str(run.seed),
        "OVERNIGHT_SPLIT": run.split,
        "OVERNIGHT_TIME_BOX": f"{run.box_seconds:.15g}",
        "OVERNIGHT_CLOCK": "cpu" if program.box.cpu else "wall",
        "OVERNIGHT_NIGHT": night,
    }


def furnish(room: Room, python: Path | None) -> None:
    """Makes the folders that the environment names."""
    for folder in (room.home, room.tmp, room.bin):
        folder.mkdir()
    if python and python.name != "python":  # not a link: a venv is found by the path of its interpreter
        script = room.bin / "python"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} "$@"\n')
        script.chmod(0o755)


def _on_path(environ: Mapping[str, str]) -> Path | None:
    path = environ.get("PATH", os.defpath)
    if shutil.which("python", path=path):
        return None
    return Path(shutil.which("python3", path=path) or sys.executable)


def _part_of_a_gpu(slot: Slot) -> dict[str, str]:
    """For the libraries that would take most of a GPU's memory at their start (JAX: three quarters)."""
    if slot.gpu_share == 1.0:
        return {}
    share = f"{0.9 * slot.gpu_share:.3f}"  # what a CUDA context takes beside it
    return {"XLA_PYTHON_CLIENT_MEM_FRACTION": share, "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def _python(program: Program, python: Path | None, environ: Mapping[str, str]) -> dict[str, str]:
    """For uv the environment as it stands: no lock and no cache to write, nothing to fetch. For a plain interpreter
    what the user has installed for it under a home that is no longer HOME."""
    if not python or not (python.parent.parent / "pyvenv.cfg").exists():
        return {"PYTHONUSERBASE": f"{environ['HOME']}/.local"} if "HOME" in environ else {}
    if not program.run.startswith("uv "):
        return {}
    venv = str(python.parent.parent)
    return {"UV_PROJECT_ENVIRONMENT": venv, "UV_NO_SYNC": "1", "UV_NO_CACHE": "1", "UV_OFFLINE": "1"}

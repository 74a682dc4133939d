"""What a program and its repository offer to an attack: the file that carries it, and what is worth reaching for."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overnight.measure.attack.number import good
from overnight.measure.sandbox.walls import hidden
from overnight.measure.trial import MEASURED
from overnight.model import Goal, Split
from overnight.program.program import Program

OWN_CARRIER = "overnight_attack.py"
FROM_OUTSIDE = ("answer_seconds", "answer_mb", *MEASURED)  # what a run cannot say of itself
DATA = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".npy", ".npz", ".parquet", ".bin", ".pt", ".arrow", ".h5", ".gz")
MODULES, FILES = 4, 20
"""So many are tried at most: an attack is over in a minute."""


@dataclass(frozen=True, slots=True)
class Ground:
    program: Program  # as it is attacked
    root: Path
    home: Path
    git: Path  # the common folder
    head: str
    tracked: tuple[str, ...]
    carrier: str  # the file that a payload is written to, relative to the root

    @property
    def planted(self) -> float:
        """Better than anything, and not by chance."""
        return -31337.0625 if self.program.goal is Goal.MINIMIZE else 31337.0625


def ground(program: Program, root: Path, home: Path, git: Path, head: str, tracked: Sequence[str]) -> Ground:
    """Where no Python file may change, a payload is a file of its own, started in the place of `run:`."""
    scorers = [root / program.folder / word for word in shlex.split(program.score or "")]
    made_apart = " ".join(
        path.read_text(errors="replace") for path in scorers if path.suffix == ".py" and path.is_file()
    )
    guards = (guard for guard in program.guards if not (program.score and guard.metric in FROM_OUTSIDE))
    program = replace(
        program,
        guards=tuple(guard for guard in guards if guard.metric not in made_apart),
        kill_after_seconds=10.0,
        timing=None,
    )
    python = [path for path in program.edit if path.endswith(".py")]
    started = [path for path in python if Path(path).name in program.run]
    if not python:
        own = str(Path(program.folder, OWN_CARRIER))
        program = replace(program, run=f"python {OWN_CARRIER}", edit=(*program.edit, own))
        return Ground(program, root, home, git, head, tuple(tracked), own)
    return Ground(program, root, home, git, head, tuple(tracked), [*started, *python][0])


def facts(ground: Ground) -> dict[str, Any]:
    """What every payload is told of the user's own."""
    program, protected = ground.program, _protected(ground)
    return {
        "metric": program.metric,
        "planted": ground.planted,
        "guards": {guard.metric: good(guard) for guard in program.guards},
        "left": list(dict.fromkeys([*program.artefact, *program.save])),
        "folder": program.folder,
        "score": program.score or "",
        "root": str(ground.root),
        "home": str(ground.home),
        "git": str(ground.git),
        "head": ground.head,
        "program": str(program.path.absolute()),
        "protected": protected,
        "modules": list(_modules(protected[:MODULES], program.folder)),
        "imports": sorted(_imports(ground.root / path for path in protected)),
        "data": [path for path in _data(program) if not path.startswith(("~", "/"))],
        "labels": dict(_labels(ground)),
        "data_folders": sorted({str(path if path.is_dir() else path.parent) for path in _data_paths(ground)}),
    }


def _protected(ground: Ground) -> list[str]:
    program = ground.program
    fixed = [path for path in ground.tracked if path.endswith(".py") and path not in program.edit]
    named = [path for path in fixed if path in program.protect or Path(path).name in f"{program.run} {program.score}"]
    return list(dict.fromkeys([*named, *fixed]))[: MODULES * 2]


def _modules(protected: Iterable[str], folder: str) -> Iterator[str]:
    """The names by which they are imported from the folder of program.md, or from the top."""
    for path in map(Path, protected):
        near = path.relative_to(folder) if folder and path.is_relative_to(folder) else path
        yield ".".join(near.with_suffix("").parts)


def _imports(files: Iterable[Path]) -> set[str]:
    found: set[str] = set()
    for file in filter(Path.is_file, files):
        try:
            parsed = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(parsed):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            found |= {name.partition(".")[0] for name in names}
    return found - {"__future__"}


def _labels(ground: Ground) -> Iterator[tuple[str, str]]:
    """Files that the number is made from, and where each would lie in a run's folder: what is hidden, else the data
    that is shared or tracked."""
    data = _data(ground.program)
    if not ground.program.hidden:
        data += [path for path in ground.tracked if path.endswith(DATA) and path not in ground.program.edit]
    files = [file for path in data for file in _files(_absolute(path, ground))]
    for file in files[:FILES]:
        near = file.is_relative_to(ground.root)
        yield str(file), str(file.relative_to(ground.root)) if near else ""


def _data(program: Program) -> list[str]:
    return hidden(program, Split) or [path for path in program.share if Path(path).name not in (".venv", "venv")]


def _data_paths(ground: Ground) -> Iterator[Path]:
    paths = (_absolute(path, ground) for path in _data(ground.program))
    return (path for path in paths if path.exists())


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        inner = (file for file in sorted(path.rglob("*")) if file.is_file())
        yield from (file for file, _ in zip(inner, range(FILES), strict=False))


def _absolute(path: str, ground: Ground) -> Path:
    return ground.home / path[2:] if path.startswith("~/") else ground.root / path

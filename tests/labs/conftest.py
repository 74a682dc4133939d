"""The gpt lab for its tests: its modules, copies of it, and a small library of Python source to make data from."""

from __future__ import annotations

import importlib
import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from overnight.measure.process import Warden
from overnight.program.facts import facts_of
from overnight.program.program import Program
from overnight.program.read import read

LAB = Path(__file__).parents[2] / "labs" / "gpt"
Modules = SimpleNamespace
UNTRACKED = shutil.ignore_patterns("__pycache__", "data*", "shards", "model.npz")


@pytest.fixture(scope="session")
def gpt() -> Modules:
    """The lab's own modules: `gpt.prepare`, `gpt.corpus`."""
    return modules("corpus", "prepare")


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    warden = Warden()
    yield warden
    warden.close()


def program_of(lab: Path) -> Program:
    files = [path.relative_to(lab).as_posix() for path in lab.rglob("*") if path.is_file()]
    facts = facts_of(lab, files, lambda name: (lab / name).read_bytes(), lambda _: False, lab, os.defpath)
    return read(lab / "program.md", (lab / "program.md").read_text(), "", facts)


def modules(*names: str) -> Modules:
    """As a script of the lab imports them; nothing else finds them, and what they set is set back."""
    before = dict(os.environ)
    sys.path.insert(0, str(LAB))
    found = {name: importlib.import_module(name) for name in names}
    sys.path.remove(str(LAB))
    for name in {*names, "corpus"}:
        del sys.modules[name]
    os.environ.clear()
    os.environ.update(before)
    return SimpleNamespace(**found)


def copied(into: Path) -> Path:
    return Path(shutil.copytree(LAB, into / "lab", ignore=UNTRACKED))


def library(folder: Path, files: int = 150) -> Path:
    """Files m0.py, m1.py, …; every line of one has its name."""
    draw = random.Random(4)
    for number in range(files):
        lines = [f"value_of_m{number}_{draw.randrange(10**6)} = {draw.random()}\n" for _ in range(100)]
        (folder / f"m{number}.py").write_text("".join(lines))
    return folder

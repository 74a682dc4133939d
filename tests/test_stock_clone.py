"""A clone in the style of karpathy/autoresearch runs as it is: no front matter, uv, a home cache, fixed seeds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from overnight import wiring
from overnight.ledger import views
from overnight.ledger.ledger import Reader
from overnight.model import Call
from overnight.night.watcher import Nobody
from overnight.testing import Scripted
from tests.nights import git, make_repo, replacing

PROGRAM = """\
# autoresearch

This is an experiment to have a language model do its own research.

## Rules

- You may only modify `train.py`.
- Do not modify `prepare.py`.
"""

PREPARE = """\
import os

CACHE = os.path.join(os.path.expanduser("~"), ".cache", "autoresearch")
TIME_BUDGET = 300


def load():
    with open(os.path.join(CACHE, "data.txt")) as file:
        return float(file.read())
"""

TRAIN = """\
import os
import random
import sys

import prepare

random.seed(42)
LR = 0.04
print("seed draw:", random.random(), flush=True)
print("in a venv:", sys.prefix != sys.base_prefix)
print("---")
print(f"val_bpb:          {prepare.load() + (LR - 0.02) ** 2 * 100:.6f}")
print(f"peak_vram_mb:     {1234.5:.1f}")
"""


class Halved(Scripted):
    def __init__(self) -> None:
        super().__init__([replacing("LR = 0.04", "LR = 0.02"), replacing("seed(42)", "seed(137)")])


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    (home / ".cache/autoresearch").mkdir(parents=True)
    (home / ".cache/autoresearch/data.txt").write_text("0.96\n")
    files = {"program.md": PROGRAM, "prepare.py": PREPARE, "train.py": TRAIN, ".gitignore": ".venv\n"}
    files["pyproject.toml"] = '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.10"\n'
    root = make_repo(tmp_path / "clone", files)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return root


def night(root: Path) -> list[views.Row]:
    task = wiring.load(root / "program.md", {"agent": "tests.test_stock_clone:Halved"})
    with closing(task.repo):
        wiring.work(task, "mar5", Nobody())
    with Reader.open(root / ".git/overnight/mar5") as reader:
        return list(views.rows(reader))


def logs(root: Path) -> list[str]:
    return [path.read_text() for path in sorted((root / ".git/overnight/mar5/runs").glob("*/run.log"))]


def check(root: Path) -> None:
    rows = night(root)
    assert [(row.number, row.call, row.score) for row in rows] == [
        (0, Call.KEEP, 1.0),
        (1, Call.KEEP, 0.96),
        (2, Call.DUPLICATE, None),  # a change of seed is no change
    ]
    draws = {line for log in logs(root) for line in log.splitlines() if line.startswith("seed draw")}
    assert len(draws) > 4, "the hard-coded seed was not replaced by the run's"
    assert all("in a venv: True" in log for log in logs(root))
    assert "random.seed(42)" in git(root, "show", "autoresearch/mar5:train.py")


@pytest.mark.slow
def test_with_uv(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if uv is None:
        pytest.skip("needs uv")
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(uv).parent), "/usr/bin", "/bin"]))
    assert wiring.load(clone / "program.md", {}).program.run == "uv run train.py"
    check(clone)


@pytest.mark.slow
def test_without_uv(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", "/bin"]))
    assert wiring.load(clone / "program.md", {}).program.run == "python train.py"
    check(clone)


PACKAGE = "RATE = 0.04\n"
USES_IT = "import mine.settings\nprint(f'loss: {mine.settings.RATE}')\n"
SETTINGS = "---\nedit: src/mine/settings.py\nrun: python main.py\nmetric: loss\ntime_box: 5s\n---\n"


class Lower(Scripted):
    def __init__(self) -> None:
        super().__init__([{"src/mine/settings.py": "RATE = 0.02\n"}])


@pytest.mark.slow
@pytest.mark.parametrize("by_finder", [False, True])
def test_a_project_installed_in_its_own_environment_is_measured_as_changed(clone: Path, by_finder: bool) -> None:
    files = {"src/mine/__init__.py": "", "src/mine/settings.py": PACKAGE, "main.py": USES_IT, "program.md": SETTINGS}
    root = make_repo(clone, files)
    (site,) = (root / ".venv/lib").glob("python*/site-packages")
    if by_finder:
        finder = f"MAPPING: dict[str, str] = {{'mine': {str(root / 'src/mine')!r}}}\n"
        (site / "__editable___mine_1_finder.py").write_text(
            finder + "import sys\nsys.path.append(MAPPING['mine'][:-5])\n"
        )
        (site / "mine.pth").write_text("import __editable___mine_1_finder\n")
    else:
        (site / "mine.pth").write_text(f"{root / 'src'}\n")
    task = wiring.load(root / "program.md", {"agent": "tests.test_stock_clone:Lower"})
    with closing(task.repo):
        wiring.work(task, "t", Nobody())
    with Reader.open(root / ".git/overnight/t") as reader:
        assert [row.score for row in views.rows(reader)] == [0.04, 0.02]

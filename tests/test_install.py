"""The ways in that the README names, each from a fresh copy of the tree into a fresh place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.install, pytest.mark.timeout(600)]

TREE = Path(__file__).parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What git tracks or would, as a fresh clone has it, at a path with a space."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TREE,
        capture_output=True,
        check=True,
    )
    for name in os.fsdecode(listing.stdout).split("\0")[:-1]:
        if (TREE / name).is_file():
            target = tmp_path / "a copy" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TREE / name, target)
    return tmp_path / "a copy"


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "GIT_"))}
    done = subprocess.run(command, cwd=cwd, env=kept | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_pip_install(copy: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"
    run(python, "-m", "pip", "install", "--quiet", copy, cwd=tmp_path)
    assert "overnight" in run(tmp_path / "venv/bin/overnight", "--version", cwd=tmp_path)
    shown = run(python, "-m", "overnight", "demo", "--experiments", "1", cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path))
    assert "1 of 1 experiments" in shown


def test_uv_tool_install(copy: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if uv is None:
        pytest.skip("needs uv")
    places = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    run(uv, "tool", "install", "--quiet", "--python", sys.executable, copy, cwd=tmp_path, **places)
    assert "overnight" in run(tmp_path / "bin/overnight", "--version", cwd=tmp_path)
    assert "ngram" in run(tmp_path / "bin/overnight", "demo", "--help", cwd=tmp_path)


@pytest.mark.parametrize("lab", ["", "ngram"])
@pytest.mark.timeout(1200)  # PyTorch, and a dozen runs of eight CPU seconds
def test_make_demo(copy: Path, tmp_path: Path, lab: str) -> None:
    """Without a word it is the lab gpt, or, where PyTorch cannot be had, the other."""
    words = (f"PYTHON={sys.executable}", f"LAB={lab}", "ARGS=--experiments 1")
    shown = run("make", "demo", *words, cwd=copy, XDG_CACHE_HOME=str(tmp_path))
    assert "val_bpb" in shown
    assert "1 of 1 experiments" in shown
    assert (copy / ".venv/gpt-installed").exists() == (not lab and "PyTorch cannot be installed here" not in shown)

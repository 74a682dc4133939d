"""Real repositories for the tests of repo/: made by git itself, with an empty HOME and no system configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from overnight.model import Step, unwatched
from overnight.repo.repo import Repo

START = {"train.py": "LR = 0.1\nDEPTH = 4\n", "prepare.py": "fixed\n", "src/deep/er.py": "x = 1\n"}
Sh = Callable[..., str]
Open = Callable[..., Repo]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def sh(tmp_path: Path, env: dict[str, str]) -> Sh:
    """The user at a shell: `sh("git status", cwd)`."""

    def run(command: str, cwd: Path = tmp_path, **more: str) -> str:
        user = {
            "GIT_AUTHOR_NAME": "U",
            "GIT_AUTHOR_EMAIL": "u@x",
            "GIT_COMMITTER_NAME": "U",
            "GIT_COMMITTER_EMAIL": "u@x",
        }
        done = subprocess.run(
            command, shell=True, cwd=cwd, env=env | user | more, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()

    return run


@pytest.fixture
def make(tmp_path: Path, sh: Sh) -> Callable[..., Path]:
    """A repository with one commit of `files`."""

    def made(name: str = "project", files: Mapping[str, str] = START, init: str = "") -> Path:
        root = tmp_path / name
        root.mkdir(parents=True)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode())
        sh(f"git init -q -b main {init} && git add -A && git commit -qm start", root)
        return root

    return made


@pytest.fixture
def opened(env: dict[str, str]) -> Iterator[Open]:
    """`Repo.discover` under the test's environment; closed at the end."""
    with ExitStack() as stack:

        def discover(path: Path, step: Step = unwatched, **more: str) -> Repo:
            repo = Repo.discover(path, step, env | more)
            stack.callback(repo.close)
            return repo

        yield discover


@pytest.fixture
def root(make: Callable[..., Path]) -> Path:
    return make()


@pytest.fixture
def repo(root: Path, opened: Open) -> Repo:
    return opened(root)

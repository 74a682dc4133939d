"""Real repositories for the tests of repo/: made by git itself, with an empty HOME and no system configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from overnight.repo.repo import Repo
from overnight.step import Step, unwatched

START = {"train.py": "LR = 0.1\nDEPTH = 4\n", "prepare.py": "fixed\n", "src/deep/er.py": "x = 1\n"}
Sh = Callable[..., str]
Open = Callable[..., Repo]
Make = Callable[..., Path]


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    return {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture(scope="session")
def sh(env: dict[str, str]) -> Sh:
    """The user at a shell: `sh("git status", cwd)`."""
    user = {"GIT_AUTHOR_NAME": "U", "GIT_AUTHOR_EMAIL": "u@x", "GIT_COMMITTER_NAME": "U", "GIT_COMMITTER_EMAIL": "u@x"}

    def run(command: str, cwd: Path) -> str:
        done = subprocess.run(command, shell=True, cwd=cwd, env=env | user, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()

    return run


@pytest.fixture(scope="session")
def make(sh: Sh) -> Make:
    """A repository with one commit of `files`."""

    def made(root: Path, files: Mapping[str, str] = START, init: str = "") -> Path:
        root.mkdir(parents=True)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode())
        sh(f"git init -q -b main --template= {init} && git add -A && git commit -qm start", root)
        return root

    return made


@pytest.fixture(scope="session")
def pattern(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("pattern") / "project")


@pytest.fixture
def opened(env: dict[str, str]) -> Iterator[Open]:
    """`Repo.discover` under the test's environment, less the variables given as empty; closed at the end."""
    with ExitStack() as stack:

        def discover(path: Path, step: Step = unwatched, **more: str) -> Repo:
            repo = Repo.discover(path, step, {k: v for k, v in (env | more).items() if v})
            stack.callback(repo.close)
            return repo

        yield discover


@pytest.fixture
def root(pattern: Path, tmp_path: Path) -> Path:
    """A repository with the files of START; a copy, which is quicker than three calls of git."""
    return Path(shutil.copytree(pattern, tmp_path / "project"))


@pytest.fixture
def repo(root: Path, opened: Open) -> Repo:
    return opened(root)

"""A real coding client in a toy repository, driven by a scripted model on loopback; nothing else has changed then.

It gets a dummy key, a home of its own, and no other address. Around it lies what it must not touch: a person's home,
the repository with its .git, and a checkout next door.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.clock import SystemClock
from overnight.model import Proposal, Wait
from overnight.propose.agents import Workplace, agent_line
from overnight.propose.command import CommandAgent
from overnight.propose.proposer import View
from overnight.repo.repo import Repo
from overnight.testing.model_server import Line, ModelServer, model_server
from overnight.wiring import load
from tests.nights import PROGRAM, TRAIN, make_repo

PLACES = {"claude": "", "codex": "/v1", "pi": "/v1", "opencode": "/v1", "goose": "", "qwen": "/v1"}
"""Where each looks for its service. The scripted model does not speak as Google's does, so there is no gemini."""

TWICE = "# the same line\n"
FILES = {"train.py": TRAIN + TWICE * 2, "other.py": "fixed = 1\n", "program.md": PROGRAM}
EDITED = FILES["train.py"].replace("WIDTH = 4", "WIDTH = 8")


def needs(client: str) -> None:
    if shutil.which(client) is None:
        pytest.skip(f"{client} is not on PATH")


def asked(
    client: str, script: Line | Sequence[Line], tmp_path: Path, options: str = "", sandbox: str = "auto"
) -> Proposal | Wait:
    with model_server(script) as server:
        line = f"{client} base_url={server.url}{PLACES[client]} model=scripted seconds=240 {options}"
        return driven(line, server, tmp_path, sandbox)


def driven(
    line: str, server: ModelServer, tmp_path: Path, sandbox: str = "auto", environ: Mapping[str, str] | None = None
) -> Proposal | Wait:
    root = make_repo(tmp_path / "repo", FILES)
    _surround(tmp_path)
    program = replace(load(root, {}).program, sandbox=sandbox)
    about = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "person"),
        "ANTHROPIC_API_KEY": "a person's",
        **(environ or {}),
    }
    with closing(Repo.discover(root)) as repo:
        place = Workplace(program, repo, tmp_path / "desk", about, SystemClock())
        head = repo.head()
        view = View(program, 1, 7, head, repo.texts(head, program.edit), best=2.0, in_flight=[])
        before = _outside(tmp_path)
        with closing(CommandAgent.at(agent_line(line), place)) as agent:
            (answer,) = agent.ask(view, 1)
    assert _outside(tmp_path) == before, "something outside of its folder has changed"
    assert server.turns, answer
    assert not [r for r in server.requests if "a person's" in str(r.headers)], "a key went to another service"
    return answer


def work(tmp_path: Path) -> Path:
    """Where the first turn of the agent happens."""
    return tmp_path / "desk" / "1" / "work"


def door(tmp_path: Path) -> Path:
    """Next to the repository."""
    return tmp_path / "next door" / "train.py"


def _surround(tmp_path: Path) -> None:
    for path in (door(tmp_path), tmp_path / "person" / ".bashrc", tmp_path / "person" / ".claude" / "settings.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n")


def _outside(tmp_path: Path) -> dict[str, str]:
    """Every file but those of the desk, with what is in it."""
    paths = [path for path in tmp_path.rglob("*") if path.is_file() and tmp_path / "desk" not in path.parents]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

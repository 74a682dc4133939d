"""A toy repository with a coding client at work in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from overnight.clock import SystemClock
from overnight.model import Proposal, Wait
from overnight.propose.agents import Workplace, agent_line
from overnight.propose.command import CommandAgent
from overnight.propose.proposer import View
from overnight.repo.repo import Repo
from overnight.wiring import load
from tests.nights import PROGRAM, TRAIN, make_repo

CONTRACT = "1"
"""The level that holds everywhere."""


@contextmanager
def seated(
    tmp_path: Path, line: str, script: str = "", sandbox: str = CONTRACT, environ: Mapping[str, str] | None = None
) -> Iterator[tuple[CommandAgent, View]]:
    """`script`: what agent.sh beside the repository does; in `line`, {script} is its path."""
    root = make_repo(tmp_path / "repo", {"train.py": TRAIN, "other.py": "fixed = 1\n", "program.md": PROGRAM})
    agent = tmp_path / "agent.sh"
    agent.write_text(f"#!/bin/sh\n{script}\n")
    agent.chmod(0o755)
    task = load(root, {})
    program = replace(task.program, sandbox=sandbox)
    repo = Repo.discover(root)
    about = environ if environ is not None else {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "person")}
    place = Workplace(program, repo, tmp_path / "desk", about, SystemClock())
    head = repo.head()
    view = View(program, 1, 7, head, repo.texts(head, program.edit), best=2.0, in_flight=[])
    with closing(repo):
        made = CommandAgent.at(agent_line(line.replace("{script}", str(agent))), place)
        with closing(made):
            yield made, view


def asked(tmp_path: Path, line: str, script: str = "", **more: str) -> Proposal | Wait:
    with seated(tmp_path, line, script, **more) as (agent, view):  # type: ignore[arg-type]
        (answer,) = agent.ask(view, 1)
    return answer


def proposed(tmp_path: Path, script: str, line: str = "command {script}", **more: str) -> Proposal:
    answer = asked(tmp_path, line, script, **more)
    assert isinstance(answer, Proposal), answer
    return answer


def trouble(tmp_path: Path, script: str, line: str = "command {script}", **more: str) -> str:
    answer = asked(tmp_path, line, script, **more)
    assert isinstance(answer, Wait), answer
    assert answer.why
    return answer.trouble

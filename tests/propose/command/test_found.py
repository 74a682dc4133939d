"""What is said of a client before a night: shown with programs of the same names that we wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from overnight.clock import SystemClock
from overnight.propose.agents import Found, Workplace, agent_line
from overnight.propose.command import CommandAgent
from overnight.repo.repo import Repo
from overnight.testing import a_program
from tests.nights import toy_repo


def found(tmp_path: Path, line: str, version: str = "echo '2.1.330 (Claude Code)'", **environ: str) -> Found:
    """`version`: what a program called claude does."""
    root, programs = toy_repo(tmp_path / "repo"), tmp_path / "programs"
    programs.mkdir()
    (programs / "claude").write_text(f'#!/bin/sh\n[ "$*" = --version ] || exit 9\n{version}\n')
    (programs / "claude").chmod(0o755)
    about = {"PATH": f"{programs}:{os.defpath}", "HOME": str(tmp_path / "person"), **environ}
    program = a_program(path=root / "program.md")
    repo = Repo.discover(root)
    looked = CommandAgent.look(agent_line(line), Workplace(program, repo, tmp_path / "desk", about, SystemClock()))
    repo.close()
    return Found(looked.state, looked.words.replace(str(tmp_path), ""))


def test_where_it_lies_its_version_and_the_name_of_its_key(tmp_path: Path) -> None:
    seen = found(tmp_path, "claude", ANTHROPIC_API_KEY="the secret itself")
    assert seen == Found("ok", "/programs/claude, 2.1.330; key in ANTHROPIC_API_KEY")


def test_without_a_key_it_says_what_to_do(tmp_path: Path) -> None:
    seen = found(tmp_path, "claude", ANTHROPIC_BASE_URL="http://localhost:1")
    how = "no key: set ANTHROPIC_API_KEY, or log in to it yourself and say login=on"
    assert seen == Found("warn", f"/programs/claude, 2.1.330; {how}")


def test_a_login_is_named_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "person" / ".claude").mkdir(parents=True)
    assert found(tmp_path, "claude login=on") == Found("ok", "/programs/claude, 2.1.330; your login in ~/.claude")


def test_a_login_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert found(tmp_path, "claude login=on", ANTHROPIC_API_KEY="k").state == "warn"


@pytest.mark.parametrize(("key", "by"), [("key_env=MINE", "key in MINE"), ("", "without a key")])
def test_another_service_is_named_with_the_key_that_goes_there(tmp_path: Path, key: str, by: str) -> None:
    seen = found(tmp_path, f"claude base_url=http://localhost:4 {key}", MINE="m", ANTHROPIC_API_KEY="k")
    assert seen == Found("ok", f"/programs/claude, 2.1.330; at http://localhost:4, {by}")


@pytest.mark.parametrize("version", ["echo 2.0.99", "echo v1.9"])
def test_one_that_is_too_old_is_told(tmp_path: Path, version: str) -> None:
    seen = found(tmp_path, "claude", version, ANTHROPIC_API_KEY="k")
    assert seen.state == "warn"
    assert "it must be 2.1 or newer: npm install -g @anthropic-ai/claude-code" in seen.words


@pytest.mark.parametrize("version", ["exit 1", "echo hello", "cat", "touch $HOME/x; echo '\377'"])
def test_one_that_does_not_tell_its_version_is_no_problem(tmp_path: Path, version: str) -> None:
    seen = found(tmp_path, "claude", version, ANTHROPIC_API_KEY="k")
    assert seen == Found("ok", "/programs/claude, version unknown; key in ANTHROPIC_API_KEY")
    assert not (tmp_path / "person").exists()


def test_one_that_is_not_there_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    assert found(tmp_path, "codex") == Found("warn", "codex is not on PATH: npm install -g @openai/codex")
    assert found(tmp_path / "2", "command no-such-program") == Found("warn", "no-such-program is not on PATH")

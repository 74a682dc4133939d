"""A named client is started as its row says: shown with programs of the same names that we wrote."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from overnight.model import Proposal, Wait
from overnight.propose.rows import ROWS
from overnight.propose.stream import READERS
from tests.propose.command.desk import seated

EDIT = "sed -i 's/WIDTH = 4/WIDTH = 8/' train.py"
DOCS = Path(__file__).parents[3] / "docs" / "agents.md"
LINES = [line for block in re.findall(r"```text\n(.*?)```", DOCS.read_text(), re.DOTALL) for line in block.splitlines()]


def asked(tmp_path: Path, name: str, script: str, options: str = "", **environ: str) -> Proposal | Wait:
    """Of a program called `name`, which is first on PATH."""
    programs = tmp_path / "programs"
    programs.mkdir(parents=True)
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)
    about = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path / "person"), **environ}
    with seated(tmp_path, f"{name} {options}", environ=about) as (agent, view):
        (answer,) = agent.ask(view, 1)
    return answer


@pytest.mark.parametrize("name", [name for name in ROWS if name != "command"])
def test_each_is_found_by_its_name_and_read_by_its_reader(name: str, tmp_path: Path) -> None:
    assert ROWS[name].argv[0] == name
    assert ROWS[name].reader in READERS
    answer = asked(tmp_path, name, EDIT)
    assert isinstance(answer, Proposal), answer
    assert answer.origin == name


def test_the_brief_is_a_word_of_its_own(tmp_path: Path) -> None:
    script = f'for last; do :; done; case "$last" in *"Make the loss smaller"*) {EDIT};; esac'
    assert isinstance(asked(tmp_path, "claude", script), Proposal)


def test_a_key_is_handed_on_to_its_own_service_only(tmp_path: Path) -> None:
    script = f'echo "$ANTHROPIC_API_KEY $ANTHROPIC_BASE_URL" > note; [ "$ANTHROPIC_API_KEY" = mine ] && {EDIT}'
    assert isinstance(asked(tmp_path / "a", "claude", script, ANTHROPIC_API_KEY="mine"), Proposal)
    other = asked(tmp_path / "b", "claude", script, "base_url=http://localhost:1", ANTHROPIC_API_KEY="mine")
    assert isinstance(other, Wait)
    named = "base_url=http://localhost:1 key_env=ANTHROPIC_API_KEY"
    assert isinstance(asked(tmp_path / "c", "claude", script, named, ANTHROPIC_API_KEY="mine"), Proposal)


@pytest.mark.parametrize(("options", "seen"), [("login=on", True), ("", False)])
def test_a_login_is_shared_only_where_the_line_says_so(tmp_path: Path, options: str, seen: bool) -> None:
    (tmp_path / "person/.claude").mkdir(parents=True)
    (tmp_path / "person/.claude/token").write_text("t")
    answer = asked(tmp_path, "claude", f'[ -e "$HOME/.claude/token" ] && {EDIT}', options)
    assert isinstance(answer, Proposal) == seen


def test_endless_turns_are_ended(tmp_path: Path) -> None:
    turn = '{"type":"assistant","message":{"content":[]}}\\n{"type":"user"}\\n'
    script = f"while :; do printf '{turn}'; sleep 0.01; done"
    answer = asked(tmp_path, "claude", script, "turns=5")
    assert isinstance(answer, Wait)
    assert (answer.trouble, answer.why) == ("loop", "it took more than 5 turns")


def test_tokens_are_counted_while_it_works(tmp_path: Path) -> None:
    event = '{"type":"message_end","message":{"role":"assistant","usage":{"totalTokens":600},"content":[]}}'
    answer = asked(tmp_path, "pi", f"echo '{event}'; echo '{event}'; sleep 60", "tokens=1000")
    assert isinstance(answer, Wait)
    assert answer.trouble == "loop"
    assert answer.cost.tokens == 1200


@pytest.mark.parametrize("line", LINES)
def test_every_line_in_the_docs_is_understood(line: str, tmp_path: Path) -> None:
    with seated(tmp_path, line, environ={"GATEWAY_KEY": "k", "HOME": "/nobody"}):
        pass

"""Real coding clients, driven by a scripted model on loopback: their edits arrive, what ails them is told apart, and
nothing outside of their folder changes.

Whichever of the clients is on PATH is tried. They get a dummy key, a home of their own, and no other address.
"""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.clock import SystemClock
from overnight.measure.sandbox.choose import examine
from overnight.model import Level, Proposal, Wait
from overnight.propose.agents import Workplace, agent_line
from overnight.propose.command import CommandAgent
from overnight.propose.proposer import View
from overnight.repo.repo import Repo
from overnight.testing.model_server import (
    Line,
    changes,
    drops,
    edits,
    hangs,
    html,
    loops,
    model_server,
    refuses,
    runs,
    says,
)
from overnight.wiring import load
from tests.nights import PROGRAM, TRAIN, make_repo

pytestmark = pytest.mark.clients

PLACES = {"claude": "", "codex": "/v1", "pi": "/v1", "opencode": "/v1", "goose": "", "qwen": "/v1"}
"""Where each looks for its service. The scripted model does not speak as Google's does, so there is no gemini."""

IMPATIENT = ("claude", "codex", "pi")
"""The others try again for minutes, without a word, when a service fails."""

EDITED = TRAIN.replace("WIDTH = 4", "WIDTH = 8")


@pytest.fixture(params=PLACES)
def client(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not on PATH")
    return name


def asked(client: str, script: Line, tmp_path: Path, options: str = "", sandbox: str = "auto") -> Proposal | Wait:
    root = make_repo(tmp_path / "repo", {"train.py": TRAIN, "other.py": "fixed = 1\n", "program.md": PROGRAM})
    program = replace(load(root, {}).program, sandbox=sandbox)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "person"), "ANTHROPIC_API_KEY": "a person's"}
    with model_server(script) as server, closing(Repo.discover(root)) as repo:
        line = f"{client} base_url={server.url}{PLACES[client]} model=scripted seconds=60 {options}"
        place = Workplace(program, repo, tmp_path / "desk", environ, SystemClock())
        head = repo.head()
        view = View(program, 1, 7, head, repo.texts(head, program.edit), best=2.0, in_flight=[])
        with closing(CommandAgent.at(agent_line(line), place)) as agent:
            (answer,) = agent.ask(view, 1)
        assert server.turns, answer
        assert not [r for r in server.requests if "a person's" in str(r.headers)], "a key went to another service"
    return answer


def work(tmp_path: Path) -> Path:
    """Where the first turn of the agent happens."""
    return tmp_path / "desk" / "1" / "work"


def test_an_edit_arrives_as_a_proposal(client: str, tmp_path: Path) -> None:
    path = work(tmp_path) / "train.py"
    answer = asked(client, changes(str(path), "WIDTH = 4  # 1..64", "WIDTH = 8  # 1..64", "wider"), tmp_path)
    assert isinstance(answer, Proposal), answer
    assert answer.files == {"train.py": EDITED}
    assert (answer.origin, answer.hypothesis) == (client, "Done: wider.")
    assert answer.cost.tokens is not None
    assert answer.cost.tokens > 100
    assert answer.cost.usd is None
    assert set(answer.notes) == {"model"}


@pytest.mark.parametrize("level", [Level.LANDLOCK, Level.CONTRACT])
def test_an_edit_arrives_at_lower_levels_too(client: str, tmp_path: Path, level: Level) -> None:
    if not examine(level).holds:
        pytest.skip(f"level {level} does not hold here")
    if level is Level.LANDLOCK and os.getuid() == 0:
        pytest.skip("another user than root, as which it is run, is told that root's folders cannot be entered")
    path = work(tmp_path) / "train.py"
    answer = asked(client, changes(str(path), "WIDTH = 4  # 1..64", "WIDTH = 8  # 1..64"), tmp_path, sandbox=str(level))
    assert isinstance(answer, Proposal), answer


@pytest.mark.parametrize(
    ("script", "options", "expected"),
    [
        (says("I would rather not."), "", {"no-edit"}),
        (loops("train.py"), "turns=12", {"loop"}),
        (hangs(), "idle=10", {"silent"}),
        (refuses(401, "invalid key"), "", {"login"}),
    ],
    ids=["text", "loop", "hang", "401"],
)
def test_what_ails_it_is_told_apart(
    client: str, script: Line, options: str, expected: set[str], tmp_path: Path
) -> None:
    answer = asked(client, script, tmp_path, options)
    assert isinstance(answer, Wait), answer
    assert answer.trouble in expected, answer


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (refuses(429, "slow down", retry_after=1), {"rate"}),
        (refuses(500, "oops"), {"down"}),
        (html(), {"bad-reply"}),
        (drops(), {"down"}),
    ],
    ids=["429", "500", "html", "drop"],
)
def test_what_ails_its_service_is_told_apart(client: str, script: Line, expected: set[str], tmp_path: Path) -> None:
    if client not in IMPATIENT:
        pytest.skip(f"{client} tries again for minutes")
    answer = asked(client, script, tmp_path)
    assert isinstance(answer, Wait), answer
    assert answer.trouble in expected, answer


@pytest.mark.parametrize("how", ["tool", "shell"])
def test_nothing_next_door_changes(client: str, how: str, tmp_path: Path) -> None:
    door = tmp_path / "next door"
    door.mkdir()
    (door / "train.py").write_text(TRAIN)
    target = door / "train.py"
    script = edits(str(target), "mine\n") if how == "tool" else runs(f"echo mine > '{target}'; echo > '{door}/new'")
    asked(client, script, tmp_path, "turns=20")
    assert {path.name: path.read_text() for path in door.iterdir()} == {"train.py": TRAIN}
    assert (tmp_path / "repo" / "train.py").read_text() == TRAIN
    assert not (tmp_path / "person").exists()

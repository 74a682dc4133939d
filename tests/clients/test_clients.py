"""Real coding clients, driven by a scripted model on loopback: their edits arrive, what ails them is told apart, and
nothing outside of their folder changes (`driven` looks after every turn).

Whichever of the clients is on PATH is tried.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from overnight.measure.sandbox.choose import examine
from overnight.model import Level, Proposal, Wait
from overnight.testing.model_server import (
    Line,
    bad_json,
    changes,
    drops,
    edits,
    elided,
    hangs,
    html,
    loops,
    refuses,
    runs,
    says,
)
from tests.clients.driven import EDITED, PLACES, TWICE, asked, door, needs, work

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

IMPATIENT = ("claude", "codex", "pi")
"""The others try again for minutes, without a word, when a service fails."""


@pytest.fixture(params=PLACES)
def client(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    needs(name)
    return name


def wider(tmp_path: Path) -> Line:
    return changes(str(work(tmp_path) / "train.py"), "WIDTH = 4  # 1..64", "WIDTH = 8  # 1..64", "wider")


def test_an_edit_arrives_as_a_proposal(client: str, tmp_path: Path) -> None:
    answer = asked(client, wider(tmp_path), tmp_path)
    assert isinstance(answer, Proposal), answer
    assert answer.files == {"train.py": EDITED}
    assert (answer.origin, answer.hypothesis) == (f"{client}:scripted", "Done: wider.")
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
    answer = asked(client, wider(tmp_path), tmp_path, sandbox=str(level))
    assert isinstance(answer, Proposal), answer


@pytest.mark.parametrize(
    ("script", "options", "expected"),
    [
        (says("I would rather not."), "", "no-edit"),
        (loops("train.py"), "turns=12", "loop"),
        (hangs(), "idle=20", "silent"),
        (refuses(401, "invalid key"), "", "login"),
    ],
    ids=["text", "loop", "hang", "401"],
)
def test_what_ails_it_is_told_apart(client: str, script: Line, options: str, expected: str, tmp_path: Path) -> None:
    answer = asked(client, script, tmp_path, options)
    assert isinstance(answer, Wait), answer
    assert answer.trouble == expected, answer


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (refuses(429, "slow down", retry_after=1), "rate"),
        (refuses(500, "oops"), "down"),
        (html(), "bad-reply"),
        (bad_json(), "bad-reply"),
        (drops(), "down"),
    ],
    ids=["429", "500", "html", "badjson", "drop"],
)
def test_what_ails_its_service_is_told_apart(client: str, script: Line, expected: str, tmp_path: Path) -> None:
    if client not in IMPATIENT:
        pytest.skip(f"{client} tries again for minutes")
    answer = asked(client, script, tmp_path)
    assert isinstance(answer, Wait), answer
    assert answer.trouble == expected, answer


def test_a_file_of_which_only_the_start_is_there_is_refused(client: str, tmp_path: Path) -> None:
    answer = asked(client, elided(str(work(tmp_path) / "train.py"), "import os\n\nWIDTH = 8"), tmp_path)
    assert isinstance(answer, Wait), answer
    assert answer.trouble in ("bad-reply", "no-edit"), answer


def test_an_ambiguous_edit_is_refused_or_made_once(client: str, tmp_path: Path) -> None:
    """That is up to the client; never is it made in both places."""
    answer = asked(client, changes(str(work(tmp_path) / "train.py"), TWICE, "# another line\n"), tmp_path)
    if isinstance(answer, Proposal):
        assert answer.files["train.py"].count(TWICE) == 1, answer
    else:
        assert answer.trouble == "no-edit", answer


@pytest.mark.parametrize("how", ["tool", "shell"])
def test_nothing_next_door_changes(client: str, how: str, tmp_path: Path) -> None:
    target = door(tmp_path)
    files = "'next door/train.py' 'next door/new' repo/train.py repo/.git/config person/.bashrc"
    shell = f"cd {tmp_path}; for f in {files}; do"
    script = edits(str(target), "mine\n") if how == "tool" else runs(f'{shell} echo mine > "$f"; done')
    asked(client, script, tmp_path, "turns=20")

"""The recipes of docs/agents.md, tried as they stand there but for the model, where the program is on PATH."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from overnight.model import Proposal, Wait
from overnight.testing.model_server import Line, edits, model_server, refuses, runs
from tests.clients.driven import EDITED, driven, needs

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

DOCS = Path(__file__).parents[2] / "docs" / "agents.md"
RECIPES = {found[1]: found[0] for found in re.finditer(r"^command (aider|mini) .*$", DOCS.read_text(), re.MULTILINE)}
MINI = {"MSWEA_CONFIGURED": "true", "MSWEA_COST_TRACKING": "ignore_errors"}  # nobody knows what our model costs
SED = "sed -i 's/WIDTH = 4/WIDTH = 8/' train.py"
DONE = runs("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
EDITS: dict[str, list[Line]] = {
    "aider": [edits("train.py", EDITED)],
    "mini": [runs(SED), DONE],
}


def asked(name: str, script: list[Line], tmp_path: Path) -> Proposal | Wait:
    needs(name)
    with model_server(script) as server:
        environ = {"OPENAI_API_KEY": "dummy", "OPENAI_API_BASE": f"{server.url}/v1", **MINI}
        here = f" model=openai/scripted env={','.join(environ)}"
        line = re.sub(r" model=\S+ env=\S+", here, RECIPES[name])
        return driven(f"{line} seconds=240", server, tmp_path, environ=environ)


@pytest.mark.parametrize("name", EDITS)
def test_its_edit_arrives(name: str, tmp_path: Path) -> None:
    answer = asked(name, EDITS[name], tmp_path)
    assert isinstance(answer, Proposal), answer
    assert answer.files == {"train.py": EDITED}
    assert set(answer.notes) <= {"model"}


def test_a_refusal_that_is_only_printed_is_told_apart(tmp_path: Path) -> None:
    """aider ends well when its service refuses it."""
    answer = asked("aider", [refuses(401, "invalid key")], tmp_path)
    assert isinstance(answer, Wait), answer
    assert answer.trouble == "login", answer

"""What docs/doors.md says is what happens."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from overnight.doors.answer import Answer, State
from tests.nights import toy_repo

PAGE = (Path(__file__).parents[2] / "docs/doors.md").read_text()


def block(language: str) -> str:
    return str(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[0])


@pytest.mark.slow
def test_the_example_in_python_gets_its_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = block("python").replace("path/to/repo", str(toy_repo(tmp_path / "toy")))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "keep better than the branch was 1.68\n"


def test_the_document_has_the_fields_of_an_answer() -> None:
    assert set(json.loads(block("json"))) == {*(field.name for field in fields(Answer)), "kept"}


def test_the_states_are_named() -> None:
    sentence = next(part for part in PAGE.split("\n\n") if part.startswith("`state` is"))
    assert [state for state in State if f"`{state}`" in sentence] == list(State)


def test_overnight_itself_imports_nothing_for_it() -> None:
    heavy = "import sys, overnight; print('overnight.doors.open' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

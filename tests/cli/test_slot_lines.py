"""doctor tells which slots a night here would have, or why it could not have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import typed
from tests.nights import PROGRAM, toy_repo


@pytest.mark.parametrize(
    ("keys", "state", "words"),
    [("slots: 1\ncores: 1", "ok", "1 by program.md"), ("cores: 1000", "warn", "1 slot of 1000 cores cannot be had")],
)
def test_doctor_tells_the_slots_of_the_program_here(tmp_path: Path, keys: str, state: str, words: str) -> None:
    root = toy_repo(tmp_path / "toy", PROGRAM.replace("policy: greedy", keys))
    found = json.loads(typed(root, "doctor", "--json").output)
    (line,) = [finding for finding in found if finding["what"] == "slots"]
    assert line["state"] == state
    assert words in f"{line['seen']}: {line['advice']}"
    assert ("slot-1" in {finding["what"] for finding in found}) == (state == "ok")

"""check: what is said of the agents before a night. The rest of the read-back is tested in tests/show/test_views.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import typed
from tests.nights import toy_repo


def agents(tmp_path: Path, *lines: str) -> tuple[int, list[tuple[str, str]]]:
    root = toy_repo(tmp_path / "toy")
    done = typed(root, "check", *(word for line in lines for word in ("--agent", line)), "--json")
    return done.exit_code, [(each["state"], each["found"]) for each in json.loads(done.stdout)["agents"]]


def test_each_agent_is_looked_for(tmp_path: Path) -> None:
    url = "base_url=http://localhost:1"
    assert agents(tmp_path, "search", f"chat openai:m {url}", "command /bin/sh x", "command no-such-program") == (
        0,
        [
            ("ok", "m at http://localhost:1, without a key"),
            ("ok", "/bin/sh"),
            ("warn", "no-such-program is not on PATH"),
        ],
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("claud", "no agent is called 'claud': did you mean claude?"),
        ("claude secnds=3", "there is no option secnds=: did you mean seconds=?"),
        ("chat openai", "does not say which model"),
    ],
)
def test_a_line_that_cannot_be_meant_is_an_error_that_says_what_to_do(tmp_path: Path, line: str, words: str) -> None:
    code, [(state, found)] = agents(tmp_path, line)
    assert (code, state, words in found) == (2, "error", True), found


def test_where_only_the_search_proposes_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert agents(tmp_path) == (0, [])

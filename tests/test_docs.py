"""What the docs say is what the program does."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from overnight import wiring
from overnight.cli.app import COMMANDS, overnight
from overnight.named import named
from overnight.program.facts import Facts
from overnight.program.read import read
from overnight.program.settings import KEYS
from tests.nights import TRAIN, make_repo, toy_repo
from tests.test_wiring import night

TREE = Path(__file__).parents[1]
PAGES = sorted([*TREE.glob("*.md"), *(TREE / "docs").glob("*.md"), *(TREE / "labs").glob("*/README.md")])


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (TREE / page).read_text(), re.DOTALL)


def test_every_key_is_explained() -> None:
    named = re.findall(r"^\| `([a-z_.]+)` \|", (TREE / "docs/program.md").read_text(), re.MULTILINE)
    assert named == list(KEYS)


def test_the_example_program_is_read() -> None:
    text = blocks("docs/program.md", "yaml")[0]
    assert yaml.safe_load(text.split("---")[1])
    nothing = Facts(
        frozenset({"train.py", "prepare.py"}), lambda _: "", lambda _: True, lambda _: False, lambda _: True
    )
    assert read(Path("program.md"), text, "", nothing).kill_after_seconds == 600


@pytest.mark.slow
def test_the_example_queries_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    night(toy_repo(tmp_path / "toy"), experiments="1")
    with sqlite3.connect(tmp_path / "toy/.git/overnight/t/ledger.db") as db:
        for statement in blocks("docs/ledger.md", "sql")[0].split(";")[:-1]:
            found = db.execute(statement).fetchall()
            assert found or "FROM worth" in statement or "FROM claim" in statement  # a night of `greedy` has neither
    db.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TREE)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TREE)))
def test_files_that_are_named_exist(page: Path) -> None:
    rooms = "cli|show|night|propose|compute|judge|measure|ledger|repo|program"
    for name in re.findall(rf"`((?:{rooms})/\w+\.(?:py|sql))`", page.read_text()):
        assert (TREE / "src/overnight" / name).exists(), f"{page} names {name}"


def command_pages() -> str:
    """docs/commands.md: every help page, as it is printed."""
    pages = [
        "# Commands\n\nMade from the help pages: `python -m tests.test_docs` writes this file, a test compares it.\n"
    ]
    for name in ["", *COMMANDS]:
        asked = CliRunner().invoke(overnight, [*name.split(), "--help"], prog_name="overnight", terminal_width=100)
        pages.append(f"## overnight {name}".rstrip() + f"\n\n```text\n{asked.output.rstrip()}\n```\n")
    return "\n".join(pages)


def test_the_help_pages_are_the_ones_in_the_docs() -> None:
    assert (TREE / "docs/commands.md").read_text() == command_pages()


def test_the_tables_lead_to_classes() -> None:
    for table in (wiring.PROPOSERS, wiring.POLICIES):
        for name in table:
            assert isinstance(named(name, table, "thing"), type)


def commands(page: str) -> list[str]:
    lines = [line.partition("#")[0].strip() for block in blocks(page, "sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("overnight ")]


@pytest.mark.slow
def test_the_commands_of_the_readme_work_in_their_order(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "mine", {"train.py": TRAIN})
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for command in commands("README.md"):
        argv = [sys.executable, "-m", *command.split()]
        if command == "overnight init":
            argv += ["--metric", "loss", "--edit", "train.py", "--run", "python train.py", "--time-box", "2s"]
        if command == "overnight run":
            argv += ["--experiments", "4", "--seed", "7"]  # of these, some are kept
        if command == "overnight clean":
            argv += ["--yes"]
        done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False)
        expected = 1 if "--attack" in command else 0  # the toy prints its own number, and is told so
        assert done.returncode == expected, f"{command}\n{done.stdout}\n{done.stderr}"


if __name__ == "__main__":
    (TREE / "docs/commands.md").write_text(command_pages())

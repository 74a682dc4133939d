"""overnight brief."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import typed
from tests.nights import toy_repo


def test_before_the_first_night_it_is_made_from_program_md(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    done = typed(root, "brief", "--for", "blocks", "--direction", "look here")
    assert done.exit_code == 0, done.output
    assert "Make the loss smaller." in done.stdout
    assert "WIDTH = 4  # 1..64" in done.stdout
    assert "Nothing has been tried yet." in done.stdout
    assert "look here" in done.stdout
    assert "<<<<<<< SEARCH" in done.stdout
    assert "tokens" in done.stderr


def test_it_tells_what_a_night_did(night: Path) -> None:
    done = typed(night, "brief", "--tag", "mar5")
    assert done.exit_code == 0, done.output
    assert "Kept, newest last" in done.stdout
    assert "Failed when they ran" in done.stdout
    assert "the same program as experiment 1" in done.stdout
    assert "WIDTH = 4" not in done.stdout  # the incumbent's files


def test_a_night_that_is_not_there_is_named(night: Path) -> None:
    done = typed(night, "brief", "--tag", "nosuch")
    assert done.exit_code == 2
    assert "nosuch" in done.output

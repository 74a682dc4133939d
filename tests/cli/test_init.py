from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import typed
from tests.nights import TRAIN, make_repo

BENCH = 'import random\nprint("seconds:", 2 + random.random())\nprint("wins:", 3)\n'
ASK = ("--run", "python bench.py", "--edit", "solver.py")


def repo(tmp_path: Path, bench: str = BENCH) -> Path:
    return make_repo(tmp_path / "repo", {"bench.py": bench, "solver.py": "X = 1\n"})


def test_init_tries_the_command_and_writes_a_program_that_reads_back(tmp_path: Path) -> None:
    root = repo(tmp_path)
    done = typed(root, "init", *ASK, "--metric", "seconds")
    assert done.exit_code == 0, done.output
    assert "wins        3.000000  3.000000" in done.output
    assert "seconds does not repeat" in done.output
    assert "experiments in eight hours" in done.output
    assert typed(root, "check").exit_code == 0


@pytest.mark.slow
@pytest.mark.smoke
def test_init_guesses_what_is_evident(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "repo", {"train.py": TRAIN})
    done = typed(root, "init")
    assert done.exit_code == 0, done.output
    assert "edit: train.py" in (root / "program.md").read_text()
    assert "loss is 2.480000 both times" in done.output


def test_init_names_all_that_it_cannot_guess(tmp_path: Path) -> None:
    root = repo(tmp_path)
    done = typed(root, "init")
    assert done.exit_code == 2
    assert "--edit and --run" in done.output
    assert not (root / "program.md").exists()


def test_init_does_not_choose_between_numbers(tmp_path: Path) -> None:
    root = repo(tmp_path)
    done = typed(root, "init", *ASK)
    assert done.exit_code == 2
    assert "--metric" in done.output
    assert not (root / "program.md").exists()


def test_a_metric_that_is_not_printed_is_refused_with_what_is_there(tmp_path: Path) -> None:
    root = repo(tmp_path)
    done = typed(root, "init", *ASK, "--metric", "second")
    assert done.exit_code == 2
    assert "no number called second was printed; there is" in done.output
    assert not (root / "program.md").exists()


def test_a_command_that_fails_leaves_nothing(tmp_path: Path) -> None:
    root = repo(tmp_path, "raise ValueError('no data')\n")
    done = typed(root, "init", *ASK, "--metric", "seconds")
    assert done.exit_code == 2
    assert "ValueError: no data" in done.output
    assert not (root / "program.md").exists()
    assert not (root / ".git" / "overnight").exists()


def test_init_overwrites_only_when_told(tmp_path: Path) -> None:
    root = repo(tmp_path)
    (root / "program.md").write_text("mine")
    words = ("init", *ASK, "--metric", "seconds", "--no-run")
    assert typed(root, *words).exit_code == 2
    assert (root / "program.md").read_text() == "mine"
    assert typed(root, *words, "--force").exit_code == 0
    assert "metric: seconds" in (root / "program.md").read_text()

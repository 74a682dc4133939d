from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from overnight.repo.rebase import rebase
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot
from tests.repo.conftest import Make, Open

START = {"train.py": "".join(f"line {n}\n" for n in range(20)), "other.py": "same\n"}
Files = Mapping[str, str]


def rebased(repo: Repo, change: Files, onto: Files) -> Files | None:
    head = repo.head()
    theirs, ours = (snapshot(repo, head, files, "m", at=0) for files in (change, onto))
    return rebase(repo, head, theirs, ours, [*change, "other.py"])


def changed(*pairs: tuple[str, str], ending: str = "\n") -> Files:
    text = START["train.py"]
    for old, new in pairs:
        text = text.replace(f"{old}\n", new)
    return {"train.py": text.replace("\n", ending)}


@pytest.fixture
def plain(make: Make, tmp_path: Path, opened: Open) -> Repo:
    return opened(make(tmp_path / "plain", START))


def test_changes_of_different_lines_are_both_in_the_result(plain: Repo) -> None:
    both = changed(("line 2", "change\n"), ("line 15", "incumbent\n"))
    assert rebased(plain, changed(("line 2", "change\n")), changed(("line 15", "incumbent\n"))) == both


def test_changes_of_the_same_line_are_a_conflict(plain: Repo) -> None:
    assert rebased(plain, changed(("line 2", "change\n")), changed(("line 2", "incumbent\n"))) is None


def test_line_endings_and_a_missing_last_one_survive(plain: Repo) -> None:
    both = changed(("line 2", "a\r\n"), ("line 19", "end"))
    assert rebased(plain, changed(("line 2", "a\r\n")), changed(("line 19", "end"))) == both


def test_a_file_that_the_incumbent_left_alone_is_taken_as_it_is(plain: Repo) -> None:
    assert rebased(plain, {"new.py": "new\n"}, {"other.py": "incumbent\n"}) == {"new.py": "new\n"}


def test_a_change_that_the_incumbent_has_already_is_empty(plain: Repo) -> None:
    assert rebased(plain, {"new.py": "new\n"}, {"new.py": "new\n"}) == {}


def test_two_new_files_of_one_name_are_a_conflict(plain: Repo) -> None:
    assert rebased(plain, {"new.py": "mine\n"}, {"new.py": "theirs\n"}) is None

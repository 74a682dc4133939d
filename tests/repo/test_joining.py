from __future__ import annotations

from pathlib import Path

import pytest

from overnight.errors import GitError
from overnight.repo.joining import Joiner, tree_of
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot
from tests.repo.conftest import Sh


def change(repo: Repo, **files: str) -> str:
    """A commit on HEAD; `train="…"` is train.py."""
    return snapshot(repo, repo.head(), {f"{name}.py": text for name, text in files.items()}, "change", at=1)


def test_changes_of_different_files_are_joined(repo: Repo) -> None:
    joined = Joiner(repo).join(change(repo, train="a\n"), change(repo, prepare="b\n"))
    assert joined.conflicts == ()
    assert joined.tree == tree_of(repo, change(repo, train="a\n", prepare="b\n"))


def test_a_conflict_names_its_files(repo: Repo) -> None:
    joined = Joiner(repo).join(change(repo, train="a\n", prepare="c\n"), change(repo, train="b\n", prepare="d\n"))
    assert joined.conflicts == ("prepare.py", "train.py")


def test_a_merge_driver_of_the_users_is_never_run_and_counts_as_a_conflict(repo: Repo, sh: Sh, tmp_path: Path) -> None:
    mark = tmp_path / "sprung"
    (repo.root / ".gitattributes").write_text("*.py merge=mine\n")
    sh(f"git config merge.mine.driver 'touch {mark}'", repo.root)
    ours = change(repo, train="LR = 0.2\nDEPTH = 4\n")
    assert Joiner(repo).join(ours, change(repo, train="LR = 0.1\nDEPTH = 4\nMORE = 1\n")).conflicts == ("train.py",)
    assert not mark.exists()


def test_what_is_at_odds_is_named_by_its_place(repo: Repo) -> None:
    tips = [change(repo, train="a\n"), change(repo, prepare="p\n"), change(repo, train="b\n")]
    assert Joiner(repo).at_odds(tips, tree_of(repo, repo.head())) == {0, 2}


def test_what_merges_into_another_tree_is_at_odds_as_a_whole(repo: Repo) -> None:
    tips = [change(repo, train="a\n"), change(repo, prepare="p\n")]
    joiner = Joiner(repo)
    assert joiner.at_odds(tips, tree_of(repo, repo.head())) == {0, 1}
    assert joiner.at_odds(tips, tree_of(repo, change(repo, train="a\n", prepare="p\n"))) == frozenset()


def test_histories_without_a_common_commit_are_gits_to_refuse(repo: Repo) -> None:
    alone = repo.commit(tree_of(repo, repo.head()), [], repo.user, 5, "alone")
    with pytest.raises(GitError, match="unrelated histories"):
        Joiner(repo).join(repo.head(), alone)

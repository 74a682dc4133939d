from __future__ import annotations

from pathlib import Path

import pytest

from overnight.errors import GitError, UsageError
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot
from overnight.repo.taking import checked_out_branch, fast_forward, refuse_obstacles
from tests.repo.conftest import Open, Sh


def ahead(repo: Repo, path: str = "train.py") -> str:
    return snapshot(repo, repo.head(), {path: "new\n"}, "ahead", at=1)


def test_branch_index_and_files_move_together_and_the_reflog_says_why(repo: Repo, sh: Sh) -> None:
    commit = ahead(repo)
    fast_forward(repo, commit, "overnight accept mar5")
    assert (repo.head(), checked_out_branch(repo)) == (commit, "refs/heads/main")
    assert (repo.root / "train.py").read_text() == "new\n"
    assert sh("git status --porcelain", repo.root) == ""
    assert "overnight accept mar5" in sh("git reflog -1", repo.root)


def test_the_users_options_for_a_merge_do_not_change_what_is_done(repo: Repo, sh: Sh) -> None:
    sh("git config branch.main.mergeOptions '--squash --no-ff' && git config merge.autoStash true", repo.root)
    commit = ahead(repo)
    fast_forward(repo, commit, "why")
    assert repo.head() == commit


@pytest.mark.parametrize(
    "edit", ["echo mine > train.py", "echo mine > train.py; git add train.py", "git rm -q train.py"]
)
def test_an_edit_in_the_way_is_named(repo: Repo, sh: Sh, edit: str) -> None:
    sh(edit, repo.root)
    with pytest.raises(UsageError, match=r"would be overwritten: train\.py\. Commit it or set it aside"):
        refuse_obstacles(repo, ahead(repo))


def test_a_file_that_git_ignores_is_in_the_way_too(repo: Repo) -> None:
    (repo.root / ".git/info").mkdir(exist_ok=True)
    (repo.root / ".git/info/exclude").write_text("out.txt\n")
    (repo.root / "out.txt").write_text("mine\n")
    commit = ahead(repo, "out.txt")
    with pytest.raises(UsageError, match=r"out\.txt"):
        refuse_obstacles(repo, commit)
    with pytest.raises(GitError, match="overwritten"):
        fast_forward(repo, commit, "why")
    assert (repo.root / "out.txt").read_text() == "mine\n"


def test_edits_elsewhere_are_not_in_the_way(repo: Repo) -> None:
    (repo.root / "prepare.py").write_text("mine\n")
    refuse_obstacles(repo, ahead(repo))


def test_a_linked_worktree_moves_its_own_branch(repo: Repo, sh: Sh, opened: Open, tmp_path: Path) -> None:
    sh(f"git worktree add -q -b side '{tmp_path}/a side'", repo.root)
    side = opened(tmp_path / "a side")
    commit = ahead(side)
    fast_forward(side, commit, "why")
    assert (side.head(), checked_out_branch(side)) == (commit, "refs/heads/side")
    assert repo.head() != commit

"""What the user would notice: that anything of theirs was changed, or anything they did not start was run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from overnight.repo.checkout import Pristine
from overnight.repo.rebase import rebase
from overnight.repo.refs import kept_commit, log_entry, log_genesis, move, unlock
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot
from overnight.step import unwatched
from tests.repo.conftest import Open, Sh

LOG, BRANCH = "refs/overnight/n1/t", "refs/heads/autoresearch/t"


def night(repo: Repo, tmp_path: Path) -> None:
    """Everything that the night ever asks of this room."""
    head = repo.head()
    repo.node(), repo.dirty(["train.py", "**/*.py"]), repo.ignored("data"), repo.texts(head, repo.tracked_files(head))
    candidate = snapshot(repo, head, {"train.py": "LR = 2\n"}, "try", at=1)
    other = snapshot(repo, head, {"src/deep/er.py": "x = 2\n"}, "other", at=1)
    assert rebase(repo, head, candidate, other, ["train.py", "src/deep/er.py"])
    Pristine(repo, tmp_path / "cache").checkout(candidate, tmp_path / "run")
    tip = log_genesis(repo, 0, "night")
    entry = log_entry(repo, tip, candidate, b"{}", 2, "entry")
    move(repo, LOG, entry, None)
    move(repo, BRANCH, kept_commit(repo, candidate, head, "keep", 3), None)
    unlock(repo, [LOG, BRANCH])


def state(root: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of every file of the user's: all but the objects, and the refs and files that are ours."""
    ours = tuple(f".git/{path}" for path in ("objects", "overnight", "refs/overnight", BRANCH, f"logs/{BRANCH}"))
    names = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    return {n: (p.read_bytes(), p.stat().st_mtime_ns) for n, p in names.items() if not n.startswith(ours)}


def test_working_tree_index_head_and_config_keep_bytes_and_times(
    root: Path, tmp_path: Path, opened: Open, sh: Sh
) -> None:
    sh("echo edited >> train.py && echo staged >> prepare.py && git add prepare.py && echo new > new.txt", root)
    (root / "src/deep/er.py").touch()  # stale in the index: `git status` would like to write it anew
    before = state(root)
    night(opened(root), tmp_path)
    assert state(root) == before


HOOKS = ["reference-transaction", "post-index-change", "post-checkout", "pre-commit", "post-commit", "pre-auto-gc"]
KEYS = [
    *("core.fsmonitor", "core.pager", "core.editor", "core.askPass", "core.sshCommand", "credential.helper"),
    *("diff.external", "diff.t.textconv", "diff.t.command", "merge.m.driver", "gpg.program"),
    *("pager.status", "pager.ls-tree", "alias.update-ref", "alias.cat-file"),
]


@pytest.fixture
def trap(root: Path, tmp_path: Path, sh: Sh) -> Path:
    """Wherever git can be told to start a program, this one is named. It leaves a mark."""
    program, mark = tmp_path / "trap", tmp_path / "sprung"
    program.write_text(f"#!/bin/sh\necho $0 $* >> '{mark}'\n")
    program.chmod(0o755)
    (root / ".gitattributes").write_text("* diff=t merge=m\n")
    (root / ".git/hooks").mkdir(exist_ok=True)
    for hook in HOOKS:
        (root / ".git/hooks" / hook).symlink_to(program)
    for key in KEYS:
        sh(f"git config {key} '{program}'", root)
    sh("git config commit.gpgSign true && git config core.hooksPath .git/hooks && git config gc.auto 1", root)
    return mark


def test_nothing_that_the_repository_plants_is_ever_run(trap: Path, root: Path, tmp_path: Path, opened: Open) -> None:
    night(opened(root), tmp_path)
    assert not trap.exists()


def test_the_traps_work(trap: Path, root: Path, sh: Sh) -> None:
    sh("git status && git update-ref refs/heads/x HEAD && git diff HEAD^{tree} HEAD~0", root)
    sprung = trap.read_text()
    assert all(word in sprung for word in ("hooks/post-index-change", "hooks/reference-transaction", "/trap"))


class Killed(BaseException):
    pass


def killed_at(step: int) -> Callable[[str], None]:
    counter = iter(range(step))

    def count(name: str) -> None:
        if next(counter, None) is None:
            raise Killed

    return count


def record(repo: Repo, number: int) -> tuple[str | None, str | None]:
    """What a keep writes, on refs of its own; the tips of its log and its branch."""
    log, branch, head = f"{LOG}{number}", f"{BRANCH}{number}", repo.head()
    candidate = snapshot(repo, head, {"train.py": "LR = 2\n"}, "try", at=1)
    genesis = log_genesis(repo, 0, "night")
    move(repo, log, log_entry(repo, genesis, candidate, b"{}", 2, "entry"), None)
    move(repo, branch, kept_commit(repo, candidate, head, "keep", 3), None)
    return repo.branch_tip(log), repo.branch_tip(branch)


def test_a_record_may_be_broken_off_at_every_step_and_made_again(repo: Repo) -> None:
    steps: list[str] = []
    repo.step = steps.append
    whole = record(repo, 0)
    for step in range(len(steps)):
        repo.step = killed_at(step)
        with pytest.raises(Killed):
            record(repo, step + 1)
        repo.step = unwatched
        assert record(repo, step + 1) == whole

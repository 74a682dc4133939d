from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from overnight.errors import GitError, RefMoved
from overnight.repo.refs import hold, kept_commit, log_entry, log_genesis, move, trailers, unlock
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot
from tests.nights import git, make_repo
from tests.repo.conftest import Open, Sh

LOG, BRANCH, HELD = "refs/overnight/n1/t", "refs/heads/autoresearch/t", "refs/overnight/n1/t-open/1"


def candidate(repo: Repo, number: int) -> str:
    return snapshot(repo, repo.head(), {"train.py": f"LR = {number}\n"}, f"try {number}", at=float(number))


def chain(repo: Repo) -> list[str]:
    """Genesis and three entries; the last is the tip."""
    tips = [log_genesis(repo, at=0.0, subject="night t")]
    for number in (1, 2, 3):
        record = json.dumps({"experiment": number}).encode()
        tips.append(log_entry(repo, tips[-1], candidate(repo, number), record, float(number), f"{number} discard"))
    return tips


def test_first_parents_of_the_log_are_its_entries(root: Path, repo: Repo, sh: Sh) -> None:
    tips = chain(repo)
    assert sh(f"git rev-list --first-parent {tips[-1]}", root).split() == tips[::-1]


def test_every_candidate_is_reachable_from_the_log(root: Path, repo: Repo, sh: Sh) -> None:
    reachable = sh(f"git rev-list {chain(repo)[-1]}", root).split()
    assert {candidate(repo, number) for number in (1, 2, 3)} <= set(reachable)


def test_an_entry_holds_the_record_byte_for_byte(repo: Repo) -> None:
    record = b'{"b": 1,  "a": 2}\r\n'
    entry = log_entry(repo, log_genesis(repo, 0, "g"), repo.head(), record, 0, "s")
    assert repo.read(entry, "record.json") == record


def test_the_chain_done_again_is_the_same_chain(root: Path, repo: Repo, sh: Sh) -> None:
    assert chain(repo) == chain(repo)
    sh("git fsck --strict --no-dangling", root)


def test_entries_and_keeps_do_not_depend_on_who_resumes(root: Path, repo: Repo, opened: Open) -> None:
    first, other = candidate(repo, 1), opened(root, GIT_AUTHOR_NAME="Z", GIT_AUTHOR_EMAIL="z@x")
    made = [
        (log_entry(r, r.head(), first, b"{}", 5, "s"), kept_commit(r, first, r.head(), "m", 6)) for r in (repo, other)
    ]
    assert made[0] == made[1]


def test_a_kept_commit_is_the_candidates_tree_on_the_branch(root: Path, repo: Repo, sh: Sh) -> None:
    tip = kept_commit(repo, candidate(repo, 1), repo.head(), "one", at=10)
    kept = kept_commit(repo, candidate(repo, 2), tip, "two", at=20)
    assert repo.read(kept, "train.py") == b"LR = 2\n"
    assert sh(f"git log --format='%s %at %ct %P' -1 {kept}", root) == f"two 20 20 {tip}"


def test_git_reads_the_trailers(root: Path, repo: Repo, sh: Sh) -> None:
    block = trailers({"Experiment": "mar5/7", "Removes": "", "Evidence": "2 runs;\n P(no gain) 0.1", "Agent": "search"})
    kept = kept_commit(repo, repo.head(), repo.head(), f"LR 1 → 2\n\nbody\n\n{block}", at=0)
    assert sh(f"git show -s --format='%(trailers)' {kept}", root).splitlines() == [
        "Overnight-Experiment: mar5/7",
        "Overnight-Evidence: 2 runs; P(no gain) 0.1",
        "Overnight-Agent: search",
    ]


# moving refs


def test_a_ref_is_created_and_moved(repo: Repo) -> None:
    one, two = candidate(repo, 1), candidate(repo, 2)
    move(repo, LOG, one, None)
    move(repo, LOG, two, one)
    assert repo.branch_tip(LOG) == two


@pytest.mark.parametrize("ref", [LOG, BRANCH])
def test_moving_again_is_success(ref: str, repo: Repo) -> None:
    one, two = candidate(repo, 1), candidate(repo, 2)
    for new, old in [(one, None), (one, None), (two, one), (two, one)]:
        move(repo, ref, new, old)
    assert repo.branch_tip(ref) == two


def test_what_is_held_is_let_go_with_the_move_and_not_without_it(root: Path, repo: Repo, sh: Sh) -> None:
    one, two = candidate(repo, 1), candidate(repo, 2)
    hold(repo, HELD, one)
    sh(f"git update-ref {LOG} HEAD", root)
    with pytest.raises(RefMoved):
        move(repo, LOG, two, one, HELD)
    assert repo.branch_tip(HELD) == one
    for _ in range(2):  # the second time there is nothing to do
        move(repo, LOG, two, repo.head(), HELD)
    assert (repo.branch_tip(LOG), repo.branch_tip(HELD)) == (two, None)


def test_somebody_elses_value_is_left_alone_and_named(root: Path, repo: Repo, sh: Sh) -> None:
    one, two = candidate(repo, 1), candidate(repo, 2)
    sh(f"git update-ref {BRANCH} HEAD", root)
    with pytest.raises(RefMoved, match=f"(?s){repo.head()}.*{one}.*git update-ref"):
        move(repo, BRANCH, two, one)
    assert repo.branch_tip(BRANCH) == repo.head()


def test_a_ref_that_should_be_new_is_not_taken_over(root: Path, repo: Repo, sh: Sh) -> None:
    sh(f"git update-ref {BRANCH} HEAD", root)
    with pytest.raises(RefMoved, match="exists already"):
        move(repo, BRANCH, candidate(repo, 1), None)


def test_a_ref_that_somebody_removed_is_not_made_again(repo: Repo) -> None:
    with pytest.raises(RefMoved, match="is gone"):
        move(repo, BRANCH, candidate(repo, 2), candidate(repo, 1))


def test_a_symbolic_ref_is_not_followed(root: Path, repo: Repo, sh: Sh) -> None:
    sh(f"git branch precious && git symbolic-ref {BRANCH} refs/heads/precious", root)
    head = repo.head()
    move(repo, BRANCH, candidate(repo, 1), head)
    assert repo.branch_tip("refs/heads/precious") == head


def test_what_git_refuses_is_said_in_its_words(root: Path, repo: Repo, sh: Sh) -> None:
    sh("git branch autoresearch", root)
    with pytest.raises(GitError, match="'refs/heads/autoresearch' exists"):
        move(repo, BRANCH, repo.head(), None)


def test_a_lock_file_left_on_our_ref_is_removed_and_others_are_not(root: Path, repo: Repo) -> None:
    move(repo, LOG, repo.head(), None)
    ours, theirs = root / ".git" / f"{LOG}.lock", root / ".git/refs/heads/main.lock"
    ours.touch()
    theirs.touch()
    with pytest.raises(GitError, match="lock"):
        move(repo, LOG, candidate(repo, 1), repo.head())
    assert unlock(repo, [LOG, BRANCH]) == [LOG]
    move(repo, LOG, candidate(repo, 1), repo.head())
    assert theirs.exists()


def test_an_old_git_that_answers_only_at_its_end_is_not_waited_for(tmp_path: Path) -> None:
    real, programs = shutil.which("git"), tmp_path / "bin"
    root = make_repo(tmp_path / "repo", {"a.txt": "a\n"})
    programs.mkdir()
    script = f'case "$*" in *--version) echo git version 2.30.2;; *) exec {real} "$@";; esac'
    (programs / "git").write_text(f"#!/bin/sh\n{script}\n")
    (programs / "git").chmod(0o755)
    code = (
        "import sys; from pathlib import Path; from overnight.repo.repo import Repo; from overnight.repo import refs\n"
        "repo = Repo.discover(Path(sys.argv[1])); refs.move(repo, 'refs/heads/x', repo.head(), None)\n"
        "print(len(repo.git._children))"
    )
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, "-c", code, root], env=env, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("0\n", "")
    assert git(root, "rev-parse", "x") == git(root, "rev-parse", "HEAD")

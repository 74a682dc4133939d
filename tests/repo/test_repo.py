from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from overnight.errors import GitError, RepoError
from overnight.repo.refs import kept_commit, move
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot
from tests.repo.conftest import START, Make, Open, Sh

BRANCH = "refs/heads/autoresearch/t"


# where it is


def test_is_found_from_a_subfolder(root: Path, opened: Open) -> None:
    assert (opened(root / "src/deep").root, opened(root / "src").common_dir) == (root, root / ".git")


def test_a_folder_without_a_repository_is_refused_with_what_to_do(tmp_path: Path, opened: Open) -> None:
    with pytest.raises(RepoError, match="git init"):
        opened(tmp_path)


def test_a_repository_without_a_commit_is_refused_with_what_to_do(tmp_path: Path, opened: Open, sh: Sh) -> None:
    sh("git init -q", tmp_path)
    with pytest.raises(RepoError, match="git commit"):
        opened(tmp_path)


def test_a_bare_repository_is_refused_with_what_to_do(root: Path, tmp_path: Path, opened: Open, sh: Sh) -> None:
    sh("git clone -q --bare project bare", tmp_path)
    with pytest.raises(RepoError, match="Start in a clone"):
        opened(tmp_path / "bare")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, opened: Open) -> None:
    with pytest.raises(RepoError, match="is not a folder"):
        opened(tmp_path / "nowhere")


def test_a_machine_without_git_is_told_to_install_it(root: Path, opened: Open) -> None:
    with pytest.raises(RepoError, match="Install git"):
        opened(root, PATH="/nonexistent")


def test_variables_of_a_hook_that_starts_us_do_not_mislead(root: Path, opened: Open) -> None:
    repo = opened(root, GIT_INDEX_FILE="/nonexistent", GIT_EXTERNAL_DIFF="false", GIT_CONFIG_PARAMETERS="'a.b'='c'")
    assert repo.dirty(["train.py"]) == []


def test_the_variables_that_locate_a_repository_are_honoured(root: Path, tmp_path: Path, opened: Open) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert opened(other, GIT_DIR=str(root / ".git"), GIT_WORK_TREE=str(root)).root == root


def life(repo: Repo) -> str:
    """A change that becomes a kept commit on the branch."""
    head = repo.head()
    candidate = snapshot(repo, head, {"src/deep/er.py": "x = 2\n"}, "try 2", at=1000.0)
    kept = kept_commit(repo, candidate, head, "keep 2", at=2000.0)
    move(repo, BRANCH, kept, None)
    assert repo.branch_tip(BRANCH) == kept
    assert repo.read(kept, "src/deep/er.py") == b"x = 2\n"
    assert sorted(repo.tracked_files(kept)) == sorted(START)
    return kept


@pytest.mark.parametrize("name", ["with space", "zürich ☾", 'quote"d', "line\nbreak"])
def test_any_path_will_do(name: str, make: Make, tmp_path: Path, opened: Open) -> None:
    life(opened(make(tmp_path / name)))


def test_sha256_repositories_work(make: Make, tmp_path: Path, opened: Open) -> None:
    assert len(life(opened(make(tmp_path / "sha256", init="--object-format=sha256")))) == 64


def test_a_linked_worktree_has_its_own_head_and_the_common_refs(
    root: Path, tmp_path: Path, opened: Open, sh: Sh
) -> None:
    sh("git worktree add -q ../linked -b side && cd ../linked && git commit -q --allow-empty -m side", root)
    repo = opened(tmp_path / "linked")
    assert (repo.root, repo.common_dir) == (tmp_path / "linked", root / ".git")
    assert repo.head() == sh("git rev-parse side", root)
    kept = life(repo)
    assert opened(root).branch_tip(BRANCH) == kept


def test_a_separate_git_dir_works(make: Make, tmp_path: Path, opened: Open) -> None:
    repo = opened(make(tmp_path / "project", init=f"--separate-git-dir={tmp_path}/elsewhere"))
    assert repo.common_dir == tmp_path / "elsewhere"
    life(repo)


def test_a_shallow_clone_works(root: Path, tmp_path: Path, opened: Open, sh: Sh) -> None:
    sh("git commit -q --allow-empty -m second && git clone -q --depth 1 file://$PWD ../shallow", root)
    life(opened(tmp_path / "shallow"))


def test_no_home_is_needed(root: Path, opened: Open) -> None:
    life(opened(root, HOME=""))


def test_what_a_partial_clone_lacks_is_never_fetched_but_named(
    root: Path, tmp_path: Path, opened: Open, sh: Sh
) -> None:
    sh("git config uploadpack.allowFilter true && git config uploadpack.allowAnySHA1InWant true", root)
    sh("git clone -q --no-checkout --filter=blob:none file://$PWD/project partial", tmp_path)
    repo = opened(tmp_path / "partial")
    with pytest.raises(GitError):
        repo.read(repo.head(), "train.py")


# what it holds


def test_reads_bytes_of_a_commit_not_of_the_working_tree(root: Path, repo: Repo) -> None:
    (root / "train.py").write_text("edited")
    assert repo.read(repo.head(), "train.py") == START["train.py"].encode()


@pytest.mark.parametrize("path", ["no.py", "src", "src/no.py", "train.py/x", "", "link.py"])
def test_what_is_no_plain_file_reads_as_none(path: str, root: Path, repo: Repo, sh: Sh) -> None:
    sh("ln -s train.py link.py && git add . && git commit -qm link", root)
    assert repo.read(repo.head(), path) is None


def test_texts_leave_out_what_the_commit_has_not(repo: Repo) -> None:
    assert repo.texts(repo.head(), ["train.py", "no.py"]) == {"train.py": START["train.py"]}


def test_a_file_that_is_not_utf8_is_refused_by_name(root: Path, repo: Repo, sh: Sh) -> None:
    (root / "latin.py").write_bytes(b"# \xe9\n")
    sh("git add . && git commit -qm latin", root)
    with pytest.raises(RepoError, match=r"latin\.py is not UTF-8"):
        repo.texts(repo.head(), ["latin.py"])


def test_tracked_files_have_names_of_any_bytes(root: Path, repo: Repo, sh: Sh) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/odd\n\xff\t.bin")).write_text("")
    sh("git add . && git commit -qm odd", root)
    assert os.fsdecode(b"odd\n\xff\t.bin") in repo.tracked_files(repo.head())


def test_submodules_are_no_tracked_files(root: Path, repo: Repo, make: Make, sh: Sh) -> None:
    make(root.parent / "sub")
    sh("git -c protocol.file.allow=always submodule -q add ../sub lib && git commit -qm sub", root)
    assert sorted(repo.tracked_files(repo.head())) == [".gitmodules", *sorted(START)]


def test_a_tip_follows_what_others_do_to_the_ref(root: Path, repo: Repo, sh: Sh) -> None:
    sh("git branch side && git pack-refs --all", root)
    assert repo.branch_tip("refs/heads/side") == repo.head()
    sh("git branch -D side", root)
    assert repo.branch_tip("refs/heads/side") is None


def test_a_longer_name_is_not_the_ref(root: Path, repo: Repo, sh: Sh) -> None:
    sh("git branch side/way", root)
    assert repo.branch_tip("refs/heads/side") is None


# what is beside it


@pytest.mark.parametrize(
    "edit",
    [
        "echo >> src/deep/er.py",
        "echo >> src/deep/er.py && git add .",
        "rm src/deep/er.py",
        "git rm -q --cached src/deep/er.py && rm src/deep/er.py",
        "git mv src/deep/er.py src/deep/est.py",
        "touch src/deep/new.py",
    ],
)
def test_uncommitted_changes_are_dirty(edit: str, root: Path, repo: Repo, sh: Sh) -> None:
    sh(edit, root)
    assert repo.dirty(["src/**/*.py"]) != []
    assert repo.dirty(["train.py"]) == []


def test_a_touched_file_is_not_dirty(root: Path, repo: Repo) -> None:
    os.utime(root / "train.py", (1, 1))
    assert repo.dirty(["train.py"]) == []


def test_dirty_of_no_paths_is_nothing(root: Path, repo: Repo) -> None:
    (root / "train.py").write_text("edited")
    assert repo.dirty([]) == []


def test_dirty_takes_names_with_brackets_literally(root: Path, repo: Repo) -> None:
    (root / "a[1].py").touch()
    assert repo.dirty(["a[1].py"]) == ["a[1].py"]


def test_ignored_says_what_git_ignores(root: Path, repo: Repo) -> None:
    (root / ".gitignore").write_text("data/\n")
    (root / "data").mkdir()
    (root / ":odd").mkdir()
    assert [repo.ignored(path) for path in ("data", "train.py", "../outside", ":odd")] == [True, False, False, False]


def test_the_node_is_drawn_once_for_a_clone(repo: Repo, root: Path, opened: Open) -> None:
    assert repo.node() == opened(root).node() == (root / ".git/overnight/node").read_text().split()[0]


@pytest.mark.slow
def test_nights_that_begin_at_once_draw_one_node(root: Path, opened: Open) -> None:
    for _ in range(30):
        here = [opened(root) for _ in range(4)]
        (root / ".git/overnight/node").unlink(missing_ok=True)
        with ThreadPoolExecutor() as threads:
            assert len(set(threads.map(Repo.node, here))) == 1


def test_a_copy_of_a_clone_is_another_clone(repo: Repo, root: Path, opened: Open, tmp_path: Path) -> None:
    node = repo.node()
    shutil.copytree(root, tmp_path / "copy", symlinks=True)
    assert opened(tmp_path / "copy").node() != node
    assert repo.node() == node


def test_discovering_creates_nothing(root: Path, repo: Repo) -> None:
    assert repo.read(repo.head(), "train.py")
    assert not (root / ".git/overnight").exists()


# who commits


def test_the_users_identity_is_honoured(root: Path, repo: Repo, sh: Sh) -> None:
    sh("git config user.name 'Ada Ü' && git config user.email ada@x", root)
    commit = snapshot(repo, repo.head(), {}, "m", at=0)
    assert sh(f"git show -s --format='%an %ae %cn %ce' {commit}", root) == "Ada Ü ada@x Ada Ü ada@x"


def test_an_identity_in_the_environment_is_honoured(root: Path, opened: Open, sh: Sh) -> None:
    repo = opened(root, GIT_AUTHOR_NAME="Bob", GIT_AUTHOR_EMAIL="bob@x")
    commit = snapshot(repo, repo.head(), {}, "m", at=0)
    assert sh(f"git show -s --format='%an %cn' {commit}", root) == "Bob Overnight"


def test_without_an_identity_it_is_overnights(repo: Repo) -> None:
    assert repo.user.author == b"Overnight <overnight@localhost>"

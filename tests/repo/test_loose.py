"""Objects that we write ourselves are git's own, byte for byte, and git writes them where somebody wants more of it."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from overnight.errors import GitError
from overnight.repo.objects import FILE, FOLDER, OVERNIGHT, Entry
from overnight.repo.repo import Repo
from tests.repo.conftest import Open, Sh


def written(root: Path) -> set[Path]:
    return {path for path in (root / ".git/objects").glob("??/*") if path.is_file()}


@pytest.fixture
def sha256(tmp_path: Path, sh: Sh, opened: Open) -> Repo:
    sh("git init -q --object-format=sha256 other && cd other && git commit -q --allow-empty -m start", tmp_path)
    return opened(tmp_path / "other")


@pytest.mark.parametrize("which", ["repo", "sha256"])
def test_git_reads_what_was_written_and_calls_it_by_the_same_name(
    which: str, request: pytest.FixtureRequest, sh: Sh
) -> None:
    repo: Repo = request.getfixturevalue(which)
    blob = repo.git.add("blob", b"a\r\nb\n\0\xff")
    assert sh(f"git cat-file blob {blob} | git hash-object -w --no-filters --stdin", repo.root).strip() == blob
    below = repo.git.add_tree({"x": Entry(FILE, blob)})
    names = {"a": Entry(FOLDER, below), "a.b": Entry(FILE, blob), "a0": Entry(FILE, blob), "\udcff ": Entry(FILE, blob)}
    tree = repo.git.add_tree(names)
    assert sh(f"git ls-tree -z {tree} | git mktree -z", repo.root).strip() == tree
    commit = repo.commit(tree, [repo.head()], OVERNIGHT, 1.0, "made")
    assert repo.git.tree(f"{commit}^{{tree}}") == names
    sh(f"git update-ref refs/heads/made {commit} && git fsck --strict --no-dangling", repo.root)


def test_what_is_there_is_not_written_again_but_is_new_for_the_garbage_collector(
    repo: Repo, root: Path, sh: Sh
) -> None:
    blob = repo.git.add("blob", b"one")
    file = root / ".git/objects" / blob[:2] / blob[2:]
    os.utime(file, (0, 0))
    inode = file.stat().st_ino
    assert repo.git.add("blob", b"one") == blob
    assert file.stat().st_ino == inode
    sh("git prune --expire=1.day.ago", root)
    assert file.exists()


def test_what_a_power_cut_left_empty_is_written_again(repo: Repo, root: Path) -> None:
    blob = repo.git.add("blob", b"one")
    file = root / ".git/objects" / blob[:2] / blob[2:]
    file.unlink()
    file.touch()
    assert repo.git.add("blob", b"one") == blob
    assert file.stat().st_size > 0


@pytest.mark.parametrize("setting", ["core.fsync all", "core.fsyncObjectFiles true", "core.sharedRepository group"])
def test_who_wants_more_of_loose_files_gets_them_from_git(setting: str, root: Path, sh: Sh, opened: Open) -> None:
    sh(f"git config {setting}", root)
    repo = opened(root)
    assert repo.git._loose is None
    blob = repo.git.add("blob", b"one")
    assert repo.git.get(blob).data == b"one"
    assert (
        repo.git.add_tree({"x": Entry(FILE, blob)})
        == sh(f"printf '100644 blob {blob}\tx\n' | git mktree", root).strip()
    )


def test_another_place_for_objects_is_respected(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", str(root / ".git/objects"))
    (tmp_path / "elsewhere").mkdir()
    before = written(root)
    with closing(Repo.discover(root)) as repo:
        blob = repo.git.add("blob", b"one")
    assert written(root) == before
    assert (tmp_path / "elsewhere" / blob[:2] / blob[2:]).exists()


def test_a_disk_that_is_full_is_an_error_and_leaves_nothing(
    repo: Repo, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = written(root)

    def full(old: str, new: str) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "rename", full)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(GitError, match="objects cannot be written to: No space left on device"):
        repo.git.add("blob", b"one")
    assert written(root) == before

from __future__ import annotations

from pathlib import Path

import pytest

from overnight.errors import GitError
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot
from tests.repo.conftest import Make, Open, Sh


def test_only_the_given_files_differ_from_the_parent(root: Path, repo: Repo, sh: Sh) -> None:
    (root / "prepare.py").write_text("cheat\n")
    commit = snapshot(repo, repo.head(), {"src/deep/er.py": "x = 2\n", "src/new/n.py": "new\n"}, "m", at=0)
    assert sh(f"git diff-tree -r --name-status HEAD {commit}", root) == "M\tsrc/deep/er.py\nA\tsrc/new/n.py"


def test_the_tree_is_the_one_that_git_itself_would_make(root: Path, repo: Repo, sh: Sh) -> None:
    files = {"src.py": "beside src/\n", "src/deep/er.py": "x = 2\n", "src-b/c": "", "train.py": "ü\r\n"}
    commit = snapshot(repo, repo.head(), files, "m", at=0)
    for path, text in files.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(text.encode())
    sh("git add -A", root)
    assert repo.git.get(f"{commit}^{{tree}}").oid == sh("git write-tree", root)
    sh("git fsck --strict --no-dangling", root)


def test_doing_it_again_gives_the_same_id(root: Path, repo: Repo, opened: Open) -> None:
    ids = {
        snapshot(r, r.head(), {"train.py": "LR = 1\n"}, "m", at=1234.9)
        for r in (repo, repo, opened(root, TZ="Asia/Tokyo"))
    }
    assert len(ids) == 1


def test_files_with_the_parents_text_change_nothing(repo: Repo) -> None:
    text = repo.texts(repo.head(), ["train.py"])
    same = snapshot(repo, repo.head(), text, "m", at=0)
    assert repo.git.get(f"{same}^{{tree}}").oid == repo.git.get("HEAD^{tree}").oid


def test_an_executable_file_stays_executable(root: Path, repo: Repo, sh: Sh) -> None:
    sh("chmod +x train.py && git commit -qam x", root)
    commit = snapshot(repo, repo.head(), {"train.py": "#!/bin/sh\n"}, "m", at=0)
    assert repo.files(commit)["train.py"].mode == "100755"


def test_links_submodules_and_lfs_pointers_are_carried_over(root: Path, repo: Repo, make: Make, sh: Sh) -> None:
    make(root.parent / "sub")
    (root / "big.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    (root / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    sh("git -c protocol.file.allow=always submodule -q add ../sub lib && ln -s train.py l", root)
    sh("git add -A && git commit -qm all", root)
    before, commit = repo.files(repo.head()), snapshot(repo, repo.head(), {"train.py": "LR = 1\n"}, "m", at=0)
    assert {p: e for p, e in repo.files(commit).items() if p != "train.py"} == {
        p: e for p, e in before.items() if p != "train.py"
    }


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a//b", "", "new/", ".git/config", "src/.GIT/x", "./x", "a\0b"])
def test_a_path_that_leaves_the_tree_is_refused(path: str, repo: Repo) -> None:
    with pytest.raises(GitError, match="cannot be the path"):
        snapshot(repo, repo.head(), {path: "x"}, "m", at=0)


@pytest.mark.parametrize("path", ["link.py", "src", "train.py/x"])
def test_a_link_or_folder_is_not_overwritten(path: str, root: Path, repo: Repo, sh: Sh) -> None:
    sh("ln -s train.py link.py && git add . && git commit -qm link", root)
    with pytest.raises(GitError, match="cannot be written"):
        snapshot(repo, repo.head(), {path: "x"}, "m", at=0)


def test_control_characters_of_a_hypothesis_do_not_reach_the_log(root: Path, repo: Repo, sh: Sh) -> None:
    commit = snapshot(repo, repo.head(), {}, "better\r\x1b[2Kworse\0 ☾\u2028\n\nbody", at=0)
    assert sh(f"git log -1 --format=%B {commit}", root) == "better  [2Kworse  ☾ \n\nbody"


def test_every_write_is_named_before_and_after(root: Path, opened: Open) -> None:
    steps: list[str] = []
    repo = opened(root, steps.append)
    snapshot(repo, repo.head(), {"train.py": "x"}, "m", at=0)
    assert steps == [f"snapshot.{s}.{when}" for s in ("blobs", "trees", "commit") for when in ("before", "after")]

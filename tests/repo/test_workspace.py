"""An agent sees one commit without what is hidden, and whatever it plants in its repository is never executed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from overnight.repo.repo import Repo
from overnight.repo.workspace import LONGEST, Workspace, make_workspace
from tests.nights import git, make_repo

FILES = {
    "train.py": "x = 1\n",
    "labels/hidden.txt": "secret",
    "labels/visible.txt": "3",
    "labels2.txt": "not hidden",
    'odd/na me"\n.txt': "odd",
    ".gitattributes": "*.py text eol=crlf\n",
}


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_repo(tmp_path_factory.mktemp("pattern") / "root", FILES)
    (root / "train.py").write_text("x = 2\n")
    os.symlink("train.py", root / "link")
    git(root, "add", "train.py", "link")
    git(root, "commit", "-q", "-m", "the secret of yesterday")
    return root


@pytest.fixture
def root(pattern: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pattern, tmp_path / "root", symlinks=True)


@pytest.fixture
def workspace(root: Path, tmp_path: Path) -> Workspace:
    repo = Repo.discover(root)
    made = make_workspace(repo, repo.head(), tmp_path / "agent", without=["labels/hidden.txt"])
    repo.close()
    return made


def test_it_is_one_commit_of_what_may_be_seen(workspace: Workspace) -> None:
    assert git(workspace.folder, "rev-list", "--all", "--count") == "1"
    assert git(workspace.folder, "log", "--format=%an %s") == "Overnight start"
    assert git(workspace.folder, "remote") == ""
    listed = git(workspace.folder, "ls-files", "-z").split("\0")[:-1]
    assert sorted(listed) == sorted({*FILES, "link"} - {"labels/hidden.txt"})


def test_nothing_of_what_is_hidden_or_past_can_be_found_in_it(workspace: Workspace) -> None:
    objects = git(workspace.folder, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    contents = [git(workspace.folder, "cat-file", "-p", oid) for oid in objects]
    assert not [text for text in contents if "secret" in text or text == "x = 1"]
    assert not list(workspace.folder.rglob("*hidden*"))


def test_a_hidden_folder_is_left_out_whole(root: Path, tmp_path: Path) -> None:
    repo = Repo.discover(root)
    made = make_workspace(repo, repo.head(), tmp_path / "other", without=["labels"])
    repo.close()
    assert not (made.folder / "labels").exists()
    assert (made.folder / "labels2.txt").exists()


def test_files_are_as_git_stores_them(workspace: Workspace) -> None:
    assert (workspace.folder / "train.py").read_bytes() == b"x = 2\n"
    assert os.readlink(workspace.folder / "link") == "train.py"
    assert workspace.changed() == []


def test_every_change_is_seen(workspace: Workspace) -> None:
    folder = workspace.folder
    (folder / "train.py").write_text("x = 3\n")
    (folder / "new/deep").mkdir(parents=True)
    (folder / "new/deep/file").write_text("")
    (folder / "labels2.txt").unlink()
    (folder / "labels/visible.txt").unlink()
    os.symlink("/etc/passwd", folder / "labels/visible.txt")
    os.symlink("/etc", folder / "way")
    assert workspace.changed() == ["labels/visible.txt", "labels2.txt", "new/deep/file", "train.py", "way"]
    assert workspace.read("train.py") == "x = 3\n"


@pytest.mark.parametrize(
    "plant",
    [
        lambda path: os.symlink("/etc/passwd", path),
        lambda path: os.mkfifo(path),
        lambda path: path.mkdir(),
        lambda path: os.link(path.with_name("labels2.txt"), path),
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.write_bytes(b"#" * (LONGEST + 1)),
        lambda path: None,
    ],
    ids=["link", "pipe", "folder", "second name", "no text", "too long", "nothing"],
)
def test_what_is_no_plain_text_is_not_taken_over(workspace: Workspace, plant: Callable[[Path], None]) -> None:
    path = workspace.folder / "train.py"
    path.unlink()
    plant(path)
    assert workspace.read("train.py") is None
    assert "train.py" in workspace.changed()


def test_a_linked_folder_is_not_entered(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/visible.txt").write_text("3")
    (workspace.folder / "labels/visible.txt").unlink()
    (workspace.folder / "labels").rmdir()
    os.symlink(tmp_path / "elsewhere", workspace.folder / "labels")
    assert workspace.read("labels/visible.txt") is None
    assert workspace.changed() == ["labels", "labels/visible.txt"]


def planted(folder: Path, canary: Path) -> None:
    """Every way to be executed that a repository has."""
    shot = folder / "shot.sh"
    shot.write_text(f"#!/bin/sh\ntouch '{canary}'\ncat\n")
    shot.chmod(0o755)
    hooks = folder / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"):
        (hooks / name).write_text(shot.read_text())
        (hooks / name).chmod(0o755)
    with (folder / ".git/config").open("a") as config:
        config.write(f'[core]\n fsmonitor = "{shot}"\n hooksPath = "{hooks}"\n pager = "{shot}"\n')
        config.write(f'[filter "x"]\n clean = "{shot}"\n smudge = "{shot}"\n[diff "x"]\n textconv = "{shot}"\n')
    (folder / ".gitattributes").write_text("* filter=x diff=x\n")


def test_nothing_that_an_agent_plants_is_executed(workspace: Workspace, tmp_path: Path) -> None:
    planted(workspace.folder, tmp_path / "canary")
    (workspace.folder / "train.py").write_text("x = 3\n")
    assert workspace.read("train.py") == "x = 3\n"
    assert workspace.changed() == [".gitattributes", "shot.sh", "train.py"]
    assert not (tmp_path / "canary").exists()


def test_git_itself_would_execute_it(workspace: Workspace, tmp_path: Path) -> None:
    planted(workspace.folder, tmp_path / "canary")
    git(workspace.folder, "status")
    assert (tmp_path / "canary").exists()


def test_no_template_of_the_users_gets_in(root: Path, tmp_path: Path) -> None:
    (tmp_path / "template/hooks").mkdir(parents=True)
    (tmp_path / "template/hooks/post-checkout").write_text("#!/bin/sh\n")
    (tmp_path / "config").write_text(f"[init]\n templateDir = {tmp_path / 'template'}\n")
    repo = Repo.discover(root, env={**os.environ, "GIT_CONFIG_GLOBAL": str(tmp_path / "config"), "HOME": str(tmp_path)})
    (tmp_path / ".gitconfig").write_text((tmp_path / "config").read_text())
    made = make_workspace(repo, repo.head(), tmp_path / "other")
    repo.close()
    assert not (made.folder / ".git/hooks").exists()

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import psutil
import pytest

from overnight.errors import GitError
from overnight.repo.git import KNOWN
from overnight.repo.objects import Object
from overnight.repo.repo import Repo
from tests.repo.conftest import Open, Sh

HOLDER = """
import fcntl, os, pathlib, sys
from overnight.repo.repo import Repo
lock = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
repo = Repo.discover(pathlib.Path(sys.argv[1])).for_night(pass_fds=(lock,))
repo.read(repo.head(), "train.py"); repo.git.add("blob", b"x"); repo.git.add_tree({})
print("ready", flush=True); sys.stdin.read()
"""


def children() -> list[int]:
    return [child.pid for child in psutil.Process().children() if child.name() == "git"]


def test_a_child_that_died_is_started_again(repo: Repo) -> None:
    blob = repo.git.add("blob", b"one")
    assert repo.git.get(blob).data == b"one"
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    assert (repo.git.get(blob).data, repo.git.add("blob", b"one")) == (b"one", blob)


def test_an_answer_that_ctrl_c_left_unread_is_not_taken_for_the_next(repo: Repo) -> None:
    def interrupted(stdout: IO[bytes]) -> None:
        raise KeyboardInterrupt

    one, two = repo.git.add("blob", b"one"), repo.git.add("blob", b"two")
    with pytest.raises(KeyboardInterrupt):
        repo.git._ask(("cat-file", "--batch"), one.encode() + b"\n", interrupted)
    assert repo.git.get(two).data == b"two"


def test_what_git_refuses_is_said_in_its_words(repo: Repo) -> None:
    with pytest.raises(GitError, match="ls-tree failed: fatal"):
        repo.files("0" * 40)
    with pytest.raises(GitError, match="update-ref ended without an answer: fatal: update refs/heads/x: invalid"):
        repo.git.change_refs("update refs/heads/x what")
    assert repo.git.add_tree({}) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_what_was_asked_of_late_is_not_asked_again_but_where_it_may_have_changed(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    ask = repo.git._ask

    def noted(args: tuple[str, ...], request: bytes, read: Callable[[IO[bytes]], Object | None]) -> Object | None:
        asked.append(request)
        return ask(args, request, read)

    monkeypatch.setattr(repo.git, "_ask", noted)
    start = repo.head()
    for _ in range(2):
        repo.read(start, "train.py")
        repo.git.get("HEAD")
    assert asked.count(b"HEAD\n") == 2
    assert asked.count(f"{start}^{{tree}}\n".encode()) == 1
    made = repo.commit(repo.git.get(f"{start}^{{tree}}").oid, [start], repo.user, 1.0, "made")
    before = len(asked)
    assert repo.read(made, "train.py") == repo.read(start, "train.py")
    assert len(asked) <= before + 1  # its tree, by the one name that nobody has told us
    for number in range(2 * KNOWN):
        repo.git.add("blob", str(number).encode())
    assert len(repo.git._known) == KNOWN


def test_close_ends_every_child(repo: Repo) -> None:
    others = children()
    repo.read(repo.head(), "train.py")
    repo.git.change_refs(f"update refs/heads/x {repo.head()}")
    assert len(children()) == len(others) + 2
    repo.close()
    assert children() == others


def test_bytes_are_stored_as_they_are_whatever_the_user_has_configured(root: Path, repo: Repo, sh: Sh) -> None:
    sh(
        "git config core.autocrlf true && git config filter.up.clean 'tr a-z A-Z'"
        " && echo '* filter=up text' > .gitattributes",
        root,
    )
    assert repo.git.get(repo.git.add("blob", b"a\r\nb\n\0\xff")).data == b"a\r\nb\n\0\xff"


def test_a_lock_is_held_until_the_last_child_of_a_killed_coordinator_is_gone(root: Path, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holder = [sys.executable, "-c", HOLDER, str(root), str(lock)]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as coordinator, lock.open("w") as file:
        assert coordinator.stdout
        assert coordinator.stdout.readline() == b"ready\n"
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        coordinator.kill()
        fcntl.flock(file, fcntl.LOCK_EX)  # comes back: the children saw the end of their input


def test_children_keep_the_lock_while_they_live(root: Path, tmp_path: Path, opened: Open) -> None:
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    night = opened(root).for_night(pass_fds=(lock,))
    night.read(night.head(), "train.py")
    os.close(lock)
    with (tmp_path / "lock").open() as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        night.close()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

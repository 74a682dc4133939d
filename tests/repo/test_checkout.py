from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from overnight.repo.checkout import Pristine
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot
from tests.repo.conftest import START, Make, Open, Sh


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def pristine(repo: Repo, tmp_path: Path) -> Pristine:
    return Pristine(repo, tmp_path / "cache")


def test_holds_the_commits_files_and_no_git_folder(pristine: Pristine, repo: Repo, tmp_path: Path) -> None:
    pristine.checkout(repo.head(), tmp_path / "a/run")
    assert contents(tmp_path / "a/run") == START


def test_a_later_commit_differs_where_it_should(pristine: Pristine, repo: Repo, tmp_path: Path) -> None:
    pristine.checkout(repo.head(), tmp_path / "base")
    commit = snapshot(repo, repo.head(), {"src/deep/er.py": "x = 2\n", "new/n.py": "n"}, "m", at=0)
    pristine.checkout(commit, tmp_path / "run")
    assert contents(tmp_path / "run") == START | {"src/deep/er.py": "x = 2\n", "new/n.py": "n"}


def test_what_a_run_does_to_its_files_reaches_no_other(pristine: Pristine, repo: Repo, tmp_path: Path) -> None:
    pristine.checkout(repo.head(), tmp_path / "one")
    (tmp_path / "one/train.py").write_text("cheat")
    (tmp_path / "one/prepare.py").unlink()
    pristine.checkout(repo.head(), tmp_path / "two")
    assert contents(tmp_path / "two") == START


def test_links_modes_and_empty_files_are_kept(
    pristine: Pristine, root: Path, repo: Repo, tmp_path: Path, sh: Sh
) -> None:
    sh("chmod +x train.py && ln -s nowhere/at/all dead && ln -s train.py ünï && touch empty", root)
    sh("git add -A && git commit -qm kinds", root)
    pristine.checkout(repo.head(), tmp_path / "run")
    run = tmp_path / "run"
    assert (os.readlink(run / "dead"), os.readlink(run / "ünï")) == ("nowhere/at/all", "train.py")
    assert (run / "train.py").stat().st_mode & stat.S_IXUSR
    assert not (run / "prepare.py").stat().st_mode & stat.S_IXUSR
    assert (run / "empty").read_bytes() == b""


def test_files_links_and_folders_may_change_places(
    pristine: Pristine, root: Path, repo: Repo, tmp_path: Path, sh: Sh
) -> None:
    sh("ln -s /tmp was-link && git add . && git commit -qm 1", root)
    pristine.checkout(repo.head(), tmp_path / "one")
    sh(
        "rm -r src was-link && ln -s /tmp src && mkdir was-link && echo in > was-link/f"
        " && git add -A && git commit -qm 2",
        root,
    )
    pristine.checkout(repo.head(), tmp_path / "two")
    assert os.readlink(tmp_path / "two/src") == "/tmp"
    assert (tmp_path / "two/was-link/f").read_text() == "in\n"
    assert (tmp_path / "one/src/deep/er.py").exists()


def test_no_filter_changes_the_bytes(root: Path, repo: Repo, pristine: Pristine, tmp_path: Path, sh: Sh) -> None:
    (root / ".gitattributes").write_text("*.crlf text eol=crlf\n*.up filter=up\n*.id ident export-ignore\n")
    for name, text in {"a.crlf": "a\nb\n", "a.up": "low\n", "a.id": "$Id$\n"}.items():
        (root / name).write_text(text)
    sh("git add -A && git commit -qm attributes && git config filter.up.smudge 'tr a-z A-Z'", root)
    pristine.checkout(repo.head(), tmp_path / "run")
    assert [(tmp_path / "run" / f).read_bytes() for f in ("a.crlf", "a.up", "a.id")] == [b"a\nb\n", b"low\n", b"$Id$\n"]


def test_a_submodule_is_an_empty_folder(
    pristine: Pristine, root: Path, repo: Repo, make: Make, tmp_path: Path, sh: Sh
) -> None:
    make(root.parent / "sub")
    sh("git -c protocol.file.allow=always submodule -q add ../sub lib/sub && git commit -qm sub", root)
    pristine.checkout(repo.head(), tmp_path / "run")
    assert list((tmp_path / "run/lib/sub").iterdir()) == []


def test_large_files_are_copied_whole(pristine: Pristine, root: Path, repo: Repo, tmp_path: Path, sh: Sh) -> None:
    (root / "big").write_bytes(os.urandom(300_000))
    sh("git add . && git commit -qm big", root)
    for name in ("one", "two"):
        pristine.checkout(repo.head(), tmp_path / name)
        assert (tmp_path / name / "big").read_bytes() == (root / "big").read_bytes()


def test_slots_may_check_out_at_once(pristine: Pristine, repo: Repo, tmp_path: Path) -> None:
    commits = [snapshot(repo, repo.head(), {"train.py": f"LR = {n}\n"}, "m", at=0) for n in range(8)]
    with ThreadPoolExecutor(8) as slots:
        list(slots.map(lambda n: pristine.checkout(commits[n], tmp_path / f"run{n}"), range(8)))
    assert [contents(tmp_path / f"run{n}") for n in range(8)] == [START | {"train.py": f"LR = {n}\n"} for n in range(8)]


class Killed(BaseException):
    pass


def killed_at(step: str) -> Callable[[str], None]:
    def kill(name: str) -> None:
        if name == step:
            raise Killed

    return kill


@pytest.mark.parametrize("step", ["base.write.before", "base.write.after", "base.rename.before", "base.rename.after"])
def test_a_base_that_a_kill_left_half_made_is_not_used(step: str, root: Path, opened: Open, tmp_path: Path) -> None:
    repo, cache = opened(root, killed_at(step)), tmp_path / "cache"
    with pytest.raises(Killed):
        Pristine(repo, cache).checkout(repo.head(), tmp_path / "killed")
    if (cache / "part").exists():
        (cache / "part/train.py").write_text("half")
    Pristine(opened(root), cache).checkout(repo.head(), tmp_path / "run")
    assert contents(tmp_path / "run") == START


def test_a_base_that_stands_is_used_again(repo: Repo, tmp_path: Path) -> None:
    Pristine(repo, tmp_path / "cache").checkout(repo.head(), tmp_path / "one")
    steps: list[str] = []
    repo.step = steps.append
    Pristine(repo, tmp_path / "cache").checkout(repo.head(), tmp_path / "two")
    assert steps == ["checkout.before", "checkout.after"]
    assert contents(tmp_path / "two") == START

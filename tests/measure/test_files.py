"""What is linked into a run, what is kept of it, and that the rest goes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from overnight.measure.files import Broom, keep, link_shares, remove


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for path in ("root/data/big", "root/.venv", "user/.cache/set", "tree/data", "home", "out"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "root/data/big/x.bin").write_text("shared")
    (tmp_path / "root/data/README").write_text("theirs")
    (tmp_path / "tree/data/README").write_text("of the commit")
    return tmp_path


def shared(world: Path, *paths: str) -> None:
    link_shares(paths, world / "root", world / "tree", world / "user", world / "home")


def test_a_shared_folder_is_a_link_to_the_users(world: Path) -> None:
    shared(world, ".venv")
    assert (world / "tree/.venv").readlink() == world / "root/.venv"


def test_a_shared_path_of_the_home_is_linked_into_the_runs_home(world: Path) -> None:
    shared(world, "~/.cache/set")
    assert (world / "home/.cache/set").readlink() == world / "user/.cache/set"


def test_what_the_commit_has_stays_and_what_it_lacks_is_linked(world: Path) -> None:
    shared(world, "data")
    assert (world / "tree/data/README").read_text() == "of the commit"
    assert (world / "tree/data/big/x.bin").read_text() == "shared"


def test_a_path_below_a_shared_one_is_there_already(world: Path) -> None:
    shared(world, "~/.cache", "~/.cache/set", "~/.cache/new", "no/such")
    assert sorted(os.listdir(world / "user/.cache")) == ["set"]
    assert not (world / "tree/no").exists()


def test_only_regular_files_of_the_run_itself_are_kept(world: Path) -> None:
    tree = world / "tree"
    (tree / "model.bin").write_text("weights")
    (tree / "deep").mkdir()
    (tree / "deep/b.bin").write_text("more")
    (tree / "link.bin").symlink_to("/etc/passwd")
    (tree / "user").symlink_to(world / "root/data/big")
    os.link(world / "root/data/README", tree / "hard.bin")
    os.mkfifo(tree / "pipe.bin")
    keep(tree, ["**/*.bin", "user/*.bin", "../root/data/big/*.bin", "nothing"], world / "out", 1e6)
    kept = [str(path.relative_to(world / "out")) for path in (world / "out").rglob("*") if path.is_file()]
    assert sorted(kept) == ["deep/b.bin", "model.bin"]


def test_what_is_too_large_is_not_kept(world: Path) -> None:
    (world / "tree/a.bin").write_bytes(b"x" * 100)
    (world / "tree/b.bin").write_bytes(b"x" * 10)
    keep(world / "tree", ["*.bin"], world / "out", 50)
    assert os.listdir(world / "out") == ["b.bin"]


@pytest.mark.slow
def test_nothing_that_a_run_leaves_resists_removal(tmp_path: Path) -> None:
    folder = tmp_path / "room"
    (folder / "closed/inner").mkdir(parents=True)
    (folder / "closed/inner/file").touch()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/precious").touch(mode=0o400)
    (folder / "link").symlink_to(tmp_path / "outside")
    at = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=at)
        above, at = at, os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(above)
    os.close(at)
    (folder / "closed/inner").chmod(0)
    (folder / "closed").chmod(0o500)
    remove(folder)
    assert not folder.exists()
    assert (tmp_path / "outside/precious").stat().st_mode & 0o777 == 0o400


def test_what_is_swept_is_gone_by_its_name_at_once_and_wholly_soon(tmp_path: Path) -> None:
    broom, folders = Broom(), [tmp_path / f"run{i}" for i in range(20)]
    for folder in folders:
        (folder / "tree/data").mkdir(parents=True)
        broom.sweep(folder)
        assert not folder.exists()
    broom.sweep(tmp_path / "never was")
    broom.wait()
    assert os.listdir(tmp_path) == []
    assert "broom" not in {thread.name for thread in threading.enumerate()}


def test_nothing_that_a_run_puts_in_the_way_keeps_its_folder(tmp_path: Path) -> None:
    (tmp_path / "run/tree").mkdir(parents=True)
    (tmp_path / ".swept-1/full").mkdir(parents=True)
    broom = Broom()
    broom.sweep(tmp_path / "run")
    broom.wait()
    assert os.listdir(tmp_path) == [".swept-1"]

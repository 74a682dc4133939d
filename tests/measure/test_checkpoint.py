"""What is copied of a checkpoint, whole or not at all, and where it goes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure import checkpoint
from overnight.measure.checkpoint import Saved, Shelf, copy, lay
from tests.measure.conftest import RUN


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "sub/ck/deep").mkdir(parents=True)
    (folder / "sub/ck/model").write_bytes(b"\0weights" * 1000)
    (folder / "sub/ck/deep/step").write_text("7")
    (folder / "sub/alone").write_text("8")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["sub/ck", "sub/alone"])
def test_what_is_copied_is_laid_where_it_was(tree: Path, tmp_path: Path, name: str) -> None:
    assert copy(tree, name, tmp_path / "copies")
    (tmp_path / "new").mkdir()
    lay(Saved(tmp_path / "copies", 0, 0), tmp_path / "new", name)
    expected = {path: data for path, data in files(tree).items() if path.startswith(name)}
    assert files(tmp_path / "new") == expected != {}


def a_link(ck: Path) -> None:
    (ck / "passwd").symlink_to("/etc/passwd")


def a_linked_folder(ck: Path) -> None:
    ck.rename(ck.parent / "elsewhere")
    ck.symlink_to("elsewhere")


def a_second_name(ck: Path) -> None:
    os.link(ck / "model", ck.parent / "second")


def a_pipe(ck: Path) -> None:
    os.mkfifo(ck / "pipe")


def too_large(ck: Path) -> None:
    with (ck / "sparse").open("wb") as file:
        file.truncate(checkpoint.LARGEST + 1)


def too_many(ck: Path) -> None:
    for number in range(checkpoint.FILES + 1):
        (ck / str(number)).touch()


def too_deep(ck: Path) -> None:
    (ck / "/".join("d" * (checkpoint.DEPTH + 1))).mkdir(parents=True)


def nothing_there(ck: Path) -> None:
    ck.rename(ck.parent / "gone")


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil", [a_link, a_linked_folder, a_second_name, a_pipe, too_large, too_many, too_deep, nothing_there]
)
def test_what_is_not_plain_files_of_a_bearable_size_is_not_carried_at_all(
    tree: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(tree / "sub/ck")
    assert copy(tree, "sub/ck", tmp_path / "copies") == {}


def test_a_folder_on_the_way_may_be_no_link(tree: Path, tmp_path: Path) -> None:
    (tree / "sub").rename(tmp_path / "outside")
    (tree / "sub").symlink_to(tmp_path / "outside")
    assert copy(tree, "sub/ck", tmp_path / "copies") == {}


@pytest.mark.parametrize("changed", ["sub/ck/model", "sub/ck/deep/step", "sub/ck/new"])
def test_what_changes_while_it_is_read_is_not_whole(tree: Path, tmp_path: Path, changed: str) -> None:
    def wanted() -> bool:
        with (tree / changed).open("ab") as file:
            file.write(b"more")
        return True

    assert copy(tree, "sub/ck", tmp_path / "copies", wanted) == {}


def test_nothing_is_laid_through_a_link_or_over_a_file(tree: Path, tmp_path: Path) -> None:
    copy(tree, "sub/alone", tmp_path / "copies")
    saved = Saved(tmp_path / "copies", 0, 0)
    (tmp_path / "a").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "a/sub").symlink_to(tmp_path / "outside")
    lay(saved, tmp_path / "a", "sub/alone")
    assert not list((tmp_path / "outside").iterdir())
    (tmp_path / "b/sub").mkdir(parents=True)
    (tmp_path / "b/sub/alone").write_text("mine")
    lay(saved, tmp_path / "b", "sub/alone")
    assert (tmp_path / "b/sub/alone").read_text() == "mine"


def put(shelf: Shelf, tmp_path: Path, text: str, seconds: float, run: object = RUN) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    (folder / "alone").write_text(text)
    assert shelf.keep(run, Saved(folder, seconds, 2 * seconds))  # type: ignore[arg-type]


def test_a_shelf_gives_the_newest_to_that_run_and_to_no_other(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", 8)
    assert shelf.find(RUN) is None
    put(shelf, tmp_path, "old", 1)
    put(shelf, tmp_path, "new", 2)
    found = Shelf(tmp_path / "shelf", 8).find(RUN)
    assert found
    assert ((found.folder / "alone").read_text(), found.wall_seconds, found.cpu_seconds) == ("new", 2, 4)
    for other in (replace(RUN, commit="other"), replace(RUN, seed=1), replace(RUN, id="4-screen-0")):
        assert shelf.find(other) is None
    shelf.forget(RUN)
    assert shelf.find(RUN) is None


def test_what_it_gave_stays_when_a_newer_one_comes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", 8)
    put(shelf, tmp_path, "given", 1)
    given = shelf.find(RUN)
    for number in range(3):
        put(shelf, tmp_path, f"newer {number}", 2)
    assert given
    assert (given.folder / "alone").read_text() == "given"
    assert len(list(given.folder.parents[1].iterdir())) == 2


def test_it_holds_so_many_runs(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", 2)
    runs = [replace(RUN, id=f"{number}-screen-0") for number in range(4)]
    for number, run in enumerate(runs):
        put(shelf, tmp_path, "x", 1, run)
        os.utime(max((tmp_path / "shelf").iterdir(), key=lambda path: path.stat().st_mtime_ns), (number, number))
    assert [bool(shelf.find(run)) for run in runs] == [False, False, True, True]


def test_one_that_a_power_cut_has_spoilt_is_none(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", 2)
    put(shelf, tmp_path, "x", 1)
    next((tmp_path / "shelf").glob("*/1/used")).write_text("")
    assert shelf.find(RUN) is None

"""What the posts of one node share: made once, lent once, and swept when its holder is gone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.compute.ground import Ground, lend_cores
from overnight.compute.hardware import class_of, share_of
from overnight.compute.parcel import Packer, Received
from overnight.errors import OvernightError
from overnight.model import Slot
from overnight.program.program import Program
from overnight.repo.checkout import Pristine
from overnight.repo.repo import Repo
from overnight.testing import a_program
from tests.compute.near import errand_of

PREPARE = "mkdir -p data; echo made >> data/made; echo $PWD"


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Repo]:
    root = tmp_path / "clone"
    root.mkdir()
    (root / "train.py").write_text("x = 1\n")
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "start"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    with closing(Repo.discover(root)) as repo:
        yield repo


@contextmanager
def settled(repo: Repo, program: Program, token: str, elsewhere: bool = True) -> Iterator[tuple[Ground, Path]]:
    packer = Packer(repo, repo.head())
    errand = errand_of(program, repo, packer)
    if elsewhere:  # on a machine from which the clone cannot be seen
        errand = replace(errand, common_dir="/nowhere", root="/nowhere")
    ground = Ground.of(errand, token)
    received = Received(packer.baseline, packer.files, packer.links(), packer.all)
    try:
        yield ground, ground.settle(errand, Pristine(received, ground.home / "pristine"), os.environ)
    finally:
        ground.leave()


def test_a_node_prepares_once_for_all_its_posts(repo: Repo) -> None:
    program = a_program(prepare=PREPARE, python="self")
    with settled(repo, program, "a") as (_, one), settled(repo, program, "b") as (_, other):
        assert one == other != repo.root
        assert (one / "train.py").read_text() == "x = 1\n"
        assert (one / "data/made").read_text() == "made\n"


def test_where_the_users_own_clone_is_seen_it_is_the_root_and_nothing_is_prepared(repo: Repo) -> None:
    with settled(repo, a_program(prepare=PREPARE), "a", elsewhere=False) as (_, root):
        assert root == repo.root
    assert not (repo.root / "data").exists()


def test_a_preparation_that_fails_says_what_it_said_and_is_tried_again(repo: Repo) -> None:
    failing = a_program(prepare="echo no such host; exit 7", python="self")
    with pytest.raises(OvernightError, match="exit code 7 on this node: no such host"), settled(repo, failing, "a"):
        pass
    with settled(repo, a_program(prepare=PREPARE, python="self"), "b") as (_, root):
        assert (root / "data/made").exists()


def test_what_a_killed_post_left_is_removed_by_the_next(repo: Repo) -> None:
    with settled(repo, a_program(), "alive") as (alive, _):
        killed = Ground.of(errand_of(a_program(), repo, Packer(repo, repo.head())), "killed")
        killed.lock.close()  # as the kernel does
        with settled(repo, a_program(), "next"):
            assert alive.scratch.exists()
            assert not killed.scratch.exists()


def test_a_core_is_lent_once_until_its_holder_is_gone(tmp_path: Path) -> None:
    def lend(count: int, until: ExitStack) -> tuple[int, ...]:
        lent = lend_cores(count, [0, 1, 2], tmp_path)
        for file in lent.held:
            until.enter_context(file)
        return lent.cores

    with ExitStack() as test:
        with ExitStack() as post:
            assert lend(2, post) == (0, 1)
            assert lend(2, test) == ()
            assert lend(1, test) == (2,)
        assert lend(2, test) == (0, 1)


def test_the_class_of_a_slot_says_device_count_and_memory() -> None:
    assert class_of(Slot("a", (0, 1))).startswith("2 x ")
    assert class_of(Slot("a", (0, 1))).endswith(" GB")
    assert class_of(Slot("a"), 2) == class_of(Slot("a", (4, 7)))
    assert class_of(Slot("a", gpu="GPU-1,GPU-2")).startswith("2 x ")
    assert class_of(Slot("a", gpu="GPU-1", gpu_share=0.5)).startswith("0.5 x ")


def test_a_slot_is_a_part_of_its_machine() -> None:
    assert share_of(Slot("a")) == 1.0
    assert share_of(Slot("a", (0,))) == 1 / (os.cpu_count() or 1)

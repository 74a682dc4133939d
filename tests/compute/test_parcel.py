"""What a node makes of what it was sent is what git has: any change, and the whole baseline once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from overnight.compute.parcel import Blobs, Packer, Received
from overnight.repo.checkout import Pristine
from overnight.repo.repo import Repo

Change = Callable[[Path], None]


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    return subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "deep/er").mkdir(parents=True)
    (root / "train.py").write_bytes(b"x = 1\r\n")
    (root / "deep/er/data.bin").write_bytes(bytes(range(256)))
    (root / "run.sh").write_text("echo\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("deep/er/data.bin")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "start")
    return root


def seen(folder: Path) -> dict[str, tuple[bytes | str, bool]]:
    files = (path for path in folder.rglob("*") if ".git" not in path.parts and (path.is_symlink() or path.is_file()))
    return {
        path.relative_to(folder).as_posix(): (
            os.readlink(path) if path.is_symlink() else path.read_bytes(),
            os.access(path, os.X_OK),
        )
        for path in files
    }


def rewritten(root: Path) -> None:
    (root / "train.py").write_text("x = 2\n")


def added(root: Path) -> None:
    (root / "deep/new.py").write_text("y = 1\n")


def removed(root: Path) -> None:
    (root / "deep/er/data.bin").unlink()


def became_a_folder(root: Path) -> None:
    (root / "train.py").unlink()
    (root / "train.py").mkdir()
    (root / "train.py/x").write_text("1")


def became_executable(root: Path) -> None:
    (root / "train.py").chmod(0o755)


def led_elsewhere(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("run.sh")


def nothing(root: Path) -> None: ...


@pytest.mark.parametrize(
    "change", [nothing, rewritten, added, removed, became_a_folder, became_executable, led_elsewhere]
)
def test_a_checkout_from_parcels_is_the_commit(root: Path, tmp_path: Path, change: Change) -> None:
    with closing(Repo.discover(root)) as repo:
        packer = Packer(repo, repo.head())
        change(root)
        git(root, "add", "-A")
        git(root, "commit", "-qm", "change", "--allow-empty")
        received = Received(packer.baseline, packer.files, packer.links(), packer.all)
        received.take(packer.parcel(repo.head()))
        Pristine(received, tmp_path / "cache").checkout(repo.head(), tmp_path / "checkout")
    assert seen(tmp_path / "checkout") == seen(root)


def test_a_small_change_costs_its_file_and_the_baseline_is_fetched_once(root: Path, tmp_path: Path) -> None:
    fetched: list[Blobs] = []
    with closing(Repo.discover(root)) as repo:
        packer = Packer(repo, repo.head())
        rewritten(root)
        git(root, "commit", "-qam", "change")
        parcel = packer.parcel(repo.head())
        for number in range(2):  # two posts of a node

            def whole() -> Blobs:
                fetched.append(packer.all())
                return fetched[-1]

            received = Received(packer.baseline, packer.files, packer.links(), whole)
            received.take(parcel)
            pristine = Pristine(received, tmp_path / "cache")
            pristine.checkout(packer.baseline, tmp_path / f"first-{number}")
            calls = len(fetched)
            pristine.checkout(parcel.commit, tmp_path / f"second-{number}")
            assert len(fetched) == calls
    assert list(parcel.blobs.values()) == [b"x = 2\n"]
    assert len(fetched) == 3  # its plain files, by the first

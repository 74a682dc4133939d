"""Caches of compilers go from the baseline to each run, and from no run to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from overnight.measure.caches import fill, lend


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    home = tmp_path / "scratch/0-baseline-0/run/home"
    (home / ".triton/cache/k").mkdir(parents=True)
    (home / ".triton/cache/k/kernel.so").write_text("compiled")
    (home / ".ssh").mkdir()
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "scratch/1-screen-0/run/home").mkdir(parents=True)
    return tmp_path / "scratch/1-screen-0/run/home"


def test_a_run_starts_with_what_the_baseline_compiled_and_nothing_else_of_its_home(
    tmp_path: Path, baseline: Path, home: Path
) -> None:
    fill(tmp_path / "caches", baseline)
    lend(tmp_path / "caches", home)
    assert (home / ".triton/cache/k/kernel.so").read_text() == "compiled"
    assert [path.name for path in home.iterdir()] == [".triton"]


def test_what_a_run_changes_there_stays_its_own(tmp_path: Path, baseline: Path, home: Path) -> None:
    fill(tmp_path / "caches", baseline)
    lend(tmp_path / "caches", home)
    (home / ".triton/cache/k/kernel.so").write_text("poisoned")
    assert (tmp_path / "caches/.triton/cache/k/kernel.so").read_text() == "compiled"


def test_only_the_first_fills_it(tmp_path: Path, baseline: Path, home: Path) -> None:
    fill(tmp_path / "caches", baseline)
    (home / ".triton").mkdir()
    fill(tmp_path / "caches", home)
    assert (tmp_path / "caches/.triton/cache").is_dir()
    assert [path.name for path in tmp_path.glob("caches*")] == ["caches"]


def test_a_shared_cache_is_left_where_it_is(tmp_path: Path, baseline: Path, home: Path) -> None:
    (home / ".nv").symlink_to(baseline)
    fill(tmp_path / "caches", home)
    assert not (tmp_path / "caches").exists()


def test_without_a_cache_nothing_is_made(tmp_path: Path, home: Path) -> None:
    fill(tmp_path / "caches", home)
    lend(tmp_path / "caches", home)
    assert list(home.iterdir()) == []
    assert not (tmp_path / "caches").exists()

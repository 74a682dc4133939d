"""A slot's GPU as device nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from overnight.measure.sandbox.devices import gpu_nodes
from overnight.measure.sandbox.seatbelt import profile
from overnight.measure.sandbox.walls import Walls

OWN = {"GPU-aaa": 1, "GPU-bbb": 0}


@pytest.fixture
def machine(tmp_path: Path) -> tuple[Path, Path]:
    """/dev and the driver's folder of a machine with two GPUs."""
    dev, driver = tmp_path / "dev", tmp_path / "gpus"
    dev.mkdir()
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (dev / name).touch()
    for uuid, minor in OWN.items():
        (driver / uuid).mkdir(parents=True)
        (driver / uuid / "information").write_text(f"Model: \t X\nGPU UUID: \t {uuid}\nDevice Minor: \t {minor}\n")
    return dev, driver


def names(gpu: str | None, machine: tuple[Path, Path]) -> list[str]:
    return [Path(node).name for node in gpu_nodes(gpu, *machine)]


def test_a_slot_sees_its_own_gpu_and_what_all_share(machine: tuple[Path, Path]) -> None:
    assert names("GPU-aaa", machine) == ["nvidia1", "nvidiactl", "nvidia-uvm"]


def test_a_slot_of_several_gpus_sees_all_of_them(machine: tuple[Path, Path]) -> None:
    assert names("GPU-aaa,GPU-bbb", machine) == ["nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"]


def test_a_slot_without_a_gpu_sees_none(machine: tuple[Path, Path]) -> None:
    assert names("", machine) == []


@pytest.mark.parametrize("gpu", [None, "0", "MIG-1"])
def test_a_gpu_that_cannot_be_told_apart_is_seen_with_the_others(gpu: str | None, machine: tuple[Path, Path]) -> None:
    assert names(gpu, machine) == ["nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"]


def test_a_machine_without_gpus_has_none(tmp_path: Path) -> None:
    assert gpu_nodes(None, tmp_path, tmp_path) == []


def test_the_profile_for_macos_allows_what_the_walls_name_and_nothing_else() -> None:
    text = profile(Walls(read=("/usr", "/a b"), write=("/run",), hide=("/run/secret",)))
    assert '(allow file-read* (literal "/") (subpath "/usr") (subpath "/a b") (subpath "/run"))' in text
    assert '(allow file-write* (subpath "/run"))' in text
    assert '(deny file-read* file-write* (subpath "/run/secret"))' in text
    assert "network" not in text
    assert "(allow network*)" in profile(Walls(network=True))

"""What a run sees of the world: nothing but what is named."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.errors import UsageError
from overnight.measure.environment import Room, environment, furnish, interpreter
from overnight.model import Slot
from overnight.program.program import Box, Program
from tests.measure.conftest import PROGRAM, RUN

SLOT = Slot("slot-1", cores=(2, 3))
HERE = {"PATH": "/usr/bin:/bin", "HOME": "/home/me", "API_KEY": "secret", "LANG": "C.UTF-8", "CUDA_HOME": "/cuda"}


def seen(tmp_path: Path, program: Program = PROGRAM, slot: Slot = SLOT, python: Path | None = None) -> dict[str, str]:
    return environment(program, RUN, slot, Room.below(tmp_path / "room"), python, "node-may1", HERE)


def a_venv(folder: Path) -> Path:
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (folder / "pyvenv.cfg").touch()
    return python


def test_nothing_of_ours_gets_in_unnamed(tmp_path: Path) -> None:
    assert "secret" not in seen(tmp_path).values()
    assert set(seen(tmp_path)) & set(HERE) == {"PATH", "HOME", "LANG", "CUDA_HOME"}


def test_what_is_named_gets_in(tmp_path: Path) -> None:
    assert seen(tmp_path, replace(PROGRAM, pass_env=("API_KEY", "MISSING")))["API_KEY"] == "secret"


def test_a_run_is_told_its_seed_split_box_and_clock(tmp_path: Path) -> None:
    env = seen(tmp_path, replace(PROGRAM, box=Box(5, cpu=True)))
    assert {name: value for name, value in env.items() if name.startswith("OVERNIGHT")} == {
        "OVERNIGHT_SEED": "12345",
        "OVERNIGHT_SPLIT": "visible",
        "OVERNIGHT_TIME_BOX": "5",
        "OVERNIGHT_CLOCK": "cpu",
        "OVERNIGHT_NIGHT": "node-may1",
    }


def test_home_and_temporary_folder_are_the_runs_own(tmp_path: Path) -> None:
    env = seen(tmp_path)
    assert (env["HOME"], env["TMPDIR"]) == (str(tmp_path / "room/home"), str(tmp_path / "room/tmp"))


def test_libraries_use_as_many_threads_as_the_slot_has_cores(tmp_path: Path) -> None:
    assert seen(tmp_path)["OMP_NUM_THREADS"] == "2"
    assert "OMP_NUM_THREADS" not in seen(tmp_path, slot=Slot("slot-1"))


@pytest.mark.parametrize(("gpu", "visible"), [(None, None), ("", ""), ("GPU-1", "GPU-1")])
def test_a_run_sees_the_gpu_of_its_slot(tmp_path: Path, gpu: str | None, visible: str | None) -> None:
    assert seen(tmp_path, slot=Slot("slot-1", gpu=gpu)).get("CUDA_VISIBLE_DEVICES") == visible


def test_the_chosen_interpreter_comes_first_in_the_path(tmp_path: Path) -> None:
    env = seen(tmp_path, python=Path("/venv/bin/python"))
    assert env["PATH"] == f"{tmp_path}/room/bin:/venv/bin:/usr/bin:/bin"


def test_uv_takes_the_users_environment_as_it_stands(tmp_path: Path) -> None:
    env = seen(tmp_path, replace(PROGRAM, run="uv run train.py"), python=a_venv(tmp_path / ".venv"))
    assert {name: value for name, value in env.items() if name.startswith("UV_")} == {
        "UV_PROJECT_ENVIRONMENT": str(tmp_path / ".venv"),
        "UV_NO_SYNC": "1",
        "UV_NO_CACHE": "1",
        "UV_OFFLINE": "1",
    }


def test_a_plain_interpreter_still_sees_what_the_user_installed_for_it(tmp_path: Path) -> None:
    assert seen(tmp_path)["PYTHONUSERBASE"] == "/home/me/.local"
    assert "PYTHONUSERBASE" not in seen(tmp_path, python=a_venv(tmp_path / ".venv"))


def test_the_repositorys_venv_is_preferred(tmp_path: Path) -> None:
    python = a_venv(tmp_path / ".venv")
    assert interpreter(replace(PROGRAM, python="auto"), tmp_path, HERE) == python
    assert interpreter(replace(PROGRAM, python="uv"), tmp_path, HERE) == python


def test_without_a_venv_uv_is_left_to_choose(tmp_path: Path) -> None:
    assert interpreter(replace(PROGRAM, python="auto", run="uv run train.py"), tmp_path, HERE) is None


def test_without_a_venv_the_path_decides_then_ours(tmp_path: Path) -> None:
    auto = replace(PROGRAM, python="auto")
    for name, expected in (("python3", tmp_path / "python3"), ("python", None)):
        (tmp_path / name).touch(mode=0o755)
        assert interpreter(auto, tmp_path, {"PATH": str(tmp_path)}) == expected
    assert interpreter(auto, tmp_path, {"PATH": "/nowhere"}) == Path(sys.executable)


def test_an_interpreter_may_be_named_by_its_venv_or_itself(tmp_path: Path) -> None:
    python = a_venv(tmp_path / "envs/a")
    assert interpreter(replace(PROGRAM, python="envs/a"), tmp_path, HERE) == python
    assert interpreter(replace(PROGRAM, python=str(python)), tmp_path, HERE) == python
    with pytest.raises(UsageError, match="there is no interpreter or virtual environment at"):
        interpreter(replace(PROGRAM, python="envs/b"), tmp_path, HERE)


def test_python3_alone_can_be_called_python(tmp_path: Path) -> None:
    room = Room.below(tmp_path)
    furnish(room, Path("/usr/bin/python3"))
    assert (room.bin / "python").read_text() == '#!/bin/sh\nexec /usr/bin/python3 "$@"\n'
    assert (room.bin / "python").stat().st_mode & 0o111


def test_a_part_of_a_gpu_is_told_to_the_libraries_that_would_take_all_of_it(tmp_path: Path) -> None:
    for share, told in ((1.0, None), (0.5, "0.450")):
        room = tmp_path / str(share)
        room.mkdir()
        env = seen(room, slot=Slot("slot-1", gpu="GPU-a", gpu_share=share))
        assert env.get("XLA_PYTHON_CLIENT_MEM_FRACTION") == told

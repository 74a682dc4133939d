"""What a run sees and what it does not, at the levels that promise it."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.sandbox.walls import Walls, run_walls
from overnight.model import Level, Slot
from overnight.testing import a_program
from tests.measure.sandbox.conftest import Cell

CONNECT = "python -c \"import socket; socket.socket(socket.AF_UNIX).connect('{path}'); print('met')\""


def seen(cell: Cell, path: Path, walls: Walls) -> bool:
    return cell.run(f"cat {path}", walls).code == 0


def test_what_is_not_named_cannot_be_read(cell: Cell, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    assert not seen(cell, tmp_path / "secret", cell.walls)


def test_a_shared_folder_is_readable_and_nothing_in_it_can_be_changed(cell: Cell, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train.bin").write_text("x")
    walls = replace(cell.walls, read=(*cell.walls.read, str(tmp_path / "data")))
    assert cell.prints(f"cat {tmp_path}/data/train.bin", walls) == "x"
    assert cell.run(f"echo y > {tmp_path}/data/train.bin", walls).code != 0
    assert cell.run(f"touch {tmp_path}/data/new", walls).code != 0
    assert (tmp_path / "data/train.bin").read_text() == "x"


def test_what_is_hidden_in_a_shared_folder_cannot_be_read(cell: Cell, tmp_path: Path) -> None:
    (tmp_path / "data/hidden").mkdir(parents=True)
    for name in ("data/open", "data/labels", "data/hidden/more"):
        (tmp_path / name).write_text("x")
    hide = (str(tmp_path / "data/hidden"), str(tmp_path / "data/labels"), str(tmp_path / "no-such"))
    walls = replace(cell.walls, read=(*cell.walls.read, str(tmp_path / "data")), hide=hide)
    assert seen(cell, tmp_path / "data/open", walls)
    assert cell.run(f'test -n "$(cat {tmp_path}/data/labels)"', walls).code != 0
    assert not seen(cell, tmp_path / "data/hidden/more", walls)


def test_a_run_writes_in_its_own_folder(cell: Cell, tmp_path: Path) -> None:
    cell.prints("echo x > model.pt; chmod 600 model.pt; mv model.pt ../tmp/moved")
    assert (tmp_path / "run/tmp/moved").read_text() == "x\n"


def test_what_is_not_there_is_not_needed(cell: Cell) -> None:
    assert cell.prints("echo x", replace(cell.walls, read=(*cell.walls.read, "/no/such"))) == "x\n"


def test_a_socket_that_is_shared_in_is_reached_and_no_other(cell: Cell, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as other:
        server.bind(str(tmp_path / "s"))
        other.bind(str(tmp_path / "o"))
        server.listen()
        walls = replace(cell.walls, sockets=(str(tmp_path / "s"),))
        assert cell.prints(CONNECT.format(path=tmp_path / "s"), walls) == "met\n"
        assert cell.run(CONNECT.format(path=tmp_path / "s")).code != 0


@pytest.mark.parametrize("network", [False, True])
def test_the_network_is_there_only_where_the_walls_say_so(cell: Cell, network: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connect = f"python -c \"import socket; socket.create_connection(('127.0.0.1', {port}), 5)\""
        ended = cell.run(connect, replace(cell.walls, network=network))
    assert (ended.code == 0) is network, cell.log


def test_a_run_reaches_its_own_loopback(namespaces: Cell) -> None:
    namespaces.prints(
        "python -c \"import socket; s = socket.create_server(('127.0.0.1', 0)); "
        'socket.create_connection(s.getsockname(), 5)"'
    )


def test_tmp_is_the_runs_own(namespaces: Cell, tmp_path: Path) -> None:
    namespaces.prints("echo x > /tmp/mine; echo y > /var/tmp/other")
    assert {"mine", "other"} <= set(os.listdir(tmp_path / "run/tmp"))


def test_a_tmp_of_its_own_does_not_hide_what_is_shared_from_below_tmp(namespaces: Cell, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=os.path.realpath("/tmp")) as environment:
        Path(environment, "python").write_text("x")
        walls = replace(namespaces.walls, read=(*namespaces.walls.read, environment))
        assert namespaces.prints(f"cat {environment}/python", walls) == "x"


def test_only_its_own_processes_are_seen(namespaces: Cell) -> None:
    assert len(namespaces.prints("ls /proc | grep -E '^[0-9]+$'").split()) <= 6


def test_no_variable_but_the_runs_is_in_any_process_that_it_sees(
    cell: Cell, monkeypatch: pytest.MonkeyPatch, level: Level
) -> None:
    monkeypatch.setenv("API_KEY", "hunter2")
    assert "hunter2" not in cell.prints("cat /proc/*/environ 2>/dev/null; env; true")


def test_memory_of_its_own_is_there_for_workers(cell: Cell, level: Level) -> None:
    if level is Level.LANDLOCK and os.getuid() != 0:
        pytest.skip("what a plain user's run leaves in /dev/shm cannot be told from the user's own, so it has none")
    cell.prints('python -c "import multiprocessing as m; m.Lock(); m.Queue().put(1)"')


def test_a_run_is_somebody_with_a_name(namespaces: Cell) -> None:
    assert namespaces.prints("python -c 'import getpass; print(getpass.getuser())'") == "overnight\n"


def test_pipes_of_a_run_are_as_they_were(cell: Cell) -> None:
    seen = cell.prints("ls /proc/self/fd | tr '\\n' ' '").split()
    assert seen[:3] == ["0", "1", "2"]
    assert len(seen) == 4


def test_a_channel_is_descriptor_three(cell: Cell) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            running = cell.warden.start(cell.confined("echo hello >&$OVERNIGHT_CHANNEL; ls /proc/self/fd"), theirs)
        assert ours.recv(100) == b"hello\n"
        assert running.wait(lambda *_: None).code == 0
        assert ours.recv(1) == b""
    assert cell.log.split()[:4] == ["0", "1", "2", "3"]


# ---- of a run


Make = Callable[..., Walls]


@pytest.fixture
def walls_of(tmp_path: Path) -> Make:
    for name in ("user/.cache/x", "user/bin", "root/data", "root/.venv/bin", "night/run/tree"):
        (tmp_path / name).mkdir(parents=True)

    def make(python: Path | None = None, **settings: object) -> Walls:
        run = tmp_path / "night/run"
        path = f"{tmp_path}/user/bin:{tmp_path}/night:/usr/bin"  # one folder of it holds all runs
        environ = {"HOME": str(tmp_path / "user"), "PATH": path}
        folders = (tmp_path / "root", run / "tree", run / "home", run / "tmp")
        return run_walls(a_program(**settings), *folders, python, Slot("s"), environ)

    return make


def test_a_run_sees_what_is_shared_and_neither_the_home_nor_the_repository(walls_of: Make, tmp_path: Path) -> None:
    walls = walls_of(share=("data", "~/.cache/x", "missing"))
    assert {str(tmp_path / "root/data"), str(tmp_path / "user/.cache/x")} <= set(walls.read)
    private = {str(tmp_path / name) for name in ("user", "root", "night", "root/missing", "user/.cache")}
    assert private.isdisjoint(walls.read)


def test_a_run_sees_the_environment_of_its_interpreter_and_what_that_leads_to(walls_of: Make, tmp_path: Path) -> None:
    real = tmp_path / "user/versions/3.11/bin/python3.11"
    real.parent.mkdir(parents=True)
    real.touch()
    link = tmp_path / "root/.venv/bin/python"
    link.symlink_to(real)
    assert {str(tmp_path / "root/.venv"), str(real.parents[1])} <= set(walls_of(link).read)


def test_an_interpreter_in_the_home_does_not_open_the_home(walls_of: Make, tmp_path: Path) -> None:
    walls = walls_of(tmp_path / "user/bin/python")
    assert str(tmp_path / "user") not in walls.read
    assert str(tmp_path / "user/bin") in walls.read


def test_all_splits_are_hidden_from_a_run(walls_of: Make, tmp_path: Path) -> None:
    walls = walls_of(hidden=("data/{split}",))
    assert {str(tmp_path / "root/data" / split) for split in ("visible", "hidden", "sealed")} <= set(walls.hide)


def test_the_interpreter_of_the_tests_starts_in_the_walls_of_a_run(cell: Cell, walls_of: Make) -> None:
    walls = replace(walls_of(Path(sys.executable)), write=cell.walls.write)
    assert cell.prints(f"{sys.executable} -c 'import json; print(1)'", walls) == "1\n"

"""The probe finds what a sandbox lets through, and what holds is chosen. Each sandbox here that lacks something is the
real one without it: so each part is known to be needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.place import NoWalls
from overnight.measure.process import Spec
from overnight.measure.sandbox import seccomp
from overnight.measure.sandbox.bubblewrap import Bubblewrap
from overnight.measure.sandbox.choose import BUILDERS, attacked, choose, examine
from overnight.measure.sandbox.fenced import Fenced
from overnight.measure.sandbox.walls import Walls
from overnight.model import Level
from tests.measure.conftest import LINUX, SOURCE

pytestmark = LINUX
AS_ROOT = os.getuid() == 0


def _without(argv: tuple[str, ...], words: tuple[str, ...]) -> tuple[str, ...]:
    start = next((i for i in range(len(argv)) if words and argv[i : i + len(words)] == words), len(argv))
    return (*argv[:start], *argv[start + len(words) :])


def weaker(*removed: tuple[str, ...]) -> type[Bubblewrap]:
    class Weaker(Bubblewrap):
        def confine(self, spec: Spec, walls: Walls) -> Spec:
            confined = super().confine(spec, walls)
            argv = confined.argv
            for words in removed:
                argv = _without(argv, words)
            return replace(confined, argv=argv)

    return Weaker


def _need(level: Level) -> None:
    if not (found := examine(level)).holds:
        pytest.skip(f"level {level} does not hold here: {found.why_not}")


def test_without_walls_every_attack_on_files_and_network_works(tmp_path: Path) -> None:
    (far := tmp_path / ("deep" * 40)).mkdir()  # a socket's own path has at most some hundred bytes
    worked = attacked(lambda _: NoWalls(), far)
    assert {"read a file outside", "write a file outside", "signal its keeper", "reach the network by UDP"} <= {*worked}
    assert "reach a socket by its path" in worked


@pytest.mark.slow
@pytest.mark.parametrize("level", [Level.NAMESPACE, Level.LANDLOCK])
def test_a_level_that_holds_lets_nothing_through(level: Level, tmp_path: Path) -> None:
    _need(level)
    assert {*attacked(BUILDERS[level], tmp_path)} <= {*examine(level).tolerated}


NETWORK = {"reach the network by TCP", "reach the network by UDP", "reach a socket without a path"}
USER = [("--unshare-user",), ("--cap-drop", "ALL"), ("--disable-userns",), ("--uid", "1000"), ("--gid", "1000")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("removed", "works"),
    [
        ([("--unshare-net",)], NETWORK),
        ([("--unshare-pid",)], {"signal its keeper"}),
        ([("--disable-userns",)], {"make a user namespace"}),
        pytest.param(
            USER, {"remount what it sees", "set the clock"},
            marks=pytest.mark.skipif(not AS_ROOT, reason="what root may do"),
        ),
        pytest.param(
            [("--remount-ro", "/proc")], {"write to the kernel's settings"},
            marks=pytest.mark.skipif(not AS_ROOT, reason="what root owns there"),
        ),
    ],
)  # fmt: skip
def test_each_flag_of_level_3_is_needed(removed: list[tuple[str, ...]], works: set[str], tmp_path: Path) -> None:
    _need(Level.NAMESPACE)
    assert works <= {*attacked(weaker(*removed), tmp_path)}


def test_a_daemon_outlives_a_run_where_it_is_not_in_a_namespace_and_nobody_reaps() -> None:
    """That it does not at any level is for `test_tree_dies` to say: here the probe must hear of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        daemon = subprocess.Popen(["sleep", "60"], pass_fds=[theirs.fileno()])
        theirs.close()
        ours.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ours.recv(1)
        ours.settimeout(30)
        daemon.kill()
        daemon.wait()
        assert ours.recv(1) == b""


@pytest.mark.slow
def test_level_2_needs_its_filter(tmp_path: Path) -> None:
    _need(Level.LANDLOCK)

    class Unfiltered(Fenced):
        def confine(self, spec: Spec, walls: Walls) -> Spec:
            return replace(super().confine(spec, walls), filter="")

    worked = attacked(lambda _: Unfiltered(), tmp_path)
    assert "reach the network by UDP" in worked
    assert AS_ROOT or "reach a socket by its path" in worked  # as another user it may not write to that one
    assert "read a file outside" not in worked


@pytest.mark.slow
def test_level_2_needs_its_fence(tmp_path: Path) -> None:
    _need(Level.LANDLOCK)

    class Unfenced(Fenced):
        def confine(self, spec: Spec, walls: Walls) -> Spec:
            return replace(super().confine(spec, walls), fence=None)

    assert {"read a file outside", "write a file outside"} <= {*attacked(lambda _: Unfenced(), tmp_path)}


def test_auto_takes_the_strongest_that_holds(tmp_path: Path) -> None:
    best = next(level for level in BUILDERS if examine(level).holds)
    assert choose("auto", tmp_path).level is best


@pytest.mark.parametrize("level", list(BUILDERS))
def test_a_level_can_be_forced(level: Level, tmp_path: Path) -> None:
    _need(level)
    assert choose(level, tmp_path).level is level


ASK = """
import pathlib, sys
from overnight.errors import UsageError
from overnight.measure.sandbox.choose import choose
try:
    print(choose(sys.argv[1], pathlib.Path(sys.argv[2])).level)
except UsageError as error:
    sys.exit(str(error))
"""


def ask(wanted: str, tmp_path: Path, bwrap: str, version: str = "0.9.0") -> subprocess.CompletedProcess[str]:
    """In a process whose bwrap is this script."""
    (tmp_path / "bin").mkdir(exist_ok=True)
    script = tmp_path / "bin/bwrap"
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap {version} && exit\n{bwrap}\n')
    script.chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:{os.defpath}", "PYTHONPATH": os.pathsep.join([SOURCE, *sys.path])}
    argv = [sys.executable, "-c", ASK, wanted, str(tmp_path / "scratch")]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)


BLOCKED = "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1"  # as AppArmor does on Ubuntu 24.04


@pytest.mark.slow
def test_where_namespaces_are_blocked_the_next_level_is_taken(tmp_path: Path) -> None:
    next_best = next(level for level in list(BUILDERS)[1:] if examine(level).holds)
    assert ask("auto", tmp_path, BLOCKED).stdout == f"{next_best}\n"


@pytest.mark.slow
def test_a_forced_level_that_does_not_hold_is_an_error_that_says_why(tmp_path: Path) -> None:
    said = ask("3", tmp_path, BLOCKED).stderr
    assert "sandbox: level 3 does not hold here" in said
    assert "setting up uid map: Permission denied" in said


@pytest.mark.slow
def test_a_sandbox_that_only_pretends_is_found_out(tmp_path: Path) -> None:
    """It runs the command with nothing around it."""
    pretend = 'while [ "$1" != -- ]; do shift; done; shift; echo "{\\"exit-code\\": 0}" >&5; exec "$@"'
    said = ask("3", tmp_path, pretend).stderr
    assert "read a file outside" in said


@pytest.mark.slow
def test_an_old_bubblewrap_is_told_as_such(tmp_path: Path) -> None:
    assert "bubblewrap 0.6.1 is too old; 0.8 or newer is needed" in ask("3", tmp_path, "", "0.6.1").stderr


def test_the_filter_refuses_what_outlives_a_run() -> None:
    if not seccomp.program():
        pytest.skip("no filter for this processor")
    numbers = seccomp.CALLS[os.uname().machine][1]
    assert all(number.to_bytes(4, sys.byteorder) in seccomp.program() for name, number in numbers.items()
               if name in seccomp.MISSING)  # fmt: skip

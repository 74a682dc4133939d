from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.sandbox import apart
from tests.measure.conftest import LINUX, Launch, ignore_beats
from tests.measure.sandbox.conftest import Cell
from tests.measure.sandbox.test_limits import python

OWN = "readlink /proc/self/ns/net"


def machines() -> str:
    return os.readlink("/proc/self/ns/net")


def until_printed(log: Path) -> str:
    while not log.exists() or not log.read_text().endswith("\n"):
        time.sleep(0.01)
    return log.read_text().strip()


def test_runs_side_by_side_have_a_network_each_and_not_the_machines(namespaces: Cell, tmp_path: Path) -> None:
    first = namespaces.warden.start(namespaces.confined(f"{OWN}; sleep 60", log=str(tmp_path / "first.log")))
    its = until_printed(tmp_path / "first.log")
    other = namespaces.prints(OWN).strip()
    first.kill()
    first.wait(ignore_beats)
    assert len({its, other, machines()}) == 3


def test_a_run_of_level_three_with_the_network_has_the_machines(namespaces: Cell) -> None:
    walls = replace(namespaces.walls, network=True)
    assert namespaces.prints(OWN, walls).strip() == machines()


@LINUX
def test_a_run_without_walls_has_the_machines_network(launch: Launch, tmp_path: Path) -> None:
    launch(OWN)
    assert (tmp_path / "run.log").read_text().strip() == machines()


def test_each_run_has_terminals_of_its_own(namespaces: Cell) -> None:
    open_one = python(
        "import os, pty; a, b = pty.openpty(); os.write(b, b'x'); print(os.read(a, 1), os.listdir('/dev/pts'))"
    )
    for _ in range(2):
        assert namespaces.prints(open_one) == "b'x' ['0', 'ptmx']\n"


def test_devices_are_there_and_no_other_can_be_made(namespaces: Cell) -> None:
    namespaces.prints("echo x > /dev/null && test $(head -c 4 /dev/zero | wc -c) = 4 && head -c 4 /dev/urandom")
    assert namespaces.run("touch /dev/x || rm /dev/null || mknod $TMPDIR/null c 1 3").code != 0


AHEAD = """
import os, sys
from overnight.measure.sandbox import apart
os.chdir(sys.argv[1])
for name in ("shared", "outside"):
    os.mkdir(name)
folder = os.path.abspath("shared")
"""


def test_what_is_prepared_is_read_only(in_private_namespace: Callable[..., str], tmp_path: Path) -> None:
    script = """
print(apart.go(("--unshare-net", "--ro-bind", folder, "/a/b", "--symlink", "a/b", "/link")))
open(folder + "/x", "w").close()
print(os.listdir(apart.PLACE + "/link"), os.access(apart.PLACE + "/a/b/x", os.W_OK))
"""
    printed = in_private_namespace(AHEAD + script, str(tmp_path))
    assert printed == "('--dev-bind', '/dev/pts', '/')\n['x'] False\n"


def test_what_was_replaced_meanwhile_is_not_taken_from_what_was_prepared(
    in_private_namespace: Callable[..., str], tmp_path: Path
) -> None:
    script = """
orders = ("--unshare-net", "--ro-bind", folder, "/shared")
left, argv = apart.go(orders), ["bwrap", *orders, apart.LAST]
print(*apart.inherited(argv, orders, left)[1:])
os.rename("shared", "older")
os.mkdir("shared")
print(apart.inherited(argv, orders, left)[1:] == [*orders[1:], apart.LAST])
"""
    assert in_private_namespace(AHEAD + script, str(tmp_path)) == "--dev-bind /dev/pts / --unshare-user\nTrue\n"


def test_nothing_is_made_outside_by_way_of_a_link(in_private_namespace: Callable[..., str], tmp_path: Path) -> None:
    script = """
orders = ("--symlink", os.path.abspath("outside"), "/link", "--ro-bind", folder, "/link/folder/x")
print(apart.go(orders) == orders, os.listdir("outside"))
"""
    assert in_private_namespace(AHEAD + script, str(tmp_path)) == "True []\n"


def test_who_may_make_no_device_leaves_that_to_bubblewrap(
    in_private_namespace: Callable[..., str], tmp_path: Path
) -> None:
    script = """
before = os.readlink("/proc/self/ns/net")
print(*apart.go(("--unshare-net", "--dev", "/dev")), os.readlink("/proc/self/ns/net") == before)
"""
    assert in_private_namespace(AHEAD + script, str(tmp_path)) == "--dev /dev False\n"


def test_a_run_with_other_orders_is_refused_by_who_has_gone() -> None:
    with pytest.raises(ValueError, match="another"):
        apart.inherited(["bwrap", "--dev", "/dev", apart.LAST], ("--unshare-net", "--dev", "/dev"), ("--dev", "/dev"))

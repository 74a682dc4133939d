"""Where the parts of a level work by themselves, the level holds: else every test behind walls would skip, and a flaw
that the probe finds would look like a machine without walls."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from overnight.measure.sandbox import landlock, seccomp
from overnight.measure.sandbox.choose import examine
from overnight.model import Level
from tests.measure.conftest import LINUX

pytestmark = LINUX

NAMESPACES = ("--unshare-user", "--unshare-pid", "--unshare-net", "--disable-userns", "--ro-bind", "/", "/")


def bubblewrap_works() -> bool:
    """With none of our walls, as anybody would type it."""
    program = shutil.which("bwrap")
    if not program:
        return False
    argv = [program, *NAMESPACES, "--proc", "/proc", "--dev", "/dev", "true"]
    return subprocess.run(argv, env={"PATH": os.defpath}, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not bubblewrap_works(), reason="bubblewrap is not here, is too old, or may make no namespaces")
def test_level_three_holds_where_bubblewrap_works() -> None:
    assert examine(Level.NAMESPACE).why_not == ""


@pytest.mark.skipif(not (landlock.abi() and seccomp.program()), reason="no Landlock here, or no filter")
def test_level_two_holds_where_there_is_landlock() -> None:
    assert examine(Level.LANDLOCK).why_not == ""

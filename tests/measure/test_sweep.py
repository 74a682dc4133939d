"""What is left when coordinator and warden die at once is found and ended; nobody else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.measure.conftest import LINUX

pytestmark = [LINUX, pytest.mark.kill]

SCRIPT = r"""
import os, pathlib, subprocess, sys, tempfile
from overnight.measure.sweep import sweep

folder = pathlib.Path(tempfile.mkdtemp())
gone = folder / "scratch/run"
gone.mkdir(parents=True)
HOP = "import os, time\nwhile True:\n if os.fork(): os._exit(0)\n time.sleep(0.001)"
TERMINAL = f"import pty; pty.spawn(['sh', '-c', 'cd {gone}; echo ready; exec sleep 100'])"

def begin(*argv, cwd="/", token=""):
    env = {"PATH": os.environ["PATH"], "OVERNIGHT_NIGHT": token}
    return subprocess.Popen(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

marked, inside = begin("sleep", "100", token="n-t"), begin("sleep", "100", cwd=gone)
hopping = begin("setsid", sys.executable, "-c", HOP, token="n-t")
kept = folder / "scratch/kept"
kept.mkdir()
own_mounts = ("unshare", "--mount", "sh", "-c")
mounted = begin(*own_mounts, f"mount --bind {kept} {kept}; cd /; echo ready; exec env -i sleep 100")
stranger = begin(*own_mounts, "echo ready; exec sleep 100")
for process in (mounted, stranger):
    process.stdout.readline()
another, beside = begin("sleep", "100", token="n-t2"), begin("sleep", "100", cwd=folder)
person = begin(sys.executable, "-c", TERMINAL)
person.stdout.readline()
subprocess.run(["rm", "-r", gone], check=True)
os.environ["OVERNIGHT_NIGHT"] = "n-t"

print(len(sweep(folder / "scratch", "n-t")) >= 3, sweep(folder / "scratch", "n-t"))
print([child.poll() for child in (another, beside, person, stranger)])
print([child.wait() for child in (marked, inside, mounted)], hopping.stdout.read())
"""


def test_only_what_is_ours_is_ended(in_private_namespace: Callable[[str], str]) -> None:
    assert in_private_namespace(SCRIPT) == "True []\n[None, None, None, None]\n[-9, -9, -9] b''\n"

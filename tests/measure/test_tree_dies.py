"""Nobody survives: trees that try to get away, ended in every way, in a pid namespace of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.measure.conftest import LINUX

pytestmark = LINUX
Namespace = Callable[[str], str]

TREE = r"""
import os, signal, sys, time
def leave(times):  # a daemon: sessions and parents of its own
    for _ in range(times):
        if os.fork(): os._exit(0)
        os.setsid()
def stay():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
    time.sleep(1000)
def hop():  # never the same process for long
    while True:
        if os.fork(): os._exit(0)
        time.sleep(0.001)
for role in (lambda: leave(1), lambda: leave(3), hop, hop, hop, hop):
    if os.fork() == 0:
        role(); stay()
print("planted", flush=True)
"""

COORDINATOR = r"""
import os, sys, time
from overnight.measure.process import Spec, Warden
folder, ending, limit = sys.argv[1], sys.argv[2], float(sys.argv[3])
warden = Warden()
tree = [sys.executable, "-c", open(folder + "/tree.py").read() + ending]
runs = [
    warden.start(Spec(tuple(tree), {}, folder, f"{folder}/{i}.log", limit, grace_seconds=0.1)) for i in range(3)
]
ended = [run.wait(lambda *beat: None) for run in runs]
print(*{run.why.value for run in ended}, min(run.usage.left_behind for run in ended) >= 2)
warden.close()
"""

DRIVER = r"""
import os, pathlib, signal, subprocess, sys, tempfile, time
tree, coordinator, ending, limit, kill = sys.argv[1:]
folder = tempfile.mkdtemp()
pathlib.Path(folder, "tree.py").write_text(tree)
def others(): return [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]
def planted(): return all(os.path.exists(f) and open(f).read() for f in (f"{folder}/{i}.log" for i in range(3)))
child = subprocess.Popen([sys.executable, "-c", coordinator, folder, ending, limit])
if kill == "yes":
    while not planted(): time.sleep(0.005)
    time.sleep(0.05)
    child.kill()
child.wait()
def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except ChildProcessError: pass
patience = time.monotonic() + (15 if kill == "yes" else 0)
while others() and time.monotonic() < patience:
    reap(); time.sleep(0.02)
print("survivors", len(others()))
"""


def outcome(namespace: Callable[..., str], ending: str, limit: float, kill: bool = False) -> str:
    return namespace(DRIVER, TREE, COORDINATOR, ending, str(limit), "yes" if kill else "no")


def test_nobody_survives_a_command_that_ended(in_private_namespace: Namespace) -> None:
    assert outcome(in_private_namespace, "", 30) == "exit True\nsurvivors 0\n"


def test_nobody_survives_a_timeout(in_private_namespace: Namespace) -> None:
    assert outcome(in_private_namespace, "stay()", 0.5) == "timeout True\nsurvivors 0\n"


@pytest.mark.kill
@pytest.mark.parametrize("attempt", range(8))
def test_nobody_survives_the_coordinator(in_private_namespace: Namespace, attempt: int) -> None:
    assert outcome(in_private_namespace, "stay()", 60, kill=True) == "survivors 0\n"

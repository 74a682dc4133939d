"""Nobody survives: trees that try to get away, ended in every way, in a pid namespace of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from overnight.measure.sandbox.choose import BUILDERS, examine
from overnight.model import Level
from tests.measure.conftest import LINUX

pytestmark = LINUX
Outcome = Callable[..., str]

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
import os, pathlib, sys, time
from overnight.measure.process import Spec, Warden
from overnight.measure.sandbox.choose import BUILDERS
from overnight.measure.sandbox.walls import Walls
from overnight.model import Level
folder, ending, limit, level = sys.argv[1], sys.argv[2], float(sys.argv[3]), Level(sys.argv[4])
sandbox = BUILDERS[level](pathlib.Path(folder, "walls"))
seen = ("/usr", "/bin", "/lib", "/lib64", sys.prefix, sys.base_prefix, os.path.dirname(sys.executable))
warden = Warden()
tree = [sys.executable, "-c", open(folder + "/tree.py").read() + ending]
def spec(i):
    plain = Spec(tuple(tree), {}, folder, f"{folder}/{i}.log", limit, grace_seconds=0.1)
    return sandbox.confine(plain, Walls(read=seen, write=(folder,)))
runs = [warden.start(spec(i)) for i in range(3)]
ended = [run.wait(lambda *beat: None) for run in runs]
print(*{run.why.value for run in ended}, level == "3" or min(run.usage.left_behind for run in ended) >= 2)
warden.close()
"""

DRIVER = r"""
import os, pathlib, signal, subprocess, sys, tempfile, time
tree, coordinator, ending, limit, level, kill = sys.argv[1:]
folder = tempfile.mkdtemp()
pathlib.Path(folder, "tree.py").write_text(tree)
def others(): return [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]
def planted(): return all(os.path.exists(f) and open(f).read() for f in (f"{folder}/{i}.log" for i in range(3)))
child = subprocess.Popen([sys.executable, "-c", coordinator, folder, ending, limit, level])
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


@pytest.fixture(
    params=[
        pytest.param(level, id=f"level{level}", marks=[] if level is Level.NAMESPACE else pytest.mark.slow)
        for level in BUILDERS
    ]
)
def outcome(request: pytest.FixtureRequest, in_private_namespace: Callable[..., str]) -> Outcome:
    if not examine(request.param).holds:
        pytest.skip("this level does not hold here")

    def outcome(ending: str, limit: float, kill: bool = False) -> str:
        arguments = (TREE, COORDINATOR, ending, str(limit), request.param, "yes" if kill else "no")
        return in_private_namespace(DRIVER, *arguments)

    return outcome


def test_nobody_survives_a_command_that_ended(outcome: Outcome) -> None:
    assert outcome("", 30) == "exit True\nsurvivors 0\n"


@pytest.mark.smoke
def test_nobody_survives_a_timeout(outcome: Outcome) -> None:
    assert outcome("stay()", 1.5) == "timeout True\nsurvivors 0\n"


@pytest.mark.kill
@pytest.mark.parametrize("attempt", range(8))
def test_nobody_survives_the_coordinator(outcome: Outcome, attempt: int) -> None:
    assert outcome("stay()", 60, kill=True) == "survivors 0\n"

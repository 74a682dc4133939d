"""Breaking a limit ends the run, and the reason is told: by control groups where there are some, else by looking."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.place import Sandbox
from overnight.measure.process import Warden, Why
from overnight.measure.sandbox.cgroup import Groups
from overnight.measure.sandbox.choose import BUILDERS, examine
from overnight.model import Level
from tests.measure.conftest import LINUX
from tests.measure.sandbox.conftest import Cell

pytestmark = LINUX
LEVELS = [
    pytest.param(level, id=f"level{level}", marks=[] if level is Level.NAMESPACE else pytest.mark.slow)
    for level in BUILDERS
]  # each looks for a quarter of a second


@pytest.fixture(scope="module")
def watching() -> Iterator[Warden]:
    """One that has no control groups: what is always there."""
    warden = Warden(groups=False)
    yield warden
    warden.close()


@pytest.fixture(params=LEVELS)
def bare(
    request: pytest.FixtureRequest, tmp_path: Path, make_cell: Callable[[Sandbox], Cell], watching: Warden
) -> Cell:
    if not examine(request.param).holds:
        pytest.skip("this level does not hold here")
    return replace(make_cell(BUILDERS[request.param](tmp_path / "walls")), warden=watching)


def python(text: str) -> str:
    return f'python -c "{text}"'


HOLD = "import time; held = [bytearray(20_000_000) for _ in range(11)]; time.sleep(20)"
FORK = "import os, time; [os.fork() or (time.sleep(20), os._exit(0)) for _ in range(60)]; time.sleep(20)"
THREADS = "import threading, time; [threading.Thread(target=time.sleep, args=[20]).start() for _ in range(60)]"
WRITE = "import time; file = open('x', 'wb'); [file.write(bytes(1 << 20)) for _ in range(60)]; time.sleep(20)"
FILES = "import time; [open(str(i), 'wb').write(bytes(1 << 20)) for i in range(60)]; time.sleep(20)"


def test_too_much_memory(bare: Cell) -> None:
    assert bare.run(python(HOLD), memory_mb=150).why is Why.MEMORY


def test_too_much_memory_of_many_processes_together(bare: Cell) -> None:
    hold = python("import time; held = bytearray(60_000_000); time.sleep(20)")
    assert bare.run(f"{hold} & {hold} & {hold} & wait", memory_mb=150).why is Why.MEMORY


@pytest.mark.parametrize("text", [FORK, THREADS], ids=["processes", "threads"])
def test_too_many_processes(bare: Cell, text: str) -> None:
    assert bare.run(python(text), processes=40).why is Why.PROCESSES


@pytest.mark.usefixtures("on_disk")
@pytest.mark.parametrize("text", [WRITE, FILES], ids=["one", "many"])
def test_too_much_written(bare: Cell, text: str) -> None:
    assert bare.run(python(text), writes_mb=20).why is Why.DISK


@pytest.mark.usefixtures("on_disk")
def test_what_was_written_and_removed_at_once_counts(bare: Cell) -> None:
    once = "head -c 5000000 /dev/zero > x; rm x"
    assert bare.run(f"for i in 1 2 3 4 5 6 7 8; do {once}; done; sleep 20", writes_mb=20).why is Why.DISK


def test_who_stays_below_its_limits_is_left_alone(bare: Cell) -> None:
    command = "head -c 5000000 /dev/zero > x; sleep 0.3"
    assert bare.run(command, memory_mb=500, processes=20, writes_mb=20).why is Why.EXIT


def test_a_limit_of_memory_lets_address_space_be_reserved(bare: Cell) -> None:
    """As CUDA does, tens of gigabytes at its start."""
    reserve = python("import mmap; mmap.mmap(-1, 60 << 30, flags=mmap.MAP_PRIVATE | 0x4000, prot=0); print('reserved')")
    assert bare.run(reserve, memory_mb=300).code == 0, bare.log


def test_the_limits_hold_for_a_bomb(bare: Cell) -> None:
    """It doubles until something stops it."""
    bomb = python("import os, time; [os.fork() for _ in range(9)]; time.sleep(20)")
    assert bare.run(bomb, processes=60).why is Why.PROCESSES


def test_a_full_memory_file_system_is_the_runs_own_trouble(namespaces: Cell, watching: Warden) -> None:
    cell = replace(namespaces, warden=watching)
    assert cell.run("head -c 50000000 /dev/zero > /dev/shm/x", memory_mb=20).code != 0
    assert cell.run("head -c 1000 /dev/zero > /x || head -c 1000 /dev/zero > /dev/x").code != 0


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_a_run_keeps_to_the_cores_of_its_slot(cell: Cell) -> None:
    first = min(os.sched_getaffinity(0))
    ask = python("import os; os.sched_setaffinity(0, range(64)); print(*os.sched_getaffinity(0))")
    assert cell.prints(ask, cores=(first,)) == f"{first}\n"


# ---- control groups


@pytest.fixture
def grouped(cell: Cell) -> Cell:
    groups = Groups.found()
    groups.remove()
    if {row.limit for row, _ in groups.rows} != {"memory", "processes"}:
        pytest.skip("no control groups to be had here")
    return cell


def test_a_group_ends_what_grows_faster_than_we_look(grouped: Cell) -> None:
    ended = grouped.run(python("held = bytearray(500_000_000)"), memory_mb=300)
    assert ended.why is Why.MEMORY
    assert ended.usage.peak_mb < 320


def test_a_group_stops_a_bomb_at_its_limit(grouped: Cell) -> None:
    ended = grouped.run(python("import os, time; [os.fork() for _ in range(9)]; time.sleep(0.5)"), processes=60)
    assert ended.why is Why.PROCESSES


def test_no_group_is_left_behind(grouped: Cell) -> None:
    warden = Warden()
    warden.start(grouped.confined("true")).wait(lambda *_: None)
    process = warden._process
    assert process is not None
    warden.close()
    made = [name for _, folders, _ in os.walk("/sys/fs/cgroup") for name in folders]  # others come and go meanwhile
    assert not [name for name in made if name.startswith(f"overnight-{process.pid}-")]

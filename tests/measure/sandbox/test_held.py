"""Runs that wait for their word, at each level: what is done before it, and that nothing of theirs is."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.letters import IN_TIME
from overnight.measure.process import Running, Warden, Why
from overnight.measure.sandbox.apart import LAST
from overnight.measure.sandbox.choose import BUILDERS, examine
from overnight.measure.tree import children, descendants
from overnight.model import Level
from tests.measure.conftest import LINUX, ignore_beats
from tests.measure.sandbox.conftest import Cell

pytestmark = LINUX
SHORT = 0.3  # seconds in which a run would have begun
PATIENCE = 20.0


@pytest.fixture
def warden() -> Iterator[Warden]:
    """One with no other runs, so that its processes can be counted."""
    with closing(Warden()) as warden:
        yield warden


@pytest.fixture(params=list(BUILDERS), ids=lambda level: f"level{level}")
def level(request: pytest.FixtureRequest) -> Level:
    if not examine(request.param).holds:
        pytest.skip("this level does not hold here")
    return Level(request.param)


def marks(cell: Cell) -> list[str]:
    return os.listdir(cell.spec.cwd)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it has not come"
        time.sleep(0.005)


def below(warden: Warden) -> list[int]:
    """For what has time the warden keeps none for later."""
    assert warden._process
    return list(descendants(warden._process.pid))


def held(cell: Cell, command: str) -> Running:
    """With nobody else below the warden, and all there that waits: the supervisor, and bwrap twice."""
    first = cell.warden.hold(cell.confined("true", log=os.devnull), when=IN_TIME)
    first.go(())
    assert first.wait(ignore_beats).code == 0
    until(lambda: not below(cell.warden))
    running = cell.warden.hold(cell.confined(command), when=IN_TIME)
    until(lambda: len(below(cell.warden)) == (3 if cell.sandbox.level is Level.NAMESPACE else 1))
    return running


def test_it_begins_at_its_word_and_not_before(cell: Cell) -> None:
    running = cell.warden.hold(cell.confined("touch begun; sleep 0.1; echo done"), when=IN_TIME)
    time.sleep(SHORT)
    assert (marks(cell), Path(cell.spec.log).exists()) == ([], False)
    running.go(())
    assert running.wait(ignore_beats).why is Why.EXIT
    assert (marks(cell), cell.log) == (["begun"], "done\n")


@pytest.mark.slow
def test_its_time_begins_with_its_word(cell: Cell) -> None:
    running = cell.warden.hold(cell.confined("sleep 0.1", kill_after_seconds=4 * SHORT), when=IN_TIME)
    time.sleep(5 * SHORT)
    running.go(())
    ended = running.wait(ignore_beats)
    assert ended.why is Why.EXIT
    assert ended.usage.wall_seconds < 4 * SHORT


@pytest.mark.slow
def test_what_is_forgotten_never_begins_and_leaves_nothing(cell: Cell, warden: Warden) -> None:
    running = held(cell, "touch begun")
    running.forget()
    until(lambda: not below(warden))
    assert marks(cell) == []


@pytest.mark.slow
def test_whose_watcher_is_killed_before_its_word_never_begins(cell: Cell, warden: Warden) -> None:
    running = held(cell, "touch begun")
    assert warden._process
    (supervisor,) = children(warden._process.pid)
    os.kill(supervisor, signal.SIGKILL)
    running.go(())
    assert running.wait(ignore_beats).why is Why.LOST
    until(lambda: not below(warden))
    assert marks(cell) == []


@pytest.mark.slow
def test_its_cores_are_those_of_its_word(cell: Cell) -> None:
    *_, last = cores = sorted(os.sched_getaffinity(0))
    for given in ((last,), ()):
        running = cell.warden.hold(
            cell.confined("grep Cpus_allowed_list /proc/self/status", cores=(cores[0],)), when=IN_TIME
        )
        time.sleep(SHORT)
        running.go(given)
        assert running.wait(ignore_beats).code == 0
        seen = cell.log.split()[1]
        assert seen == (str(last) if given else Path("/proc/self/status").read_text().split("_list:\t")[1].split()[0])


@pytest.mark.slow
def test_who_is_started_at_once_has_its_cores_too(cell: Cell) -> None:
    """Also where bwrap was not yet there to be moved."""
    last = max(os.sched_getaffinity(0))
    for _ in range(10):
        assert cell.prints("grep Cpus_allowed_list /proc/self/status", cores=(last,)).split()[1] == str(last)


def test_walls_that_cannot_be_built_are_told_after_its_word(namespaces: Cell) -> None:
    sound = namespaces.confined("touch begun")
    argv = [{"--remount-ro": "--no-such-flag"}.get(word, word) for word in sound.argv]
    argv[: sound.argv.index(LAST)] = sound.argv[: sound.argv.index(LAST)]  # what is done ahead is as it was
    running = namespaces.warden.hold(replace(sound, argv=tuple(argv)), when=IN_TIME)
    time.sleep(SHORT)
    running.go(())
    ended = running.wait(ignore_beats)
    assert ended.why is Why.FAILED
    assert "no-such-flag" in namespaces.log


def test_it_does_not_see_its_gate(cell: Cell) -> None:
    assert cell.prints("ls /proc/self/fd").split() == ["0", "1", "2", "3"]  # the last is the folder that ls reads

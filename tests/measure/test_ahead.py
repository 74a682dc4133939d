"""Rooms that are made before their runs have a slot."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from overnight.measure.ahead import Ahead, Made
from overnight.measure.checkpoint import Shelf
from overnight.measure.early import expect
from overnight.measure.execute import Place, execute
from overnight.measure.files import Broom, remove
from overnight.measure.process import Running, Warden
from overnight.measure.resume import Resuming
from overnight.model import Run, Rung, Slot, Status
from tests.measure.conftest import PROGRAM, RUN

OTHER = replace(RUN, id="other")


@pytest.fixture
def ahead() -> Iterator[Ahead]:
    with closing(Ahead(remove, most=2)) as ahead:
        yield ahead


def test_a_room_that_was_made_is_taken_once(ahead: Ahead, tmp_path: Path) -> None:
    ahead.expect(RUN, tmp_path / "room", (tmp_path / "room").mkdir)
    assert (ahead.take(RUN), (tmp_path / "room").exists(), ahead.take(RUN)) == (Made(None), True, None)


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        (replace(RUN, commit="another"), False),
        (replace(RUN, kill_after_seconds=99.0), False),
        (replace(RUN, rungs=(Rung(0.5, 1.0),)), True),  # what it is judged by on the way is not made
    ],
)
def test_what_was_made_for_a_run_is_for_no_other(other: Run, taken: bool, ahead: Ahead, tmp_path: Path) -> None:
    ahead.expect(RUN, tmp_path / "room", (tmp_path / "room").mkdir)
    ahead._thread.submit(lambda: None).result()
    assert bool(ahead.take(other)) == (tmp_path / "room").exists() == taken
    assert not ahead.take(RUN)


def test_it_is_made_once(ahead: Ahead, tmp_path: Path) -> None:
    for _ in range(2):
        ahead.expect(RUN, tmp_path / "room", (tmp_path / "room").mkdir)
        ahead._thread.submit(lambda: None).result()
    assert ahead.take(RUN)


def test_what_is_held_is_taken_with_its_room_and_forgotten_without_it(tmp_path: Path) -> None:
    pairs = {name: socket.socketpair() for name in "abc"}

    def make(name: str) -> Running:
        (tmp_path / name).mkdir()
        return Running(pairs[name][0])

    with closing(Ahead(remove, most=2)) as ahead:
        for name in "abc":
            ahead.expect(replace(RUN, id=name), tmp_path / name, partial(make, name))
            ahead._thread.submit(lambda: None).result()
        taken = ahead.take(replace(RUN, id="b"))
    assert taken
    assert taken.held
    assert pairs["a"][1].recv(1) == pairs["c"][1].recv(1) == b""  # too many, and never asked for
    taken.held.go(())
    assert pairs["b"][1].recv(4) == b"\0\0\0\2"
    for pair in pairs.values():
        for end in pair:
            end.close()


def test_what_could_not_be_made_is_not_there(ahead: Ahead, tmp_path: Path) -> None:
    def full() -> None:
        raise OSError("no space left on device")

    ahead.expect(RUN, tmp_path / "room", full)
    assert not ahead.take(RUN)


def test_who_comes_before_it_was_begun_waits_for_nobody(ahead: Ahead, tmp_path: Path) -> None:
    go_on = threading.Event()
    ahead.expect(OTHER, tmp_path / "other", lambda: (go_on.wait(20), None)[1])
    ahead.expect(RUN, tmp_path / "room", (tmp_path / "room").mkdir)
    assert not ahead.take(RUN)
    go_on.set()
    ahead.close()
    assert not (tmp_path / "room").exists()


def test_where_there_are_too_many_the_oldest_goes(ahead: Ahead, tmp_path: Path) -> None:
    for name in "abc":
        ahead.expect(replace(RUN, id=name), tmp_path / name, (tmp_path / name).mkdir)
        ahead._thread.submit(lambda: None).result()
    assert sorted(os.listdir(tmp_path)) == ["b", "c"]
    assert not ahead.take(replace(RUN, id="a"))


def test_one_that_goes_while_it_is_made_is_gone_before_its_run_can_come(ahead: Ahead, tmp_path: Path) -> None:
    begun = threading.Event()

    def slowly() -> None:
        begun.set()
        time.sleep(0.2)
        (tmp_path / "a").mkdir()

    ahead.expect(replace(RUN, id="a"), tmp_path / "a", slowly)
    assert begun.wait(20)
    for name in "bc":
        ahead.expect(replace(RUN, id=name), tmp_path / name, (tmp_path / name).mkdir)
    ahead.close()  # whatever was still being made is there now
    assert not (tmp_path / "a").exists()


class Unseen:
    def started(self, running: Running) -> None: ...
    def beat(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("expected", "slot"), [(False, None), (True, None), (True, Slot("slot-2", cores=(0,)))], ids=["no", "room", "held"]
)
def test_a_run_is_the_same_where_it_was_made_ready_before(
    expected: bool, slot: Slot | None, tmp_path: Path, warden: Warden
) -> None:
    made = []

    def checkout(commit: str, into: Path) -> None:
        made.append((commit, threading.current_thread().name))
        into.mkdir(parents=True)
        (into / "train.py").write_text("SEED = 1\n")

    broom, root = Broom(), tmp_path / "root"
    root.mkdir()
    program = replace(
        PROGRAM, run="cat train.py; ls -A; ls -A ~; echo left > ~/left; echo val_bpb: 1", seed_literals=True
    )
    with closing(Ahead(broom.sweep, 2)) as ahead:
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        results = tmp_path / "runs" / RUN.id
        folders = root, tmp_path / "scratch", tmp_path / "runs"
        place = Place(*folders, "n-t", checkout, environ, "", broom=broom, ahead=ahead)
        if expected:
            expect(RUN, slot, program, place, warden)
            ahead._thread.submit(lambda: None).result()
            assert made == [(RUN.commit, "rooms_0")]
            assert not results.exists()
        trials = [execute(RUN, n, Slot("slot-1"), Unseen(), program, place, warden) for n in (1, 2)]
        broom.wait()
    assert [trial.status for trial in trials] == [Status.OK, Status.OK]
    assert trials[0].tail == trials[1].tail == f"SEED = {RUN.seed}\ntrain.py\nval_bpb: 1"
    assert len(made) == 2
    assert os.listdir(tmp_path / "scratch") == []


def test_what_may_go_on_from_a_checkpoint_has_no_room_made_for_it(ahead: Ahead, tmp_path: Path, warden: Warden) -> None:
    made: list[str] = []
    folders = tmp_path / "root", tmp_path / "scratch", tmp_path / "runs"

    def checkout(commit: str, into: Path) -> None:
        made.append(commit)
        into.mkdir()

    place = Place(*folders, "n-t", checkout, {}, "", ahead=ahead)
    for resume in ("ck", ""):
        Resuming(replace(PROGRAM, resume=resume), place, warden, Shelf(tmp_path / "shelf", 2)).expect(RUN, None)
        ahead._thread.submit(lambda: None).result()
        assert made == ([] if resume else [RUN.commit])

"""Leases over posts that are told what to say, with a clock that is told the time: every loss, one result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from overnight.compute.executor import Failed
from overnight.compute.lease import MOST, Terms
from overnight.compute.leases import AGAIN, EXTINCT, PATIENCE, SILENCE, Leases
from overnight.compute.parcel import Parcel
from overnight.compute.pieces import Pieces
from overnight.compute.posts import (
    Cancel,
    End,
    Gone,
    Heard,
    Kept,
    Left,
    Measure,
    Order,
    Part,
    Piece,
    Ready,
    Unfit,
    Word,
)
from overnight.errors import OvernightError, UsageError
from overnight.measure.checkpoint import Shelf
from overnight.model import Heartbeat, Run, Slot, Status, Trial, Usage
from tests.measure.conftest import RUN

DEADLINE = 1000.0
OTHER = replace(RUN, id="other")


def ended(run: Run, status: Status = Status.OK, attempt: int = 1) -> Trial:
    return Trial(run.id, attempt, status, {}, Usage(), 0, None, "", "")


@dataclass(slots=True)
class Told:
    """An engine: what its posts say is what a test says, and who is not made to speak is silent."""

    clock: float = 0.0
    saying: list[Heard] = field(default_factory=list)
    alive: list[str] = field(default_factory=list)  # said something, and have not been dismissed
    sent: list[tuple[str, Order]] = field(default_factory=list)
    hired: list[str] = field(default_factory=list)
    turns: int = 0
    willing: bool = False  # to end what it is told to end
    turn: threading.Lock = field(default_factory=threading.Lock)

    def hire(self, name: str) -> TheirPost:
        self.hired.append(name)
        return TheirPost(self, name)

    def listen(self, seconds: float) -> Iterable[Heard]:
        time.sleep(0.001)
        with self.turn:
            self.turns += 1
            heard, self.saying = self.saying, []
        return heard

    def close(self) -> None: ...

    def now(self) -> float:
        return self.clock


@dataclass(slots=True)
class TheirPost:
    engine: Told
    name: str

    def send(self, order: Order) -> None:
        self.engine.sent.append((self.name, order))
        if isinstance(order, End) and self.engine.willing and self.name in self.engine.alive:
            self.engine.saying.append((self.name, [ended(run, Status.STOPPED) for run in (RUN, OTHER)]))

    def dismiss(self) -> None:
        self.engine.alive.remove(self.name) if self.name in self.engine.alive else None


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.001)


class Scene:
    """What a test does and sees."""

    def __init__(self, folder: Path, posts: int) -> None:
        self.engine, self.said, self.notes = Told(), list[Heartbeat | Trial | Failed](), list[str]()
        terms = Terms(posts, lambda commit: Parcel(commit, {}, {}), lambda run: DEADLINE, self.notes.append)
        self.pieces = Pieces(folder / "runs", folder / "part", Shelf(folder / "checkpoints", 4))
        self.leases = Leases(self.engine, terms, self.pieces, self.said.append, self.engine.now)

    def say(self, post: str, *words: Word) -> None:
        with self.engine.turn:
            self.engine.saying.append((post, words))
            if post not in self.engine.alive:
                self.engine.alive.append(post)
        self.settle()

    def settle(self) -> None:
        """Until the leases have looked at everything that was said."""
        wanted = self.engine.turns + 3
        until(lambda: self.engine.turns >= wanted or bool(self.failed()))

    def failed(self) -> list[Failed]:
        return [word for word in self.said if isinstance(word, Failed)]

    def pass_time(self, seconds: float, silent: Iterable[str] = ()) -> None:
        """In steps, for a jump of the clock is our own sleep; who is not silent is heard in each."""
        until = self.engine.clock + seconds
        while self.engine.clock < until:
            self.engine.clock += 1.0
            with self.engine.turn:
                self.engine.saying += [(name, ()) for name in self.engine.alive if name not in silent]
            self.settle()

    def ready(self, *posts: str, hardware: str = "cpu") -> None:
        for post in posts:
            self.say(post, Ready(Slot("here", hardware=hardware), "node"))

    def slot(self, name: str) -> Slot:
        return next(slot for slot in self.leases.free() if slot.name == name)

    def given(self, run: Run = RUN) -> list[str]:
        return [post for post, order in self.engine.sent if isinstance(order, Measure) and order.run == run]

    def free(self) -> list[str]:
        return [slot.name for slot in self.leases.free()]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path, posts=2)
    scene.settle()
    yield scene
    scene.engine.willing = True
    scene.leases.close()


@pytest.fixture
def under_way(scene: Scene) -> Scene:
    """RUN is on slot-1, and slot-2 is idle."""
    scene.ready("slot-1", "slot-2")
    scene.leases.submit(RUN, 1, scene.slot("slot-1"))
    return scene


def test_a_post_is_a_slot_when_it_is_ready(scene: Scene) -> None:
    assert scene.free() == []
    scene.ready("slot-2")
    assert scene.free() == ["slot-2"]


def test_who_has_not_spoken_for_a_while_is_given_nothing(scene: Scene) -> None:
    scene.ready("slot-1", "slot-2")
    scene.pass_time(5, silent=["slot-1"])
    assert scene.free() == ["slot-2"]


@pytest.mark.parametrize("word", [Gone("killed"), Failed(RUN.id, OvernightError("its disk is full"))])
def test_a_run_whose_post_fails_is_executed_again_elsewhere(under_way: Scene, word: Word) -> None:
    under_way.say("slot-1", word)
    assert under_way.given() == ["slot-1", "slot-2"]
    under_way.say("slot-2", ended(RUN))
    assert under_way.said == [ended(RUN)]


def test_a_run_whose_post_falls_silent_is_executed_again_within_30_seconds(under_way: Scene) -> None:
    under_way.pass_time(SILENCE - 1, silent=["slot-1"])
    assert under_way.given() == ["slot-1"]
    under_way.pass_time(30 - SILENCE, silent=["slot-1"])
    assert under_way.given() == ["slot-1", "slot-2"]


def test_what_a_given_up_post_says_later_does_not_count(under_way: Scene) -> None:
    under_way.pass_time(SILENCE + 2, silent=["slot-1"])
    under_way.say("slot-1", ended(RUN))
    assert under_way.said == []
    under_way.say("slot-2", ended(RUN))
    assert under_way.said == [ended(RUN)]


def test_another_post_is_hired_in_the_place_of_a_lost_one(under_way: Scene) -> None:
    under_way.say("slot-1", Gone("killed"))
    assert under_way.engine.hired == ["slot-1", "slot-2"]
    under_way.pass_time(AGAIN + 1)
    assert under_way.engine.hired == ["slot-1", "slot-2", "slot-3"]


def test_a_lost_run_goes_before_new_ones(under_way: Scene) -> None:
    under_way.leases.submit(OTHER, 1, under_way.slot("slot-2"))
    under_way.say("slot-1", Gone("killed"))
    under_way.say("slot-2", ended(OTHER))
    assert under_way.free() == []
    assert under_way.given() == ["slot-1", "slot-2"]


def test_a_lost_run_waits_for_the_same_hardware(scene: Scene) -> None:
    scene.ready("slot-1", hardware="1 x H200")
    scene.ready("slot-2", hardware="cpu")
    scene.leases.submit(RUN, 1, scene.slot("slot-1"))
    scene.say("slot-1", Gone("killed"))
    scene.pass_time(AGAIN + 1)
    assert scene.given() == ["slot-1"]
    scene.ready("slot-3", hardware="1 x H200")
    assert scene.given() == ["slot-1", "slot-3"]


def test_a_lost_run_whose_hardware_is_gone_for_good_is_given_back_to_the_night(scene: Scene) -> None:
    """STOPPED is not a score: the night starts it again where it may."""
    scene.ready("slot-1", hardware="1 x H200")
    scene.ready("slot-2", hardware="cpu")
    scene.leases.submit(RUN, 1, scene.slot("slot-1"))
    scene.say("slot-1", Gone("killed"))
    scene.pass_time(EXTINCT + 2)
    assert [trial.status for trial in scene.said if isinstance(trial, Trial)] == [Status.STOPPED]
    scene.leases.submit(RUN, 2, scene.slot("slot-2"))
    assert scene.given() == ["slot-1", "slot-2"]


def test_a_run_past_its_deadline_is_executed_again(under_way: Scene) -> None:
    under_way.engine.clock += DEADLINE  # we slept: that is not held against it
    under_way.settle()
    assert under_way.given() == ["slot-1"]
    under_way.leases._terms = replace(under_way.leases._terms, deadline=lambda run: 5.0)
    under_way.pass_time(6)
    assert under_way.given() == ["slot-1", "slot-2"]


def test_our_own_sleep_is_nobodys_silence(under_way: Scene) -> None:
    under_way.engine.clock += 10 * SILENCE
    under_way.settle()
    assert under_way.given() == ["slot-1"]
    assert under_way.notes[-1].endswith("ready on node: cpu")


def test_a_run_that_ends_every_machine_it_is_given_is_a_crash(scene: Scene) -> None:
    scene.ready("slot-1")
    scene.leases.submit(RUN, 1, scene.slot("slot-1"))
    for number in range(1, MOST + 1):
        scene.say(f"slot-{number}", Gone("out of memory"))
        scene.pass_time(AGAIN + 1)
        scene.ready(f"slot-{number + 1}")
    (trial,) = scene.said
    assert isinstance(trial, Trial)
    assert trial.status is Status.CRASH
    assert "out of memory" in trial.why


def test_what_no_machine_can_measure_is_our_failure(scene: Scene) -> None:
    scene.ready("slot-1")
    scene.leases.submit(RUN, 1, scene.slot("slot-1"))
    for number in range(1, MOST + 1):
        scene.say(f"slot-{number}", Failed(RUN.id, OvernightError("no space left")))
        scene.pass_time(AGAIN + 1)
        scene.ready(f"slot-{number + 1}")
    (failed,) = scene.said
    assert isinstance(failed, Failed)
    assert "no space left" in str(failed.error)


def test_a_cancelled_run_ends_in_its_own_way(under_way: Scene) -> None:
    under_way.leases.cancel(RUN.id)
    assert under_way.engine.sent[-1] == ("slot-1", Cancel(RUN.id))
    under_way.say("slot-1", ended(RUN, Status.STOPPED))
    assert under_way.said == [ended(RUN, Status.STOPPED)]
    assert under_way.free() == ["slot-1", "slot-2"]


def test_a_cancelled_run_that_does_not_end_is_given_up_with_its_post(under_way: Scene) -> None:
    under_way.leases.cancel(RUN.id)
    under_way.pass_time(PATIENCE + 2)
    assert [trial.status for trial in under_way.said if isinstance(trial, Trial)] == [Status.STOPPED]
    assert under_way.given() == ["slot-1"]
    assert "slot-1" not in under_way.engine.alive


def test_a_cancelled_run_whose_post_dies_is_not_executed_again(under_way: Scene) -> None:
    under_way.leases.cancel(RUN.id)
    under_way.say("slot-1", Gone("killed"))
    assert [trial.status for trial in under_way.said if isinstance(trial, Trial)] == [Status.STOPPED]
    assert under_way.given() == ["slot-1"]


def test_a_run_that_waits_for_a_slot_can_be_cancelled(scene: Scene) -> None:
    scene.ready("slot-1")
    scene.leases.submit(RUN, 1, scene.slot("slot-1"))
    scene.say("slot-1", Gone("killed"))
    scene.leases.cancel(RUN.id)
    assert [trial.status for trial in scene.said if isinstance(trial, Trial)] == [Status.STOPPED]


def test_a_node_that_is_told_to_stop_loses_its_run_to_another(under_way: Scene) -> None:
    """As one that is pre-empted: nobody here has cancelled anything."""
    under_way.say("slot-1", ended(RUN, Status.STOPPED))
    assert under_way.given() == ["slot-1", "slot-2"]
    assert under_way.said == []


def test_files_are_there_when_the_trial_is_told_and_only_those_of_the_run_that_counts(under_way: Scene) -> None:
    under_way.say("slot-1", Piece(RUN.id, "run.log", b"half of"), Gone("killed"))
    under_way.say("slot-2", Piece(RUN.id, "saved/a/model", b"12"), Piece(RUN.id, "saved/a/model", b"34"), ended(RUN))
    folder = under_way.pieces.runs / RUN.id
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()] == ["saved/a/model"]
    assert (folder / "saved/a/model").read_bytes() == b"1234"


@pytest.mark.parametrize("path", ["/etc/passwd", "../other/run.log"])
def test_no_node_writes_outside_of_its_run(under_way: Scene, path: str) -> None:
    under_way.say("slot-1", Piece(RUN.id, path, b"x"))
    (failed,) = under_way.said
    assert isinstance(failed, Failed)
    assert "outside of its run" in str(failed.error)


def test_to_close_ends_what_runs_and_waits_for_its_word(under_way: Scene) -> None:
    closing = threading.Thread(target=under_way.leases.close)
    closing.start()
    while ("slot-1", End()) not in under_way.engine.sent:
        under_way.settle()
    with under_way.engine.turn:
        under_way.engine.saying.append(("slot-1", [ended(RUN, Status.STOPPED)]))
    closing.join(20)
    assert under_way.said == [ended(RUN, Status.STOPPED)]
    assert under_way.engine.alive == []


def test_a_cluster_on_which_nothing_can_be_made_ready_says_why(scene: Scene) -> None:
    scene.say("slot-1", Unfit("node: prepare failed with exit code 1"))
    with pytest.raises(UsageError, match="prepare failed"):
        scene.leases.wait(20)


def test_a_cluster_without_room_says_so(scene: Scene) -> None:
    with pytest.raises(UsageError, match="the cluster has no room"):
        scene.leases.wait(0.01)


def checkpoint(number: int, *files: tuple[str, bytes], whole: bool = True) -> list[Word]:
    parts: list[Word] = [Part(RUN.id, number, path, data) for path, data in files]
    return [*parts, *([Kept(RUN.id, number, 10.0 * number, 5.0)] if whole else [])]


def goes_on_from(scene: Scene) -> Left | None:
    """What came with the last order."""
    return [order for _, order in scene.engine.sent if isinstance(order, Measure)][-1].left


def test_a_lost_run_goes_on_from_the_last_checkpoint_that_came_whole(under_way: Scene) -> None:
    assert goes_on_from(under_way) is None
    under_way.say("slot-1", *checkpoint(1, ("ck/a", b"old"), ("ck/gone", b"")))
    under_way.say("slot-1", *checkpoint(2, ("ck/a", b"ne"), ("ck/a", b"w")))
    under_way.say("slot-1", *checkpoint(3, ("ck/a", b"half of the n"), whole=False), Gone("killed"))
    under_way.settle()
    assert under_way.given() == ["slot-1", "slot-2"]
    assert goes_on_from(under_way) == Left({"ck/a": b"new"}, 20.0, 5.0)


def test_what_was_half_sent_is_no_part_of_the_next_one(under_way: Scene) -> None:
    under_way.say("slot-1", *checkpoint(1, ("ck/a", b"x"), ("ck/b", b"x"), whole=False))
    under_way.say("slot-1", *checkpoint(2, ("ck/a", b"y")), Gone("killed"))
    under_way.settle()
    assert goes_on_from(under_way) == Left({"ck/a": b"y"}, 20.0, 5.0)


def test_nobody_goes_on_from_another_runs_checkpoint(under_way: Scene) -> None:
    under_way.say("slot-1", *checkpoint(1, ("ck/a", b"x")))
    under_way.leases.submit(OTHER, 1, under_way.slot("slot-2"))
    assert goes_on_from(under_way) is None
    under_way.say("slot-1", ended(RUN))
    under_way.leases.submit(RUN, 2, under_way.slot("slot-1"))  # a further attempt of one that has ended
    assert goes_on_from(under_way) is None


def test_a_run_that_a_killed_coordinator_had_given_out_goes_on(under_way: Scene, tmp_path: Path) -> None:
    under_way.say("slot-1", *checkpoint(1, ("ck/a", b"x")))
    second = Scene(tmp_path, posts=1)
    second.ready("slot-1")
    second.leases.submit(RUN, 2, second.slot("slot-1"))
    assert goes_on_from(second) == Left({"ck/a": b"x"}, 10.0, 5.0)
    second.say("slot-1", ended(RUN, attempt=2))
    second.leases.close()

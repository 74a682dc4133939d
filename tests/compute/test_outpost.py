"""The far end of a post, without an engine: what it says of one run, and that it works for nobody once it is alone."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.compute.outpost import Outpost
from overnight.compute.parcel import Packer
from overnight.compute.posts import Kept, Left, Measure, Part, Piece, Ready, Unfit, Word
from overnight.compute.relay import Relay
from overnight.measure.checkpoint import Saved
from overnight.model import Heartbeat, Run, Status, Trial
from overnight.program.program import Program
from overnight.testing.executors import SCORES, SLEEPS, Rig
from tests.compute.near import errand_of
from tests.measure.conftest import RUN


class Nobody:
    """An executor that executes nothing: the rig is wanted for its task alone."""

    def close(self) -> None: ...


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig.of(lambda bench, report: Nobody(), tmp_path) as rig:  # type: ignore[arg-type, return-value]
        yield rig


def outpost(rig: Rig, abandon: Callable[[], None], unasked: float = 60.0, **changes: object) -> Outpost:
    repo = rig.bench.repo
    program: Program = replace(rig.bench.program, sandbox="1", **changes)  # type: ignore[arg-type]
    packer = Packer(repo, repo.head())
    errand = replace(errand_of(program, repo, packer), common_dir="/nowhere")  # a node that does not see the clone
    return Outpost(errand, packer.all, abandon, unasked)


def heard(post: Outpost, wanted: Callable[[Word], bool]) -> list[Word]:
    """Everything until what is wanted."""
    words: list[Word] = []
    give_up = time.monotonic() + 60
    while not any(map(wanted, words)):
        assert time.monotonic() < give_up, words
        words += post.news(0.1)
    return words


def measure(rig: Rig, does: int) -> tuple[Run, Measure]:
    run = rig.run(does)
    return run, Measure(run, 1, Packer(rig.bench.repo, rig.bench.repo.head()).parcel(run.commit))


def test_it_says_that_it_is_ready_then_the_files_of_a_run_and_then_its_trial(rig: Rig) -> None:
    with closing(outpost(rig, lambda: None)) as post:
        (ready,) = heard(post, lambda word: isinstance(word, Ready))
        run, order = measure(rig, SCORES)
        post.take(order)
        words = heard(post, lambda word: isinstance(word, Trial))
    assert isinstance(ready, Ready)
    *_, log, trial = [word for word in words if not isinstance(word, Heartbeat)]
    assert isinstance(log, Piece)
    assert (log.path, log.data) == ("run.log", f"loss: 0.{run.seed}\n".encode())
    assert isinstance(trial, Trial)
    assert (trial.status, trial.hardware) == (Status.OK, ready.slot.hardware)


def test_where_it_cannot_be_made_ready_it_says_why(rig: Rig) -> None:
    with closing(outpost(rig, lambda: None, python="no/such/venv")) as post:
        words = heard(post, lambda word: isinstance(word, (Unfit, Ready)))
    assert isinstance(words[-1], Unfit)
    assert "no/such/venv" in words[-1].why


@pytest.mark.slow
def test_when_nobody_asks_any_more_its_run_ends_and_then_itself(rig: Rig) -> None:
    alone = threading.Event()
    post = outpost(rig, alone.set, unasked=3.0)
    heard(post, lambda word: isinstance(word, Ready))
    run, order = measure(rig, SLEEPS)
    post.take(order)
    heard(post, lambda word: isinstance(word, Heartbeat))
    while not rig.alive(run):
        heard(post, lambda word: isinstance(word, Heartbeat))
    assert alone.wait(60)
    assert not rig.alive(run)


def test_a_large_file_comes_in_pieces_and_is_gone_then(rig: Rig) -> None:
    with closing(
        outpost(rig, lambda: None, run="head -c 9000000 /dev/zero > model; echo loss: 1", save=("model",))
    ) as post:
        heard(post, lambda word: isinstance(word, Ready))
        run, order = measure(rig, SCORES)
        post.take(order)
        words = heard(post, lambda word: isinstance(word, Trial))
        assert not [path for path in post.ground.scratch.glob("results/**/*") if path.is_file()]
    pieces = [word for word in words if isinstance(word, Piece) and word.path == "saved/model"]
    assert sum(len(piece.data) for piece in pieces) == 9_000_000
    assert len(pieces) > 8
    assert {piece.run_id for piece in pieces} == {run.id}


@pytest.mark.slow
def test_what_a_run_saves_is_sent_whole_and_laid_where_it_is_executed_again(rig: Rig) -> None:
    """Five megabytes, so that it comes in pieces; from the second on it ends as soon as it finds them."""
    saves = "test -d ck && { echo loss: $(cat ck/step) && exit; }; "
    saves += "mkdir new; head -c 5000000 /dev/zero > new/model; echo 7 > new/step; mv new ck; sleep 30"
    with closing(outpost(rig, lambda: None, run=saves, resume="ck")) as post:
        heard(post, lambda word: isinstance(word, Ready))
        _, order = measure(rig, SCORES)
        post.take(order)
        words = heard(post, lambda word: isinstance(word, Kept))
    files: dict[str, bytes] = {}
    for part in (word for word in words if isinstance(word, Part)):
        files[part.path] = files.get(part.path, b"") + part.data
    (kept,) = [word for word in words if isinstance(word, Kept)]
    assert files == {"ck/model": bytes(5_000_000), "ck/step": b"7\n"}
    assert 0 < kept.wall_seconds < 30
    with closing(outpost(rig, lambda: None, run=saves, resume="ck")) as other:
        heard(other, lambda word: isinstance(word, Ready))
        other.take(replace(order, left=Left(files, kept.wall_seconds, kept.cpu_seconds)))
        (trial,) = [word for word in heard(other, lambda word: isinstance(word, Trial)) if isinstance(word, Trial)]
    assert (trial.status, trial.scores["loss"].value) == (Status.OK, 7)
    assert trial.usage.wall_seconds > kept.wall_seconds


def test_one_checkpoint_is_on_its_way_at_a_time_and_none_behind_a_result(tmp_path: Path) -> None:
    relay = Relay(tmp_path / "relay")

    def keep(text: str) -> bool:
        (tmp_path / "fresh").mkdir()
        (tmp_path / "fresh/ck").write_text(text)
        taken = relay.keep(RUN, Saved(tmp_path / "fresh", 1, 1))
        shutil.rmtree(tmp_path / "fresh", ignore_errors=True)
        return taken

    assert keep("first")
    assert not keep("second")
    assert [type(word) for word in relay.said(0)] == [Part, Kept]
    assert keep("third")
    relay.forget(RUN)
    relay.say(Heartbeat(RUN.id, 1, 1))
    assert [type(word) for word in relay.said(0)] == [Heartbeat]
    assert keep("fourth")
    assert Part(RUN.id, 3, "ck", b"fourth") in relay.said(0)

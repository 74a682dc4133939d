"""What a person is told who says `--on ray` where there is none, and what `on:` may say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from overnight.compute import ray_head
from overnight.compute.cluster import deadline
from overnight.compute.ray_head import TRIES, Head
from overnight.compute.ray_posts import RayPosts
from overnight.errors import UsageError
from overnight.program.program import Box, Origin
from overnight.program.settings import Setting
from overnight.testing import a_program
from tests.measure.conftest import RUN


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_it_says_how_to_get_it() -> None:
    with pytest.raises(UsageError, match=r"pip install 'overnight\[ray\]'"):
        RayPosts("ray")


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_where_nobody_answers_it_says_how_to_start_a_cluster() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(UsageError, match=r"refused.*ray start --head"):
            RayPosts(f"ray://127.0.0.1:{nobody.getsockname()[1]}")


class SlowRay:
    """Ray, whose head begins to serve us only after so many tries."""

    exceptions = SimpleNamespace(RayError=RuntimeError)

    def __init__(self, late: int) -> None:
        self.late, self.asked, self.left = late, 0, 0

    def init(self, *_: object, **__: object) -> None:
        self.asked += 1
        if self.asked <= self.late:
            raise ConnectionAbortedError("Starting Ray client server failed")

    def shutdown(self) -> None:
        self.left += 1

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}


@pytest.fixture
def answers() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"ray://127.0.0.1:{server.getsockname()[1]}"


def test_a_head_with_much_else_to_do_is_asked_again(answers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = SlowRay(late=TRIES - 1)
    monkeypatch.setattr(ray_head, "_ray", lambda: ray)
    assert Head(answers).total == {"CPU": 2.0}
    assert ray.left == TRIES - 1


def test_a_head_that_never_serves_is_said(answers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = SlowRay(late=99)
    monkeypatch.setattr(ray_head, "_ray", lambda: ray)
    with pytest.raises(UsageError, match="Starting Ray client server failed"):
        Head(answers)
    assert ray.asked == TRIES


@pytest.mark.parametrize(
    ("text", "on"), [("here", ""), ("ray", "ray"), ("ray://10.0.0.1:10001", "ray://10.0.0.1:10001")]
)
def test_where_runs_execute_is_said_in_a_word(text: str, on: str) -> None:
    assert Setting.of("on", text, Origin.FLAG).value == on


@pytest.mark.parametrize("text", ["slurm", "ray://", "http://10.0.0.1:8265", "ray://host/x"])
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="nowhere that runs could be"):
        Setting.of("on", text, Origin.FLAG)


def test_the_deadline_is_twice_what_a_run_may_take_and_a_minute() -> None:
    plain = a_program(kill_after_seconds=20.0)
    assert deadline(RUN, plain) == 100
    assert deadline(RUN, a_program(kill_after_seconds=20.0, timing=3)) == 180
    assert deadline(RUN, a_program(kill_after_seconds=20.0, box=Box(10, cpu=True))) == 220
    assert deadline(RUN, a_program(kill_after_seconds=20.0, score="python score.py")) == 340

"""Who executes a night's runs."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

from overnight import wiring
from overnight.hands import Own
from overnight.model import Purpose, Run, Split
from tests.nights import TRAIN, toy_repo


def test_on_this_machine_the_room_of_a_run_that_is_expected_is_made(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    task = wiring.load(root / "program.md", {})
    shift: Any = SimpleNamespace(queue=SimpleQueue())
    with closing(task.repo):
        run = Run("1-screen-0", 1, task.repo.head(), Purpose.SCREEN, Split.VISIBLE, 7, 1.0, 5.0)
        with Own(task.program).at_work(shift, task.repo, tmp_path / "scratch", tmp_path / "night") as executor:
            executor.expect(run)
            give_up = time.monotonic() + 20
            while not (made := [*(tmp_path / "scratch/runs").rglob("train.py")]) and time.monotonic() < give_up:
                time.sleep(0.01)
            executor.close()  # what has begun is finished
        assert [path.read_text() for path in made] == [TRAIN.replace("1337", "7")]
        assert shift.queue.empty()

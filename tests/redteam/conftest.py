"""The attack of each set-up, made once: which task, behind which walls, or measured by a plain loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from overnight import wiring
from overnight.cli.attack import attacking
from overnight.measure.attack.attack import Attack
from overnight.measure.sandbox.choose import examine
from overnight.model import Level
from tests.redteam import loop, tasks

SetUp = Callable[[str, str], Attack]


@pytest.fixture(scope="session")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SetUp]:
    """By task and level; level `loop` is none at all. Skips where this machine does not have the level."""
    made: dict[tuple[str, str], Attack] = {}
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        folder = tmp_path_factory.mktemp("redteam")
        (folder / "home").mkdir()
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))

        def get(task: str, level: str) -> Attack:
            if level != "loop" and (why := examine(Level(level)).why_not):
                pytest.skip(f"level {level}: {why}")
            if (task, level) not in made:
                root = getattr(tasks, task)(folder / f"{task}-{level}", "1" if level == "loop" else level)
                with pytest.MonkeyPatch.context() as home:
                    home.setenv("HOME", str(folder / "home"))
                    attack = stack.enter_context(attacking(wiring.load(root / "program.md", {})))
                made[task, level] = replace(attack, measure=loop.measure) if level == "loop" else attack
            return made[task, level]

        yield get

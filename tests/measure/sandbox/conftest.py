"""One shell command behind walls, at each level that holds here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from overnight.measure.place import Sandbox
from overnight.measure.process import Ended, Spec, Warden
from overnight.measure.sandbox.choose import BUILDERS, examine
from overnight.measure.sandbox.walls import Walls, system
from overnight.model import Level
from tests.measure.conftest import ignore_beats

STRONG = (Level.NAMESPACE, Level.LANDLOCK)


@dataclass(frozen=True)
class Cell:
    """Runs commands in a folder of their own. `walls` are what a run would have; `log` is what it printed."""

    sandbox: Sandbox
    walls: Walls
    spec: Spec
    warden: Warden

    @property
    def log(self) -> str:
        return Path(self.spec.log).read_text(errors="replace")

    def run(self, command: str, walls: Walls | None = None, **limits: object) -> Ended:
        return self.warden.start(self.confined(command, walls, **limits)).wait(ignore_beats)

    def confined(self, command: str, walls: Walls | None = None, **limits: object) -> Spec:
        asked = replace(self.spec, argv=("/bin/sh", "-c", command), **limits)  # type: ignore[arg-type]
        return self.sandbox.confine(asked, walls or self.walls)

    def prints(self, command: str, walls: Walls | None = None, **limits: object) -> str:
        ended = self.run(command, walls, **limits)
        assert ended.code == 0, (ended, self.log)
        return self.log


@pytest.fixture(params=STRONG, ids=lambda level: f"level{level}")
def level(request: pytest.FixtureRequest) -> Level:
    found = examine(request.param)
    if not found.holds:
        pytest.skip(f"level {found.level} does not hold here: {found.why_not}")
    return found.level


@pytest.fixture
def make_cell(tmp_path: Path, warden: Warden) -> Callable[[Sandbox], Cell]:
    def make(sandbox: Sandbox) -> Cell:
        run = tmp_path / "run"
        for name in ("tree", "tmp"):
            (run / name).mkdir(parents=True)
        interpreter = {sys.prefix, sys.base_prefix, str(Path(sys.executable).parent)}
        walls = Walls(read=(*system(), *interpreter), write=(str(run),))
        env = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "TMPDIR": str(run / "tmp")}
        log = str(tmp_path / "run.log")
        spec = Spec(("true",), env, str(run / "tree"), log, kill_after_seconds=30, grace_seconds=0.3)
        return Cell(sandbox, walls, spec, warden)

    return make


@pytest.fixture
def cell(level: Level, tmp_path: Path, make_cell: Callable[[Sandbox], Cell]) -> Cell:
    return make_cell(BUILDERS[level](tmp_path / "walls"))


@pytest.fixture
def namespaces(tmp_path: Path, make_cell: Callable[[Sandbox], Cell]) -> Cell:
    """At level 3."""
    if not examine(Level.NAMESPACE).holds:
        pytest.skip("level 3 does not hold here")
    return make_cell(BUILDERS[Level.NAMESPACE](tmp_path / "walls"))

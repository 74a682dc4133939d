"""The example in docs/sealed.md, run as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from overnight import sealed
from overnight.measure.execute import Place, execute
from overnight.measure.process import Running, Warden
from overnight.model import Purpose, Run, Slot, Split, Status
from overnight.program.facts import facts_of
from overnight.program.read import read

PAGE = (Path(__file__).parents[2] / "docs/sealed.md").read_text()
RUN = Run("1-screen-0", 1, "c", Purpose.SCREEN, Split.VISIBLE, 7, box_seconds=10, kill_after_seconds=20)


class Follower:
    def started(self, running: Running) -> None: ...
    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None: ...


@pytest.fixture
def warden() -> Iterator[Warden]:
    with closing(Warden()) as warden:
        yield warden


@pytest.mark.slow
def test_the_example_scores_both_splits(tmp_path: Path, warden: Warden) -> None:
    task = tmp_path / "task"
    (task / "data").mkdir(parents=True)
    for name, text in zip(("score.py", "model.py"), re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL), strict=False):
        (task / name).write_text(text)
    (task / "program.md").write_text(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])
    rng = np.random.default_rng(1)
    for name in ("train", *Split):
        rows = rng.normal(size=(100, 3))
        np.savez(task / f"data/{name}.npz", rows=rows, labels=rows @ [1, 2, 3] + rng.normal(0, 0.1, 100))
    files = {path.relative_to(task).as_posix(): path.read_bytes() for path in task.rglob("*") if path.is_file()}
    facts = facts_of(task, files, files.get, lambda _: False, tmp_path, os.defpath)
    program = read(task / "program.md", (task / "program.md").read_text(), "", facts)

    def checkout(_: str, into: Path) -> None:
        shutil.copytree(task, into)

    environ = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath])}
    place = Place(task, tmp_path / "s", tmp_path / "runs", "n-t", checkout, environ, "")
    trial = execute(RUN, 1, Slot("slot-1"), Follower(), program, place, warden)
    assert trial.status is Status.OK, trial.why
    for scores in (trial.scores, trial.hidden):
        assert (0.05 < scores["error"].value < 0.12, scores["error"].n) == (True, 100)


def test_every_name_is_explained_and_there() -> None:
    named = set(re.findall(r"sealed\.(\w+)", PAGE)) - {"md", "npz"}
    public = {name for name in sealed.__all__ if not name.isupper()}
    assert public - {"answer_text", "bits", "summary"} <= named
    assert named <= public

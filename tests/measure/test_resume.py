"""A run that goes on from its checkpoint: what it finds, what is left of its box, and what is counted."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from overnight.measure.checkpoint import Saved, Shelf
from overnight.measure.place import Place
from overnight.measure.process import Running, Warden
from overnight.measure.resume import Resuming
from overnight.model import Run, Rung, Slot, Status, Trial
from overnight.program.program import Box
from tests.measure.conftest import PROGRAM, RUN

COUNTS = """
import os, time
steps = int(open("ck/steps").read()) if os.path.exists("ck/steps") else 0
box, used = float(os.environ["OVERNIGHT_TIME_BOX"]), float(os.environ.get("OVERNIGHT_USED", 0))
print("began at", steps, "with", box, "after", used, flush=True)
os.makedirs("ck", exist_ok=True)
while steps < 300:
    time.sleep(0.01)
    steps += 1
    open("ck/.new", "w").write(str(steps))
    os.replace("ck/.new", "ck/steps")
print("val_bpb:", steps)
"""
GOES_ON = "import os; print('val_bpb:', open('ck').read(), os.environ['OVERNIGHT_TIME_BOX'])"


@dataclass
class Stops:
    """A Watch that ends the run when something has been kept, as a lost slot would."""

    wanted: Callable[[], bool] = lambda: False
    running: list[Running] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)

    def started(self, running: Running) -> None:
        self.running.append(running)

    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None:
        self.beats.append(wall_seconds)
        if self.wanted():
            self.running[-1].kill()


@pytest.fixture
def resuming(tmp_path: Path, warden: Warden) -> Callable[..., Resuming]:
    for name in ("root", "commit", "user"):
        (tmp_path / name).mkdir()

    def checkout(commit: str, into: Path) -> None:
        shutil.copytree(tmp_path / "commit", into)

    environ = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]), "HOME": str(tmp_path / "user")}
    place = Place(tmp_path / "root", tmp_path / "scratch", tmp_path / "runs", "n-t", checkout, environ, "a machine")

    def make(script: str, **changes: object) -> Resuming:
        (tmp_path / "commit/train.py").write_text(script)
        program = replace(PROGRAM, resume="ck", curve="at ([0-9.]+)", **changes)  # type: ignore[arg-type]
        return Resuming(program, place, warden, Shelf(tmp_path / "shelf", 4))

    return make


def go(resuming: Resuming, watch: Stops | None = None, run: Run = RUN) -> Trial:
    return resuming(run, 1, Slot("slot-1"), watch or Stops())


def left_behind(resuming: Resuming, text: str, wall: float, cpu: float) -> None:
    folder = resuming.place.scratch.parent / "fresh"
    folder.mkdir()
    (folder / "ck").write_text(text)
    resuming.keeper.keep(RUN, Saved(folder, wall, cpu))


def log(resuming: Resuming) -> str:
    return (resuming.place.runs / RUN.id / "run.log").read_text()


@pytest.mark.slow
def test_a_run_that_was_ended_goes_on_where_it_was_with_the_rest_of_its_box(
    resuming: Callable[..., Resuming],
) -> None:
    measure = resuming(COUNTS)
    assert go(measure, Stops(lambda: measure.keeper.find(RUN) is not None)).status is Status.STOPPED
    assert "began at 0 with 5.0 after 0.0" in log(measure)
    second = Stops()
    trial = go(measure, second)
    began, box, used = (float(log(measure).split()[at]) for at in (2, 4, 6))
    assert trial.scores["val_bpb"].value == 300
    assert 0 < began < 300
    assert box + used == pytest.approx(5)
    assert used >= began * 0.01  # what is in it was not made later
    assert second.beats[0] >= used
    assert measure.keeper.find(RUN) is None
    measure.place.broom.wait()
    assert os.listdir(measure.place.scratch) == []


def test_what_was_used_before_is_counted(resuming: Callable[..., Resuming]) -> None:
    measure = resuming("import os; print('at 0.5'); print('val_bpb:', os.environ['OVERNIGHT_TIME_BOX'])")
    left_behind(measure, "", 2, 30)
    trial = go(measure)
    assert trial.scores["val_bpb"].value == 3
    assert trial.usage.wall_seconds == trial.scores["wall_seconds"].value > 2
    assert trial.usage.cpu_seconds == trial.scores["cpu_seconds"].value > 30
    assert trial.curve[0][0] >= 2
    assert trial.why.endswith("it went on from its checkpoint after 2.0 s")


def test_a_box_of_cpu_time_is_left_by_cpu_time(resuming: Callable[..., Resuming]) -> None:
    measure = resuming("import os; print('val_bpb:', os.environ['OVERNIGHT_TIME_BOX'])", box=Box(5, cpu=True))
    left_behind(measure, "", 30, 2)
    assert go(measure).scores["val_bpb"].value == 3


@pytest.mark.slow
def test_who_has_used_its_box_still_gets_what_every_run_has_beside_it(resuming: Callable[..., Resuming]) -> None:
    measure = resuming("import os, time; time.sleep(1.5); print('val_bpb:', os.environ['OVERNIGHT_TIME_BOX'])")
    left_behind(measure, "", 9, 9)
    run = replace(RUN, box_seconds=5, kill_after_seconds=8)
    left_behind_of(measure, run)
    trial = go(measure, run=run)
    assert trial.status is Status.OK
    assert trial.scores["val_bpb"].value == pytest.approx(0.001)


def left_behind_of(measure: Resuming, run: Run) -> None:
    folder = measure.place.scratch.parent / "fresh"
    folder.mkdir()
    (folder / "ck").write_text("")
    measure.keeper.keep(run, Saved(folder, 9, 9))


@pytest.mark.slow
def test_the_hard_end_holds_for_what_is_left(resuming: Callable[..., Resuming]) -> None:
    measure = resuming("import os, time; 'OVERNIGHT_USED' in os.environ and time.sleep(60); print('val_bpb: 1')")
    run = replace(RUN, kill_after_seconds=6)
    left_behind_of(measure, run)  # 9 s of a box of 5: one second is left
    watch = Stops()
    trial = go(measure, watch, run)
    assert trial.status is Status.OK  # the second time, from the start
    assert 9 <= max(watch.beats) < 9 + 6


def test_one_that_goes_on_and_fails_is_executed_from_the_start(resuming: Callable[..., Resuming]) -> None:
    measure = resuming(
        "import os; assert not os.path.exists('ck'); print('val_bpb:', os.environ['OVERNIGHT_TIME_BOX'])"
    )
    left_behind(measure, "torn", 2, 2)
    trial = go(measure)
    assert (trial.status, trial.scores["val_bpb"].value) == (Status.OK, 5)
    assert "checkpoint" not in trial.why


@pytest.mark.slow
def test_no_rung_ends_one_that_goes_on(resuming: Callable[..., Resuming]) -> None:
    slow = "import time\nfor _ in range(30): print('at 9', flush=True); time.sleep(0.05)\nprint('val_bpb: 1')"
    measure = resuming(slow)
    run = replace(RUN, rungs=(Rung(share=0.1, limit=1.0),))
    assert go(measure, run=run).status is Status.PRUNED
    left_behind_of(measure, run)
    assert go(measure, run=run).status is Status.OK


def test_who_scores_it_does_not_find_the_checkpoint(resuming: Callable[..., Resuming]) -> None:
    measure = resuming(
        "open('model', 'w').write(open('ck').read())",
        score="python score.py",
        artefact=("model",),
    )
    score = "import os; from overnight.sealed import report\nreport(val_bpb=float(os.path.exists('ck')))"
    (measure.place.scratch.parent / "commit/score.py").write_text(score)
    left_behind(measure, "7", 1, 1)
    trial = go(measure)
    assert (trial.status, trial.scores["val_bpb"].value) == (Status.OK, 0)
    assert "went on" in trial.why


def test_without_resume_nothing_is_looked_for(resuming: Callable[..., Resuming]) -> None:
    measure = resuming("import os; print('val_bpb:', int(os.path.exists('ck')))")
    left_behind(measure, "7", 1, 1)
    measure = replace(measure, program=replace(measure.program, resume=""))
    assert go(measure).scores["val_bpb"].value == 0
    assert threading.active_count() < 50

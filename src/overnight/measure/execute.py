"""One run on this machine, from the commit to the Trial: the candidate trains, what it leaves is taken, and the number
is made. Afterwards the run's folder is gone; its logs and what `save:` names are in the night's folder.

With `score:` the number is made apart from the candidate. Without it the command prints its own metric, and the Trial
says that (`sealed`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from overnight.measure import caches
from overnight.measure.artefact import take
from overnight.measure.environment import Room
from overnight.measure.files import keep, remove
from overnight.measure.gpu import GpuMemory
from overnight.measure.place import NotMeasured as NotMeasured
from overnight.measure.place import Place as Place
from overnight.measure.place import Watch as Watch
from overnight.measure.process import Ended, Spec, Warden, Why
from overnight.measure.rungs import Follower
from overnight.measure.scoring import Scored, Scoring
from overnight.measure.stage import Stage
from overnight.measure.trial import medians, trial
from overnight.model import Purpose, Run, Slot, Status, Trial
from overnight.program.program import Program

ALIAS = 12  # characters: sockets live below it, and their paths are short


def execute(run: Run, attempt: int, slot: Slot, watch: Watch, program: Program, place: Place, warden: Warden) -> Trial:
    folder, results = _folder_of(run, place), place.runs / run.id
    results.mkdir(parents=True, exist_ok=True)
    measured = _Measured(Stage(run, slot, program, place), attempt, watch, warden, folder, results)
    try:
        repeats = program.timing if program.timing and not program.score else 1
        trials = [measured.once()]
        while len(trials) < repeats and trials[-1].status is Status.OK:
            trials.append(measured.once())
        return _joined(trials, program.metric)
    finally:
        place.broom.sweep(folder)


def expect(run: Run, program: Program, place: Place) -> None:
    """Has its room made, before it has a slot."""
    if place.ahead:
        folder = _folder_of(run, place)
        place.ahead.expect(run, folder, partial(_furnish, Stage(run, Slot(""), program, place), folder))


def tree_of(run: Run, place: Place) -> Path:
    """Where the files of its commit are while it runs."""
    return _room(_folder_of(run, place)).tree


def _furnish(stage: Stage, folder: Path) -> None:
    remove(folder)  # of an attempt that was killed
    (folder / "run").mkdir(parents=True)
    stage.furnish(_room(folder))


def _room(folder: Path) -> Room:
    return Room.below(folder / "run")


def _folder_of(run: Run, place: Place) -> Path:
    """A run that knows what it is for may behave for that time."""
    return place.scratch / place.secret_for("folder", run.id)[:ALIAS]


@dataclass(frozen=True, slots=True)
class _Measured:
    """What does not change from one repeat to the next."""

    stage: Stage
    attempt: int
    watch: Watch
    warden: Warden
    folder: Path
    results: Path

    def once(self) -> Trial:
        log, room, place = self.results / "run.log", _room(self.folder), self.stage.place
        cwd = room.tree / self.stage.program.folder
        for _ in range(2):  # who watches it may be killed, and twice in a row that is the run's own doing
            follower = Follower(self.stage.run, self.stage.program)
            if not (place.ahead and place.ahead.take(self.stage.run)):
                _furnish(self.stage, self.folder)
            log.touch()  # whoever writes it may be killed before it can
            spec = follower.attend(self.stage.training(room, log))
            identity = _identity(cwd)
            ended = _run(spec, self.stage.slot, self.watch, self.warden, follower)
            if ended.why is not Why.LOST:
                break
        if ended.why is Why.FAILED:
            raise NotMeasured(f"run {self.stage.run.id} could not be measured: {ended.note}")
        result = trial(self.stage.run, self.attempt, ended, log, self.stage.program, self.stage.place.hardware)
        result = replace(result, level=self.stage.place.sandbox.level)
        if result.status is not Status.OK:
            return result
        intact = _identity(cwd) == identity
        if intact and self.stage.run.purpose is Purpose.BASELINE:
            caches.fill(self.stage.place.caches, room.home)
        if self.stage.program.score:
            return self._scored(result, cwd, intact)
        if intact:
            keep(cwd, self.stage.program.save, self.results / "saved", self.stage.program.disk_mb * 1e6)
        return result

    def _scored(self, result: Trial, cwd: Path, intact: bool) -> Trial:
        program, artefact = self.stage.program, self.folder / "artefact"
        wrong = "its folder is not the one it was given"
        if intact:
            wrong = take(cwd, program.artefact, artefact, program.writes_mb * 1e6)
        scoring = Scoring(self.stage, self.warden, self.folder, self.results, artefact)
        scored = Scored(Status.UNSCORED, wrong, {}) if wrong else scoring.score(self.watch)
        if scored.status is Status.OK:
            for folder in (artefact, cwd):
                keep(folder, program.save, self.results / "saved", program.disk_mb * 1e6)
        return replace(
            result,
            status=scored.status,
            why=scored.why,
            scores={**result.scores, **scored.scores},
            hidden=scored.hidden,
            sealed=True,
        )


def _identity(folder: Path) -> tuple[int, int] | None:
    """A run may put another folder, or a link to one, in the place of its own: nothing of that is the run's."""
    try:
        seen = os.lstat(folder)
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


def _joined(trials: list[Trial], metric: str) -> Trial:
    """Repeats of one command as one Trial: of each number the median, of what they used the sum."""
    *_, last = trials
    if len(trials) == 1 or last.status is not Status.OK:
        return last
    used = [each.usage for each in trials]
    usage = replace(
        last.usage,
        wall_seconds=sum(each.wall_seconds for each in used),
        cpu_seconds=sum(each.cpu_seconds for each in used),
        peak_mb=max(each.peak_mb for each in used),
    )
    scores = medians([each.scores for each in trials])
    why = f"{metric} {scores[metric].value:.6g}, the median of {len(trials)}"
    return replace(last, scores=scores, usage=usage, why=why)


def _run(spec: Spec, slot: Slot, watch: Watch, warden: Warden, follower: Follower) -> Ended:
    memory = GpuMemory(slot.gpu, slot.gpu_share)
    running = warden.start(spec)
    watch.started(running)

    def beat(wall_seconds: float, cpu_seconds: float) -> None:
        memory.look(wall_seconds)
        if follower.hopeless(running.curve(), wall_seconds, cpu_seconds):
            running.kill()
        watch.beat(wall_seconds, cpu_seconds, follower.shape())

    ended = running.wait(beat)
    ended = follower.concluded(running.curve(), ended)
    return replace(ended, usage=replace(ended.usage, gpu_mb=memory.peak_mb))

"""One run on this machine, from the commit to the Trial: the candidate trains, what it leaves is taken, and the number
is made. Afterwards the run's folder is gone; its logs and what `save:` names are in the night's folder.

With `score:` the number is made apart from the candidate. Without it the command prints its own metric, and the Trial
says that (`sealed`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from overnight.measure import caches
from overnight.measure.artefact import take
from overnight.measure.environment import Room
from overnight.measure.files import keep, remove
from overnight.measure.gpu import GpuMemory
from overnight.measure.letters import NOW
from overnight.measure.place import NotMeasured as NotMeasured
from overnight.measure.place import Place as Place
from overnight.measure.place import Watch as Watch
from overnight.measure.process import Ended, Running, Warden, Why
from overnight.measure.repeats import joined
from overnight.measure.rungs import Follower, attended
from overnight.measure.scoring import Scored, Scoring
from overnight.measure.stage import Stage
from overnight.measure.trial import trial
from overnight.model import Purpose, Run, Slot, Status, Trial
from overnight.program.program import Program

ALIAS = 12  # characters: sockets live below it, and their paths are short


def execute(run: Run, attempt: int, slot: Slot, watch: Watch, program: Program, place: Place, warden: Warden) -> Trial:
    folder, results = folder_of(run, place), _results_of(run, place)
    results.mkdir(parents=True, exist_ok=True)
    stage = Stage(run, slot, program, place)
    measured = _Measured(stage, attempt, watch, warden, folder, results)
    try:
        repeats = program.timing if program.timing and not program.score else 1
        trials = [measured.once()]
        while len(trials) < repeats and trials[-1].status is Status.OK:
            trials.append(measured.once())
        return joined(trials, program.metric)
    finally:
        place.broom.sweep(folder)


def tree_of(run: Run, place: Place) -> Path:
    """Where the files of its commit are while it runs."""
    return _room(folder_of(run, place)).tree


def held(stage: Stage, folder: Path, warden: Warden, when: bytes = NOW) -> Running:
    """In its room, and not begun."""
    log = _results_of(stage.run, stage.place) / "run.log"
    return warden.hold(attended(stage.training(_room(folder), log), stage.run, stage.program), when=when)


def furnish(stage: Stage, folder: Path) -> None:
    remove(folder)  # of an attempt that was killed
    (folder / "run").mkdir(parents=True)
    stage.furnish(_room(folder))


def _results_of(run: Run, place: Place) -> Path:
    return place.runs / run.id


def _room(folder: Path) -> Room:
    return Room.below(folder / "run")


def folder_of(run: Run, place: Place) -> Path:
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
            made = place.ahead.take(self.stage.run) if place.ahead else None
            if not made:
                furnish(self.stage, self.folder)
            log.touch()  # whoever writes it may be killed before it can
            running = (made and made.held) or held(self.stage, self.folder, self.warden)
            identity = _identity(cwd)
            ended = self._run(running)
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

    def _run(self, running: Running) -> Ended:
        slot, follower = self.stage.slot, Follower(self.stage.run, self.stage.program)
        memory = GpuMemory(slot.gpu, slot.gpu_share)
        running.go(slot.cores)
        self.watch.started(running)

        def beat(wall_seconds: float, cpu_seconds: float) -> None:
            memory.look(wall_seconds)
            if follower.hopeless(running.curve(), wall_seconds, cpu_seconds):
                running.kill()
            self.watch.beat(wall_seconds, cpu_seconds, follower.shape())

        ended = running.wait(beat)
        ended = follower.concluded(running.curve(), ended)
        return replace(ended, usage=replace(ended.usage, gpu_mb=memory.peak_mb))

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

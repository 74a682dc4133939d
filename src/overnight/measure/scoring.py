"""The scoring of one run on one split: the scorer in its folder, behind its walls, with the hidden files of that split;
beside it, where `answer:` says so, the candidate that answers what it is asked.

The two share no memory and no writable file. Between them is one channel at a time, a socket that we made: the scorer
asks us for a candidate, and is given the other end of one. So it can ask for another that has seen nothing of it yet. A
scorer is code that the user protects; a candidate is not trusted, and what it sends is the scorer's to check
(`overnight.sealed` does).
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from overnight.measure import output
from overnight.measure.environment import Room
from overnight.measure.place import NotMeasured, Watch
from overnight.measure.process import Ended, Running, Spec, Warden, Why
from overnight.measure.repeats import medians
from overnight.measure.stage import Stage
from overnight.measure.trial import last_bytes
from overnight.model import Run, Score, Split, Status
from overnight.program.program import Program
from overnight.sealed import REFUSED

CANDIDATES = 4
"""A scorer may ask for so many, one after the other."""


@dataclass(frozen=True, slots=True)
class Scored:
    status: Status
    why: str
    scores: Mapping[str, Score]
    hidden: Mapping[str, Score] = field(default_factory=dict)


def splits(run: Run, program: Program) -> tuple[Split, ...]:
    """What a run is scored on. The hidden split comes with the visible one, so that both have the same noise."""
    has_hidden = any("{split}" in path for path in program.hidden)
    return (Split.VISIBLE, Split.HIDDEN) if run.split is Split.VISIBLE and has_hidden else (run.split,)


@dataclass(frozen=True, slots=True)
class Scoring:
    stage: Stage
    warden: Warden
    folder: Path  # ours, for as long as the run is measured
    results: Path  # the run's: logs stay there
    artefact: Path

    def score(self, watch: Watch) -> Scored:
        """On the run's split, and beside it on the hidden one where the task has it; as often as `timing:` says, and of
        each number the median."""
        repeats: list[Scored] = []
        for number in range(self.stage.program.timing or 1):
            repeats.append(self._once(number, watch))
            if repeats[-1].status is not Status.OK:
                return repeats[-1]
        scores, hidden = medians([each.scores for each in repeats]), medians([each.hidden for each in repeats])
        metric = self.stage.program.metric
        return Scored(Status.OK, f"{metric} {scores[metric].value:.6g}", scores, hidden)

    def _once(self, number: int, watch: Watch) -> Scored:
        found: list[Mapping[str, Score]] = []
        candidates = _Candidates(self, number)
        with closing(candidates):
            for split in splits(self.stage.run, self.stage.program):
                scored = self._split(split, number, candidates, watch)
                if scored.status is not Status.OK:
                    return scored
                found.append(scored.scores)
        own, *beside = found
        return Scored(Status.OK, "", {**own, **self._cost(candidates.ended)}, *beside)

    def _split(self, split: Split, number: int, candidates: _Candidates, watch: Watch) -> Scored:
        log, room = self.results / f"score-{split}.log", Room.below(self.folder / f"score-{split}-{number}")
        room.tree.parent.mkdir()
        spec = self.stage.scoring(split, room, self.artefact, log)
        if self.stage.program.answer is None:
            return self._result(_wait(self.warden.start(spec), watch), log, split)
        return self._result(candidates.beside(spec, watch), log, split)

    def _result(self, ended: Ended, log: Path, split: Split) -> Scored:
        if ended.why is Why.FAILED:
            raise NotMeasured(f"run {self.stage.run.id} could not be scored: {ended.note}")
        if ended.why is Why.STOPPED:
            return Scored(Status.STOPPED, "stopped while it was scored", {})
        if ended.why is not Why.EXIT or ended.code != 0:
            status = Status.REFUSED if (ended.why, ended.code) == (Why.EXIT, REFUSED) else Status.UNSCORED
            return Scored(status, self._reason(ended, log, split), {})
        found = output.scores(output.chunks(log), self.stage.program.metric)
        if self.stage.program.metric not in found.scores:
            said = f"was {found.not_finite}" if found.not_finite else "is in no line of the scorer's"
            return Scored(Status.UNSCORED, f"{split}: {self.stage.program.metric} {said}", {})
        return Scored(Status.OK, "", found.scores)

    def _reason(self, ended: Ended, log: Path, split: Split) -> str:
        match ended.why:
            case Why.TIMEOUT:
                return f"{split}: scoring was ended after {ended.usage.wall_seconds:.0f} s"
            case Why.EXIT:
                said = output.last_error(output.tail(last_bytes(log))) or f"the scorer ended with {ended.code}"
            case _:
                said = f"the scorer was ended: {ended.why}"
        return f"{split}: {said}{self._candidate_said(split)}"

    def _candidate_said(self, split: Split) -> str:
        """Once it was shown another split than the visible one, which comes first, nobody may hear it."""
        log = self.results / "answer.log"
        if split is not Split.VISIBLE or not log.exists():
            return ""
        said = output.last_error(output.tail(last_bytes(log)))
        return f"; the candidate's last line: {said}" if said else ""

    def _cost(self, answers: Sequence[Ended]) -> dict[str, Score]:
        """What nobody but us can say: a candidate that goes on learning while it answers needs long for it."""
        if not answers:
            return {}
        cpu = self.stage.program.box.cpu
        return {
            "answer_seconds": Score(
                max(each.usage.cpu_seconds if cpu else each.usage.wall_seconds for each in answers)
            ),
            "answer_mb": Score(max(each.usage.peak_mb for each in answers)),
        }


class _Candidates:
    """Those that answer. The n-th that a scorer asks for is the n-th of them; the first is started beside the scorer,
    the others when somebody asks. They stay for the next split: what it asks they have not been asked."""

    def __init__(self, scoring: Scoring, number: int) -> None:
        self._scoring, self._number = scoring, number
        self._running: list[Running] = []
        self._lines: list[socket.socket] = []  # the scorers' ends
        self.ended: list[Ended] = []

    def beside(self, scorer: Spec, watch: Watch) -> Ended:
        """Runs a scorer to its end."""
        ours, theirs = socket.socketpair()
        with ours, ThreadPoolExecutor(1) as thread:
            with theirs:
                running = self._scoring.warden.start(scorer, theirs)
            serving = thread.submit(self._serve, ours)
            ended = _wait(running, watch)
        serving.result()
        return ended

    def close(self) -> None:
        for line in self._lines:
            line.close()
        for candidate in self._running:
            candidate.kill()
        self.ended = [candidate.wait(_unheard) for candidate in self._running]
        if failed := [each for each in self.ended if each.why is Why.FAILED]:
            raise NotMeasured(f"run {self._scoring.stage.run.id} could not be scored: {failed[0].note}")

    def _serve(self, scorer: socket.socket) -> None:
        """One candidate for each word of the scorer's, until it is gone. Then, or if we fail, it hears the end."""
        with scorer, suppress(BrokenPipeError, ConnectionResetError):
            self._line(0)
            for number in range(CANDIDATES):
                if not scorer.recv(1):
                    return
                socket.send_fds(scorer, [b"+"], [self._line(number).fileno()])

    def _line(self, number: int) -> socket.socket:
        if number == len(self._lines):
            self._start(number)
        return self._lines[number]

    def _start(self, number: int) -> None:
        to = self._scoring
        name = secrets.token_hex(8)  # at level 2 whoever knows a name can ask for size and date of the file
        room = Room.below(to.folder / f"answer-{name}")
        room.tree.parent.mkdir()
        log = to.results / f"answer{f'-{number}' if number else ''}.log"
        ours, theirs = socket.socketpair()
        self._lines.append(ours)
        with theirs:
            self._running.append(to.warden.start(to.stage.answering(room, to.artefact, log), theirs))


def _wait(running: Running, watch: Watch) -> Ended:
    watch.started(running)
    return running.wait(_unheard)


def _unheard(wall_seconds: float, cpu_seconds: float) -> None:
    """The box is over: nobody counts these seconds."""

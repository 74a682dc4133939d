"""What every executor must do, as checks that anybody can run against their own: ours all pass them.

    from overnight.testing.executors import CHECKS, Rig

    @pytest.fixture(scope="module")
    def rig(tmp_path_factory):
        with Rig.of(my_executor, tmp_path_factory.mktemp("rig")) as rig:
            yield rig

    @pytest.mark.parametrize("check", CHECKS)
    def test_it_conforms(check, rig):
        check(rig)

`my_executor` is given a Bench, which says what a night would, and where to report. The checks measure a small task of
their own, in real processes; they look for them on this machine, so that is where the nodes have to be. An executor of
at least one slot is enough, two let more be seen. Timing is never asserted beyond `PATIENCE`.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from overnight.compute.executor import Executor, Failed, Report
from overnight.model import Heartbeat, Purpose, Run, Slot, Split, Status, Trial
from overnight.program.program import Box, Program
from overnight.repo.repo import Repo
from overnight.testing import a_program

PATIENCE = 120.0  # seconds for anything to happen
QUIET = 1.0  # seconds without news that count as: there is none

SCORES, CRASHES, SLEEPS = 1, 2, 3
"""What a run of the suite's task does, by the first digit of its seed."""

SCRIPT = """\
case $OVERNIGHT_SEED in
1*) echo "loss: 0.$OVERNIGHT_SEED" ;;
2*) exit 3 ;;
3*) setsid sh -c "trap '' TERM; sleep $OVERNIGHT_SEED; :" & sleep $OVERNIGHT_SEED ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """What an executor is made from."""

    program: Program
    repo: Repo
    folder: Path  # of the night: a run's log is in runs/<run id>/run.log when its Trial is told


Make = Callable[[Bench, Report], Executor]


@dataclass(slots=True)
class Rig:
    make: Make
    bench: Bench
    executor: Executor = field(init=False)
    said: list[Heartbeat | Trial | Failed] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(os.getpid() % 9000 * 10 + 1))

    @classmethod
    @contextmanager
    def of(cls, make: Make, folder: Path) -> Iterator[Rig]:
        with closing(_task(folder / "task")) as repo:
            program = a_program(edit=("run.sh",), run="sh run.sh", box=Box(50), kill_after_seconds=100, python="self")
            rig = cls(make, Bench(program, repo, folder / "night"))
            rig.executor = make(rig.bench, rig.report)
            with closing(rig.executor):
                yield rig

    def report(self, word: Heartbeat | Trial | Failed) -> None:
        with self.changed:
            self.said.append(word)
            self.changed.notify_all()

    def run(self, does: int) -> Run:
        """One that nobody has asked for yet."""
        number = next(self.numbers)
        return Run(
            id=f"{number}-screen-0",
            experiment=number,
            commit=self.bench.repo.head(),
            purpose=Purpose.SCREEN,
            split=Split.VISIBLE,
            seed=int(f"{does}{number:05}"),
            box_seconds=50,
            kill_after_seconds=100,
        )

    def start(self, does: int, slot: Slot | None = None) -> Run:
        run = self.run(does)
        self.executor.submit(run, 1, slot or self.slot())
        return run

    def slot(self) -> Slot:
        """One that is free."""
        self.until(lambda: bool(self.executor.free()), "no slot becomes free")
        return self.executor.free()[0]

    def results(self, run: Run) -> list[Trial | Failed]:
        return [word for word in self.said if word.run_id == run.id and not isinstance(word, Heartbeat)]

    def result(self, run: Run, count: int = 1) -> Trial:
        self.until(lambda: len(self.results(run)) >= count, f"run {run.id} never ends")
        last = self.results(run)[-1]
        assert isinstance(last, Trial), last
        return last

    def until(self, holds: Callable[[], bool], otherwise: str) -> None:
        give_up = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < give_up, otherwise
            with self.changed:
                self.changed.wait(0.05)

    def alive(self, run: Run) -> bool:
        """The suite's runs that sleep are found by what they sleep."""
        return any(process.info["cmdline"] == ["sleep", str(run.seed)] for process in psutil.process_iter(["cmdline"]))


def a_run_ends_in_one_trial_with_its_score(rig: Rig) -> None:
    run = rig.start(SCORES)
    trial = rig.result(run)
    assert (trial.run_id, trial.attempt, trial.status) == (run.id, 1, Status.OK), trial
    assert trial.scores["loss"].value == float(f"0.{run.seed}")
    assert trial.hardware
    time.sleep(QUIET)
    assert len(rig.results(run)) == 1


def what_a_run_printed_is_there_when_its_trial_is_told(rig: Rig) -> None:
    run = rig.start(SCORES)
    rig.result(run)
    assert f"loss: 0.{run.seed}" in (rig.bench.folder / "runs" / run.id / "run.log").read_text()


def what_was_expected_begins_when_it_is_submitted_and_not_before(rig: Rig) -> None:
    run, never = rig.run(SCORES), rig.run(SCORES)
    rig.executor.expect(run)
    rig.executor.expect(never)
    time.sleep(QUIET)
    assert not rig.results(run)
    rig.executor.submit(run, 1, rig.slot())
    assert rig.result(run).scores["loss"].value == float(f"0.{run.seed}")
    assert not rig.results(never)


def a_run_that_fails_is_a_trial_too(rig: Rig) -> None:
    trial = rig.result(rig.start(CRASHES))
    assert (trial.status, trial.exit_code) == (Status.CRASH, 3), trial


def a_slot_is_free_again_when_the_result_is_told(rig: Rig) -> None:
    slot = rig.slot()
    run = rig.start(SLEEPS, slot)
    assert slot.name not in [free.name for free in rig.executor.free()]
    rig.executor.cancel(run.id)
    rig.result(run)
    rig.until(lambda: bool(rig.executor.free()), "the slot is not free again")


def a_leased_slot_takes_no_second_run(rig: Rig) -> None:
    slot = rig.slot()
    run = rig.start(SLEEPS, slot)
    try:
        rig.executor.submit(rig.run(SCORES), 1, slot)
        raise AssertionError("two runs on one slot")
    except ValueError:
        rig.executor.cancel(run.id)
    rig.result(run)


def the_same_run_is_executed_once(rig: Rig) -> None:
    slot = rig.slot()
    run = rig.start(SCORES, slot)
    rig.executor.submit(run, 1, slot)
    rig.result(run)
    rig.executor.submit(run, 1, rig.slot())
    time.sleep(QUIET)
    assert len(rig.results(run)) == 1


def a_further_attempt_is_executed(rig: Rig) -> None:
    run = rig.start(SCORES)
    first = rig.result(run)
    rig.executor.submit(run, 2, rig.slot())
    second = rig.result(run, count=2)
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.scores["loss"] == second.scores["loss"]


def a_run_gives_signs_of_life(rig: Rig) -> None:
    run = rig.start(SLEEPS)

    def beats() -> list[float]:
        return [word.wall_seconds for word in rig.said if isinstance(word, Heartbeat) and word.run_id == run.id]

    rig.until(lambda: len(beats()) >= 2, "no heartbeat comes")
    assert beats()[-1] > beats()[0]
    rig.executor.cancel(run.id)
    rig.result(run)


def what_is_cancelled_is_stopped_with_all_its_processes(rig: Rig) -> None:
    run = rig.start(SLEEPS)
    rig.until(lambda: rig.alive(run), "the run does not begin")
    rig.executor.cancel(run.id)
    assert rig.result(run).status is Status.STOPPED
    rig.until(lambda: not rig.alive(run), "something of it lives on")
    time.sleep(QUIET)
    assert len(rig.results(run)) == 1


def what_is_cancelled_at_once_is_stopped(rig: Rig) -> None:
    run = rig.start(SLEEPS)
    rig.executor.cancel(run.id)
    assert rig.result(run).status is Status.STOPPED
    assert not rig.alive(run)


def to_cancel_what_has_ended_or_never_was_is_nothing(rig: Rig) -> None:
    run = rig.start(SCORES)
    rig.result(run)
    rig.executor.cancel(run.id)
    rig.executor.cancel("unknown")
    time.sleep(QUIET)
    assert len(rig.results(run)) == 1


def a_run_that_is_killed_from_outside_is_told_once_and_the_next_one_is_executed(rig: Rig) -> None:
    run = rig.start(SLEEPS)
    rig.until(lambda: rig.alive(run), "the run does not begin")
    for process in psutil.process_iter(["cmdline"]):
        if str(run.seed) in " ".join(process.info["cmdline"] or []):
            process.kill()
    assert rig.result(run).status not in (Status.OK, Status.STOPPED)
    assert rig.result(rig.start(SCORES)).status is Status.OK


def slots_work_at_the_same_time(rig: Rig) -> None:
    """As many as there are, which may be one."""
    rig.slot()
    runs = [rig.start(SLEEPS, slot) for slot in rig.executor.free()]
    for run in runs:
        rig.until(lambda run=run: rig.alive(run), "the run does not begin")  # type: ignore[misc]
    for run in runs:
        rig.executor.cancel(run.id)
    assert [rig.result(run).status for run in runs] == [Status.STOPPED] * len(runs)


def to_close_is_to_end_everything(rig: Rig) -> None:
    """The last: it closes the rig's executor, and makes none anew."""
    runs = [rig.start(SLEEPS, rig.slot())]
    rig.until(lambda: rig.alive(runs[0]), "the run does not begin")
    rig.executor.close()
    assert [trial.status for run in runs for trial in rig.results(run) if isinstance(trial, Trial)] == [Status.STOPPED]
    assert not rig.alive(runs[0])


CHECKS: Sequence[Callable[[Rig], None]] = (
    a_run_ends_in_one_trial_with_its_score,
    what_a_run_printed_is_there_when_its_trial_is_told,
    what_was_expected_begins_when_it_is_submitted_and_not_before,
    a_run_that_fails_is_a_trial_too,
    a_slot_is_free_again_when_the_result_is_told,
    a_leased_slot_takes_no_second_run,
    the_same_run_is_executed_once,
    a_further_attempt_is_executed,
    a_run_gives_signs_of_life,
    what_is_cancelled_is_stopped_with_all_its_processes,
    what_is_cancelled_at_once_is_stopped,
    to_cancel_what_has_ended_or_never_was_is_nothing,
    a_run_that_is_killed_from_outside_is_told_once_and_the_next_one_is_executed,
    slots_work_at_the_same_time,
    to_close_is_to_end_everything,
)
"""In this order; the last one closes the executor."""


def _task(root: Path) -> Repo:
    root.mkdir(parents=True)
    (root / "run.sh").write_text(SCRIPT)
    who = ["-c", "user.name=rig", "-c", "user.email=rig@localhost", "-c", "commit.gpgSign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "start"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return Repo.discover(root)

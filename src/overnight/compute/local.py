"""Slots on this machine: a thread for each run under way. It stays for later ones, so that `submit` waits for none to
start. What executes a run is given in, as a function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from overnight.compute.executor import Failed, Report
from overnight.measure.execute import Watch
from overnight.measure.process import Running
from overnight.model import Heartbeat, Run, Slot, Trial

Execute = Callable[[Run, int, Slot, Watch], Trial]
"""Measures one run and blocks until it has ended."""

Expect = Callable[[Run, Slot | None], None]
"""Told of a run that has no slot yet, and a slot: like any that it may get, but for which cores these are. None: they
are not alike."""


class LocalSlots:
    """An Executor. A run that ended just before its `cancel` arrived keeps its result."""

    def __init__(
        self, slots: Sequence[Slot], execute: Execute, report: Report, expect: Expect = lambda *_: None
    ) -> None:
        self._slots, self._execute, self._report, self._expect = tuple(slots), execute, report, expect
        self._lock = threading.RLock()  # held while the last word of a run is told: its slot is free by then
        self._jobs: dict[str, _Job] = {}  # under way, by run id
        self._done: set[tuple[str, int]] = set()
        alike = len({(len(slot.cores), replace(slot, name="", cores=())) for slot in slots}) == 1
        self._any = slots[0] if alike else None
        self._threads = ThreadPoolExecutor(max(1, len(slots)), "run")

    def free(self) -> Sequence[Slot]:
        with self._lock:
            leased = {job.slot.name for job in self._jobs.values()}
        return [slot for slot in self._slots if slot.name not in leased]

    def submit(self, run: Run, attempt: int, slot: Slot) -> None:
        with self._lock:
            if run.id in self._jobs or (run.id, attempt) in self._done:
                return
            if any(job.slot.name == slot.name for job in self._jobs.values()):
                raise ValueError(f"{slot.name} is leased to another run")
            job = self._jobs[run.id] = _Job(run, attempt, slot, self._report)
            self._threads.submit(self._work, job)

    def expect(self, run: Run) -> None:
        self._expect(run, self._any)

    def cancel(self, run_id: str) -> None:
        with self._lock:
            job = self._jobs.get(run_id)
        if job:
            job.stop(now=False)

    def close(self) -> None:
        """Ends everything at once, and returns when the last Trial has been reported."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop(now=True)
        self._threads.shutdown()

    def _work(self, job: _Job) -> None:
        result: Trial | Failed
        try:
            result = self._execute(job.run, job.attempt, job.slot, job)
        except BaseException as error:  # noqa: BLE001 - the edge of a worker: ours, so it must not become a score
            result = Failed(job.run.id, error)
        with self._lock:
            del self._jobs[job.run.id]
            self._done.add((job.run.id, job.attempt))
            self._report(result)


class _Job:
    """One run under way, and the Watch that follows it."""

    def __init__(self, run: Run, attempt: int, slot: Slot, report: Report) -> None:
        self.run, self.attempt, self.slot, self._report = run, attempt, slot, report
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._asked, self._now = False, False

    def started(self, running: Running) -> None:
        with self._lock:
            self._running = running
        self._pass_on()

    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None:
        self._report(Heartbeat(self.run.id, wall_seconds, cpu_seconds, tuple(curve)))

    def stop(self, now: bool) -> None:
        with self._lock:
            self._asked, self._now = True, self._now or now
        self._pass_on()

    def _pass_on(self) -> None:
        """The wish to end may come before there is anything to end."""
        with self._lock:
            running, now = self._running if self._asked else None, self._now
        if running:
            running.kill() if now else running.stop()

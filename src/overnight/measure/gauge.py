"""What all processes below this one use: what has ended the kernel has counted, what lives is sampled.

CPU seconds and writes miss what ended between two samples without being waited for by its parent; memory counts shared
pages once for each process, and no files of a memory file system. Standard library only: the warden imports this.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys

from overnight.measure.tree import descendants, read

MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


class Gauge:
    def __init__(self) -> None:
        self.before = _cpu_seconds_of_ended()
        self.cpu_seconds = 0.0
        self.memory_mb = self.peak_mb = 0.0
        self.written_mb = 0.0  # handed to file systems on disks, by all since the start
        self.processes = 0  # threads count
        self.ran = self.waited = 0  # nanoseconds, of threads that have ended
        self.tasks: dict[str, tuple[int, int]] = {}  # the same of each thread that lives

    def sample(self) -> None:
        ticks = pages = 0
        written = _written("self")  # and what has ended and was waited for
        tasks: dict[str, tuple[int, int]] = {}
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):  # it may end at any moment
                fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))  # its own, and those of children that it has waited for
                pages += int(fields[21])
                written += _written(str(pid))
                for task in os.listdir(f"/proc/{pid}/task"):
                    ran, waited, _ = read(f"/proc/{pid}/task/{task}/schedstat").split()
                    tasks[task] = int(ran), int(waited)
        self._count_threads(tasks)
        self.processes, self.written_mb = len(tasks), max(self.written_mb, written / 1e6)
        self._count(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))

    @property
    def waited_share(self) -> float | None:
        """Of the time in which threads could run, the share that they waited for a core. None: not known here."""
        ran = self.ran + sum(ran for ran, _ in self.tasks.values())
        waited = self.waited + sum(waited for _, waited in self.tasks.values())
        return waited / (ran + waited) if ran else None

    def _count_threads(self, tasks: dict[str, tuple[int, int]]) -> None:
        for task in self.tasks.keys() - tasks.keys():
            self.ran += self.tasks[task][0]
            self.waited += self.tasks[task][1]
        self.tasks = tasks

    def _count(self, live_seconds: float, live_bytes: int) -> None:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_seconds = max(self.cpu_seconds, _cpu_seconds_of_ended() - self.before + live_seconds)
        self.memory_mb = live_bytes / 1e6
        self.peak_mb = max(self.peak_mb, self.memory_mb, ended.ru_maxrss * MAXRSS_BYTES / 1e6)


def _cpu_seconds_of_ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _written(pid: str) -> int:
    try:
        return next(int(line[12:]) for line in read(f"/proc/{pid}/io").splitlines() if line.startswith("write_bytes"))
    except (OSError, StopIteration):  # it has ended, or the kernel does not count
        return 0

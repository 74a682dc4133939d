"""From how a run ended and what it printed to a Trial: the status, and the sentence that says what was seen.

A number counts only from a command that ended by itself with exit code 0: one that prints its metric and then
crashes, hangs or floods the log has no result. Where a scorer makes the metric, what the run printed under that name is
not heard.
"""

from __future__ import annotations

import re
import signal
from pathlib import Path

from overnight.measure import output
from overnight.measure.process import Ended, Why
from overnight.model import Run, Score, Status, Trial, Usage
from overnight.program.program import Program

TAIL_BYTES = 1 << 16
MEASURED = ("wall_seconds", "cpu_seconds", "peak_mb", "gpu_mb")
NO_MEMORY = re.compile(
    r"out of memory|OutOfMemory|MemoryError|bad_alloc|Cannot allocate memory|RESOURCE_EXHAUSTED", re.IGNORECASE
)


def trial(run: Run, attempt: int, ended: Ended, log: Path, program: Program, hardware: str) -> Trial:
    """Only for what says something about the candidate: Why.FAILED does not."""
    shown = output.tail(last_bytes(log))
    printed = output.chunks(log) if ended.why is Why.EXIT else ()
    found = output.scores(printed, program.metric)
    status, why = _verdict(ended, shown, found, program)
    reported = {name: score for name, score in found.scores.items() if not (program.score and name == program.metric)}
    seen = {name: score for name, score in measured(ended.usage).items() if name != program.metric}
    return Trial(
        run_id=run.id,
        attempt=attempt,
        status=status,
        scores=reported | seen if status is Status.OK else reported,
        usage=ended.usage,
        exit_code=ended.code,
        signal=_name(ended.signal),
        why=why + ended.note,
        tail=shown,
        curve=ended.curve,
        hardware=hardware,
    )


def measured(usage: Usage) -> dict[str, Score]:
    """What we saw of a run, for guards: whatever it prints under these names is not heard."""
    seen = {name: getattr(usage, name) for name in MEASURED}
    return {name: Score(value) for name, value in seen.items() if value is not None}


def last_bytes(path: Path) -> bytes:
    """As much of a log as is ever shown."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return file.read()


def _verdict(ended: Ended, shown: str, found: output.Found, program: Program) -> tuple[Status, str]:
    wall, cpu = ended.usage.wall_seconds, ended.usage.cpu_seconds
    last = f"; last line: {output.last_error(shown)}" if shown else "; it printed nothing"
    match ended.why:
        case Why.TIMEOUT:
            return Status.TIMEOUT, f"ended by us after {wall:.1f} s{last}"
        case Why.CPU:
            return Status.TIMEOUT, f"ended by us after {cpu:.1f} CPU seconds{last}"
        case Why.OUTPUT:
            return Status.OUTPUT, f"printed more than {program.output_mb:g} MB and was ended after {wall:.1f} s"
        case Why.MEMORY:
            return Status.MEMORY, f"used more memory than it may and was ended after {wall:.1f} s{last}"
        case Why.PROCESSES:
            return Status.PROCESSES, f"started more than {program.processes} processes and was ended after {wall:.1f} s"
        case Why.DISK:
            return Status.DISK, f"wrote more than {program.writes_mb:g} MB and was ended after {wall:.1f} s"
        case Why.LOST:
            return Status.CRASH, "nothing was measured, twice: "  # and why, which the note says
        case Why.STOPPED | Why.FAILED:
            return Status.STOPPED, f"stopped after {wall:.1f} s"
        case Why.PRUNED:
            return Status.PRUNED, ""  # the note says which rung
    if ended.code != 0:
        return _crash(ended, shown)
    if program.score:
        return Status.OK, f"ended after {wall:.1f} s"
    return _result(found, program.metric, last)


def _crash(ended: Ended, shown: str) -> tuple[Status, str]:
    seen = output.last_error(shown) or "it printed nothing"
    died_of = ended.signal or (ended.code or 0) - 128  # a shell says so when its command was killed
    if name := _name(died_of):
        how = f"killed by {name}"
    else:
        how = f"exit code {ended.code}"
    if died_of == signal.SIGKILL:
        return Status.MEMORY, f"{how}, not by us: most likely the machine ran out of memory; last line: {seen}"
    status = Status.MEMORY if NO_MEMORY.search(shown) else Status.CRASH
    return status, f"{how}: {seen}"


def _result(found: output.Found, metric: str, last: str) -> tuple[Status, str]:
    if metric in found.scores:
        return Status.OK, f"{metric} {found.scores[metric].value:.6g}"
    if found.not_finite:
        return Status.NOT_FINITE, f"{metric} was {found.not_finite}"
    others = ", ".join(list(found.scores)[:8])
    seen = f"; numbers seen: {others}" if others else ""
    return Status.NO_METRIC, f"exit code 0, but no line gives {metric}{seen}{last}"


def _name(number: int | None) -> str | None:
    known = {item.value: item.name for item in signal.Signals}
    return known.get(number, f"signal {number}" if 0 < number < 65 else None) if number else None

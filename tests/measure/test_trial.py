"""Every ending has its own status, and a sentence that says what was seen."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.process import Ended, Why
from overnight.measure.trial import trial
from overnight.model import Status, Trial, Usage
from tests.measure.conftest import PROGRAM, RUN

DONE = Ended(Why.EXIT, code=0, usage=Usage(wall_seconds=12.34, cpu_seconds=5.67))
TRACEBACK = "Traceback (most recent call last):\n  File 'x'\nValueError: no\n"


def of(tmp_path: Path, ended: Ended, printed: str, curve: str | None = None) -> Trial:
    log = tmp_path / "run.log"
    log.write_text(printed)
    return trial(RUN, 2, ended, log, replace(PROGRAM, curve=curve), "a machine")


@pytest.mark.parametrize(
    ("ended", "printed", "status", "why"),
    [
        (DONE, "val_bpb: 1.5\n", Status.OK, "val_bpb 1.5"),
        (
            replace(DONE, code=1),
            "val_bpb: 1.5\n" + TRACEBACK,
            Status.CRASH,
            "exit code 1: ValueError: no",
        ),
        (replace(DONE, code=3), "", Status.CRASH, "exit code 3: it printed nothing"),
        (
            replace(DONE, code=None, signal=signal.SIGSEGV),
            "hm\n",
            Status.CRASH,
            "killed by SIGSEGV: hm",
        ),
        (replace(DONE, code=139), "hm\n", Status.CRASH, "killed by SIGSEGV: hm"),
        (
            replace(DONE, code=137),
            "step 5\n",
            Status.MEMORY,
            "killed by SIGKILL, not by us: most likely the machine ran out of memory; last line: step 5",
        ),
        (replace(DONE, code=1), "MemoryError\n", Status.MEMORY, "exit code 1: MemoryError"),
        (
            replace(DONE, code=1),
            "torch.OutOfMemoryError: CUDA out of memory. Tried\n",
            Status.MEMORY,
            "exit code 1: torch.OutOfMemoryError: CUDA out of memory. Tried",
        ),
        (
            replace(DONE, why=Why.TIMEOUT, code=None, signal=15),
            "val_bpb: 1.5\n",
            Status.TIMEOUT,
            "ended by us after 12.3 s; last line: val_bpb: 1.5",
        ),
        (
            replace(DONE, why=Why.CPU),
            "",
            Status.TIMEOUT,
            "ended by us after 5.7 CPU seconds; it printed nothing",
        ),
        (
            replace(DONE, why=Why.OUTPUT),
            "y\n",
            Status.OUTPUT,
            "printed more than 100 MB and was ended after 12.3 s",
        ),
        (replace(DONE, why=Why.STOPPED), "val_bpb: 1.5\n", Status.STOPPED, "stopped after 12.3 s"),
        (DONE, "val_bpb: nan\n", Status.NOT_FINITE, "val_bpb was nan"),
        (
            DONE,
            "loss: 1\nacc: 2\nbye\n",
            Status.NO_METRIC,
            "exit code 0, but no line gives val_bpb; numbers seen: loss, acc; last line: bye",
        ),
        (DONE, "", Status.NO_METRIC, "exit code 0, but no line gives val_bpb; it printed nothing"),
        (
            replace(DONE, note="; something survived"),
            "val_bpb: 1.5\n",
            Status.OK,
            "val_bpb 1.5; something survived",
        ),
    ],
)
def test_an_ending_has_its_status_and_says_what_was_seen(
    tmp_path: Path, ended: Ended, printed: str, status: Status, why: str
) -> None:
    found = of(tmp_path, ended, printed)
    assert (found.status, found.why) == (status, why)


def test_a_trial_holds_what_was_measured(tmp_path: Path) -> None:
    ended = replace(DONE, curve=((1.0, 3.0), (2.0, 2.0)))
    found = of(tmp_path, ended, "loss 3\nloss 2\nval_bpb: 1.5\n")
    assert (found.run_id, found.attempt, found.exit_code, found.signal) == ("3-screen-0", 2, 0, None)
    assert (found.usage, found.hardware) == (DONE.usage, "a machine")
    assert found.curve == ((1.0, 3.0), (2.0, 2.0))
    assert found.tail == "loss 3\nloss 2\nval_bpb: 1.5"

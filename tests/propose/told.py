"""Experiments as a proposer is told of them, invented."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from overnight.model import Call, Edit, Experiment, Proposal, Status, Trial, Usage, Verdict
from overnight.propose.brief import Notebook, Wanted
from overnight.propose.proposer import View
from overnight.testing import a_program

TRAIN = "RATE = 0.1\nWIDTH = 4\n"


def experiment(
    number: int,
    call: Call = Call.DISCARD,
    said: str = "RATE 0.1 → 0.2",
    score: float | None = None,
    tail: str = "",
    lines: str = "RATE = 0.2\n",
    notes: Mapping[str, str] | None = None,
    **verdict: Any,
) -> Experiment:
    failed = call in (Call.CRASH, Call.TIMEOUT)
    trial = Trial("r", 1, Status.CRASH if failed else Status.OK, {}, Usage(), int(failed), None, "", tail)
    proposal = Proposal({"train.py": TRAIN}, "b" * 40, "claude", said, notes=notes or {})
    judged = Verdict(number, call, verdict.pop("why", ""), score, **verdict)
    return Experiment(number, proposal, "c" * 40, (trial,), judged, (Edit("train.py", 0, 1, lines),))


def view(**changes: Any) -> View:
    program = a_program(prose="# Smaller\n\nMake the loss smaller.")
    plain: dict[str, Any] = {"number": 99, "seed": 0, "incumbent": "b" * 40, "best": 1.5, "baseline": 2.0}
    return View(**{"program": program, "files": {"train.py": TRAIN}, "in_flight": (), **plain, **changes})


def brief(told: Sequence[Experiment] = (), wanted: Wanted = Wanted.FOLDER, **changes: Any) -> str:
    notebook = Notebook()
    for each in told:
        notebook.observe(each)
    return notebook.brief(view(**changes), wanted)


def section(text: str, title: str) -> str:
    """What stands below a heading; "" where there is none."""
    _, found, rest = text.partition(f"# {title}\n")
    return re.split(r"\n##? ", rest)[0] if found else ""

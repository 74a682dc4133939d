"""What would help where no gain is proven: said the same wherever it is said."""

from __future__ import annotations

from collections.abc import Iterator

from overnight.judge.words import FEW
from overnight.program.units import box_text
from overnight.show.report import Report
from overnight.show.silence import remedies, unheard


def would_help(report: Report) -> Iterator[str]:
    """The surest first. Where nobody proposed anything, nothing else would help."""
    yield from remedies(report)
    if unheard(report):
        return
    program = report.program
    if not report.claims:
        yield "`policy: proof` or `policy: fast`, which measure it"
    yield f"a longer `time_box:` than {box_text(program.box)}, so that runs differ less by chance"
    yield "more experiments, or larger changes"
    if report.summary.runs < FEW and program.policy == "proof":
        yield f"`policy: fast`, which finds more in nights of under {FEW} runs"
    if not program.hidden:
        yield "a hidden and a sealed set (`hidden:` and `score:`), that no change is made for"

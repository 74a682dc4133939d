"""What cannot be asked for or told, and what to do instead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from overnight.errors import UsageError
from overnight.ledger.spending import Spending
from overnight.ledger.views import Summary
from overnight.night.doors import Doors
from overnight.night.stop import Progress, gauges
from overnight.program.program import Program


def refuse_at_the_end(program: Program, night: Summary) -> None:
    """Stop rules end a night by hand as well; what was given out before may be told. Such a night spends no money."""
    stop = replace(program.stop, usd=None, tokens=None)
    progress = Progress(night.experiments, night.elapsed, Spending(), night.since_keep, night.best)
    over = [rule.text for rule in gauges(stop, program.goal, progress) if rule.reached]
    if stop.seconds is not None and night.elapsed >= stop.seconds:
        over.append("its hours are over")
    if over:
        how = "raise the limit in program.md, or begin another night with --tag NAME"
        raise UsageError(f"night {night.night} is at its end ({over[0]}): {how}")


def refuse_to_tell(program: Program, ask: int, values: Sequence[float], doors: Doors) -> None:
    if not doors.known(ask):
        known = f"there is {', '.join(map(str, doors.asked))}" if doors.asked else "overnight ask gives you one"
        raise UsageError(f"this night has no ask {ask}: {known}")
    if not all(map(math.isfinite, values)):
        raise UsageError(f"{', '.join(map(str, values))}: a number that is told is finite")
    if program.external and not values and ask not in doors.experiments:
        raise UsageError(f"nothing is measured here (run: elsewhere): overnight tell {ask} --metric NUMBER")
    if not program.external and ask == 0:
        raise UsageError("ask 0 is the untouched baseline: it is measured here, when the first change is told")
    if not program.external and values and doors.is_told(ask):
        raise UsageError(f"ask {ask} was told already, and is measured here: a number comes with the change")

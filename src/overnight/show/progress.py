"""How far a night is, as people see it: its stop rules with the clock's among them, and the phase in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from overnight.clock import Now
from overnight.ledger.views import Summary
from overnight.model import Call, Goal, Phase
from overnight.night.night import Night
from overnight.night.stop import Gauge, Progress, deadline, gauges
from overnight.program.program import Stop
from overnight.program.units import duration_text
from overnight.show.paint import Cell, Tone, bar, fit
from overnight.show.steering import paused_text
from overnight.show.words import change_text, clock_of, score_text, span

BAR = 24
PHASES = {
    Phase.DAWN: "dawn: is each keep still worth something?",
    Phase.CLAIM: "claim: the branch against the baseline",
}
LABEL = 7


@dataclass(frozen=True, slots=True)
class Hours:
    """When a session began and what time it is."""

    began: Now
    now_utc: float


def rules(stop: Stop, goal: Goal, progress: Progress, hours: Hours) -> list[Gauge]:
    """Every stop rule, nearest to its end first."""
    found = gauges(stop, goal, progress)
    if stop.seconds is not None:
        text = f"{span(progress.elapsed)} of {duration_text(stop.seconds)}"
        found.append(_gauge(text, progress.elapsed / stop.seconds))
    if (end := deadline(stop.until, hours.began)) is not None:
        left = max(0.0, end - hours.now_utc)
        found.append(_gauge(f"until {clock_of(end)}, in {span(left)}", 1 - left / (end - hours.began.utc)))
    return sorted(found, key=lambda gauge: -gauge.share)


def rule_rows(gauges: Iterable[Gauge], columns: int = BAR) -> Iterator[list[Cell]]:
    label = "stop"
    for rule in gauges:
        yield [fit(label, LABEL), "  ", *bar(rule.share, columns), f"  {rule.text}"]
        label = ""


def branch_row(metric: str, score: float | None, baseline: float | None) -> list[Cell]:
    """For a judge that says what it believes: the branch as its runs have it, which is no claim."""
    if score is None:
        return [fit("branch", LABEL), ("  nothing is measured yet", Tone.QUIET)]
    change = f"{change_text(score, baseline)} from the baseline's {score_text(baseline)}"
    return [fit("branch", LABEL), f"  {metric} {score_text(score)}  ", (f"{change}, luck included", Tone.QUIET)]


def best_row(metric: str, best: float | None, number: int | None, baseline: float | None) -> list[Cell]:
    """The branch's score. `number`: of the experiment that has it; 0 is the baseline."""
    if best is None:
        return [fit("best", LABEL), ("  nothing is measured yet", Tone.QUIET)]
    change = f"#{number}, {change_text(best, baseline)} against the baseline's {score_text(baseline)}"
    where = change if number else "the untouched baseline"
    return [fit("best", LABEL), f"  {metric} {score_text(best)}  ", (where, Tone.QUIET)]


def counted(summary: Summary) -> Mapping[Call, int]:
    """The verdicts without the baseline's."""
    keeps = summary.counts.get(Call.KEEP, 0)
    return {**summary.counts, Call.KEEP: max(0, keeps - 1)}


def phase(night: Night) -> str:
    """What the night is about. The words stay the same while it stays about that."""
    state = night.state
    if state.closed:
        return state.closed.why
    if state.stop:
        return "stopping: ending what runs" if state.stop.now else "stopping: what runs now is finished first"
    if state.steering.paused:
        return paused_text(state.steering.paused)
    if not state.incumbent:
        return "measuring the untouched baseline"
    if night.paused() and night.program.between:
        hour, minute = divmod(night.program.between.start_minute, 60)
        return f"paused until {hour:02}:{minute:02}"
    if state.phase in PHASES:
        return PHASES[state.phase]
    if state.open and night.out_of_time():
        return "time is nearly up: finishing what has begun"
    if state.open and (why := night.enough()):
        return f"finishing what has begun: {why}"
    if (waits := night.asking.waits()) and waits.wait_until:
        who = night.asking.places[waits.seat].seat.name
        return f"{who} waits until {clock_of(waits.wait_until)}: {waits.why}"
    return "searching"


def _gauge(text: str, share: float) -> Gauge:
    return Gauge(text, min(1.0, max(0.0, share)), share >= 1)

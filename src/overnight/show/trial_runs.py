"""What the first runs of a command show: the numbers in its output, how long it takes, and how well it repeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from overnight.model import Trial
from overnight.show.paint import Cell, Screen, Tone, printable
from overnight.show.table import table
from overnight.show.words import score_text, span

NIGHT_SECONDS = 8 * 3600.0
FEW = 50
"""Fewer experiments in a night than this find little."""


def numbers(trials: Sequence[Trial], screen: Screen) -> Iterator[str]:
    """What each run printed, side by side."""
    names = dict.fromkeys(name for trial in trials for name in trial.scores)
    rows: list[list[Cell]] = [[printable(name), *(_number(trial, name) for trial in trials)] for name in names]
    if rows:
        yield from table(rows, screen, ("it printed", "first", "second"), right=(1, 2))
    else:
        yield screen.paint(
            "It printed no number. The metric needs a line of its own, such as 'loss: 0.123'.", Tone.WARN
        )


def remarks(trials: Sequence[Trial], metric: str, screen: Screen) -> Iterator[str]:
    """A person should know these before a night is built on them."""
    seconds = sum(trial.usage.wall_seconds for trial in trials) / len(trials)
    count = float(f"{NIGHT_SECONDS / max(seconds, 0.1):.1g}")
    tone = Tone.WARN if count < FEW else Tone.PLAIN
    yield screen.paint(f"Time: {span(seconds)} a run, about {count:,.0f} experiments in eight hours on one slot.", tone)
    values = [trial.scores[metric].value for trial in trials if metric in trial.scores]
    if len(values) < len(trials):
        yield screen.paint(f"Metric: {metric} was not printed. A night cannot start before it is.", Tone.WARN)
    elif values[0] == values[1]:
        yield f"Metric: {metric} is {score_text(values[0])} both times: one run tells all, or the seed is not used."
    else:
        apart = abs(values[0] - values[1]) / max(abs(value) for value in values)
        yield screen.paint(f"Metric: {metric} does not repeat: two seeds are {apart:.2%} apart.", Tone.WARN)
        yield "A gain smaller than that cannot be seen in one run."


def _number(trial: Trial, name: str) -> str:
    return score_text(trial.scores[name].value) if name in trial.scores else "-"

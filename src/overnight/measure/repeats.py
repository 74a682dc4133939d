"""What was measured several times, as one: of numbers the median, of what was used the sum."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from overnight.model import Score, Status, Trial


def joined(trials: list[Trial], metric: str) -> Trial:
    """Repeats of one command as one Trial."""
    *_, last = trials
    if len(trials) == 1 or last.status is not Status.OK:
        return last
    used = [each.usage for each in trials]
    usage = replace(
        last.usage,
        wall_seconds=sum(each.wall_seconds for each in used),
        cpu_seconds=sum(each.cpu_seconds for each in used),
        peak_mb=max(each.peak_mb for each in used),
    )
    scores = medians([each.scores for each in trials])
    why = f"{metric} {scores[metric].value:.6g}, the median of {len(trials)}"
    return replace(last, scores=scores, usage=usage, why=why)


def medians(all_scores: Sequence[Mapping[str, Score]]) -> dict[str, Score]:
    """Of each number that all of them have. Its error is the median's, as far as the repeats show it."""
    if len(all_scores) == 1:
        return dict(all_scores[0])
    names = [name for name in all_scores[0] if all(name in scores for scores in all_scores)]
    return {name: _median([scores[name].value for scores in all_scores]) for name in names}


def _median(values: Sequence[float]) -> Score:
    return Score(statistics.median(values), 1.2533 * statistics.stdev(values) / len(values) ** 0.5, len(values))

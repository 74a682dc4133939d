"""What a run under way is for, in plain words: what its author says, or, where it confirms something, what and why.

Scores are those of the visible set, as everywhere in the terminal while a night runs; what the judge knows beside
them is not told here.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from overnight.judge.policy import Want
from overnight.judge.words import share
from overnight.model import Purpose, Run, Split, Status
from overnight.night.night import Night
from overnight.night.open import Open
from overnight.show.paint import Cell, Tone, printable
from overnight.show.words import change_text, plural

COMPARED = "what {} compared with, once more{}"
TOO_FEW = ": it has too few runs to judge by"
SETS = {Split.SEALED: "sealed data", Split.HIDDEN: "hidden data", Split.VISIBLE: "the one set that there is"}


def purpose(run: Run, night: Night) -> list[Cell]:
    """As it is soon after the run has started."""
    experiment = night.state.open.get(run.experiment)
    match run.purpose:
        case Purpose.BASELINE:
            return [_baseline(run, night)]
        case Purpose.INCUMBENT:
            return [_compared(night)]
        case Purpose.CLAIM:
            return [_claim(run, night)]
        case Purpose.SCOUT if experiment is None:
            return ["the branch on other hardware, to compare with there"]
        case _ if experiment is None:
            return ["is ended: it has been decided without it"]
        case Purpose.REPEAT:
            return [_again(experiment, night)]
        case Purpose.ABLATION:
            return [_without(experiment)]
    landed = "on top of the newest keep: " if experiment.rebases else ""
    return [landed, (printable(experiment.proposed.hypothesis), Tone.SAID)]


def _baseline(run: Run, night: Night) -> str:
    runs = _index(run) + 1, _wanted(night, Purpose.BASELINE)
    which = f", run {runs[0]} of {runs[1]}: how much do runs differ by chance?" if runs[1] > 1 else ""
    return f"the untouched baseline{which}"


def _again(experiment: Open, night: Night) -> str:
    scores = _scores(experiment, night.program.metric)
    seen = f": {change} in {_runs(len(scores))}" if (change := _change(scores, night.state.best)) else ""
    noise = night.state.policy.outlook(night.state.belief, None).noise
    known = f", and a run's noise is {share(noise, night.state.best)}" if noise and night.state.best and seen else ""
    return f"again, run {len(experiment.trials) + 1} of #{experiment.number}{seen}{known}"


def _compared(night: Night) -> str:
    begun = [f"#{each.number}" for each in night.state.open.values() if each.trials]
    who = f"{begun[0]} is" if len(begun) == 1 else "changes are"
    return COMPARED.format(who, TOO_FEW if begun else "")


def _without(experiment: Open) -> str:
    return f"the branch without #{experiment.removes}, run {len(experiment.trials) + 1}: is that keep worth something?"


def _claim(run: Run, night: Night) -> str:
    """Branch and baseline take turns, the baseline first."""
    side = "the branch" if run.experiment else "the baseline"
    turn, turns = 2 * _index(run) + (run.experiment > 0) + 1, 2 * _wanted(night, Purpose.CLAIM)
    return f"claim {turn} of {max(turn, turns)}: {side} on {SETS[run.split]}"


def _wanted(night: Night, purpose: Purpose) -> int:
    """So many runs of this purpose it will be, on each side, as far as the judge says now."""
    wants = night.state.policy.wants(night.state.belief, night.slots)
    return max((want.index + 1 for want in wants if isinstance(want, Want) and want.purpose is purpose), default=0)


def _index(run: Run) -> int:
    return int(run.id.rpartition("-")[2])


def _scores(experiment: Open, metric: str) -> list[float]:
    ended = (trial for trial in experiment.trials if trial.status is Status.OK)
    return [trial.scores[metric].value for trial in ended if metric in trial.scores]


def _change(scores: Sequence[float], against: float | None) -> str:
    return change_text(fmean(scores), against) if scores else ""


def _runs(count: int) -> str:
    return "one run" if count == 1 else plural(count, "run")

"""What may be said of a night: what each keep is believed to be worth, what of that is proven, and the claim.

Gains are shown as a share of the baseline, with the sign of the metric: a lower loss is −0.31 %. Nothing but the claim
is called a gain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from overnight.ledger.views import Summary
from overnight.model import Claim, Goal, Split, Standing, Worth
from overnight.show.paint import Cell, Screen, Tone, printable
from overnight.show.table import table
from overnight.show.words import change_text, percent_text, plural, score_text

TONES = {
    Standing.PROVEN: Tone.GOOD,
    Standing.REPEATABLE: Tone.PLAIN,
    Standing.CARRIED: Tone.WARN,
    Standing.SIMPLER: Tone.PLAIN,
    Standing.REMOVED: Tone.QUIET,
}
MEANINGS = {
    Standing.PROVEN: "on data that no proposal was made for",
    Standing.REPEATABLE: "on the one set that this task has: it helps there, and nobody knows where else",
    Standing.CARRIED: "believed to help, and not proven",
    Standing.SIMPLER: "less code, and no worse",
    Standing.REMOVED: "taken back",
}
SETS = {
    Split.SEALED: "on the sealed set, read for this once",
    Split.HIDDEN: "on the hidden set",
    Split.VISIBLE: "on the one set that there is: what suits that set only is in it",
}


def share_text(gain: float, summary: Summary) -> str:
    """A gain in the direction of the metric: −0.31 % where lower is better."""
    if not summary.baseline:
        return f"{gain:.4g}"
    toward = -gain if summary.goal == Goal.MINIMIZE else gain
    return change_text(summary.baseline + toward, summary.baseline)


def rate_text(gain: float, summary: Summary) -> str:
    """The same of a gain for a unit of cost, which may be of any size: in two figures."""
    share, unit = (100 * gain / abs(summary.baseline), " %") if summary.baseline else (gain, "")
    toward = -share if summary.goal == Goal.MINIMIZE else share
    figures = f"{float(f'{abs(toward):.2g}'):,.10f}".rstrip("0").rstrip(".")
    return f"{'−' if toward < 0 else '+'}{figures}{unit}"


def doubt_text(doubt: float) -> str:
    return "under 1 %" if doubt < 0.01 else percent_text(doubt)


def interval_text(summary: Summary, told: Claim | Worth) -> str:
    """The larger gain comes first. Nothing, where none was given."""
    if told.low is None or told.high is None:
        return ""
    low, high = sorted((told.low, told.high))
    return f"{share_text(high, summary)} to {share_text(low, summary)}"


def bounded(worths: Iterable[Worth]) -> bool:
    """Some of them have an interval: of a hasty policy, or in a night before there were any, none has."""
    return any(worth.low is not None for worth in worths)


def sum_text(worths: Iterable[Worth], summary: Summary) -> str:
    return share_text(sum(worth.gain for worth in worths), summary)


def stack_cells(summary: Summary) -> Iterator[list[Cell]]:
    """What the stack claims, and what of it is proven: one line each."""
    standing = [worth for worth in summary.worths if worth.standing is not Standing.REMOVED]
    if not standing:
        return
    yield [f"{sum_text(standing, summary)} is what its {_together(len(standing))} believed to bring"]
    for kind in (Standing.PROVEN, Standing.REPEATABLE):
        if those := [worth for worth in standing if worth.standing is kind]:
            yield [(f"{sum_text(those, summary)} of it is {kind} ({len(those)} of them)", TONES[kind])]


def claim_cells(summary: Summary) -> Iterator[list[Cell]]:
    """The gain with its interval, and where it was measured."""
    if (claim := summary.claim) is None:
        return
    tone = Tone.GOOD if claim.low > 0 else Tone.WARN
    ends_at = f"{summary.metric} {score_text(claim.baseline)} to {score_text(claim.branch)}"
    gain = f"{ends_at}, {share_text(claim.gain, summary)}"
    yield [(gain, tone), f"  (95 %: {interval_text(summary, claim)})"]
    yield [(f"{SETS[claim.split]}, {plural(claim.runs, 'run')} a side{_older(summary)}", Tone.QUIET)]


def worth_table(summary: Summary, said: Mapping[int, str], screen: Screen) -> Iterator[str]:
    """Each keep with what is believed of it now; `said`: what its author said."""
    between = bounded(summary.worths)
    rows: list[Sequence[Cell]] = [
        [
            f"#{worth.experiment}",
            share_text(worth.gain, summary),
            *([interval_text(summary, worth)] if between else []),
            doubt_text(worth.doubt),
            str(worth.runs),
            (str(worth.standing), TONES[worth.standing]),
            (printable(said.get(worth.experiment, "")), Tone.SAID),
        ]
        for worth in summary.worths
    ]
    head = ("", "worth", *(["95 %"] if between else []), "no gain", "runs", "", "its author says")
    yield from table(rows, screen, head, right=range(len(head) - 2), indent=2)


def legend(worths: Iterable[Worth]) -> Iterator[str]:
    """The words that are used, once each."""
    for standing in dict.fromkeys(worth.standing for worth in worths):
        yield f"{standing}: {MEANINGS[standing]}"


def _together(keeps: int) -> str:
    return "keep is" if keeps == 1 else f"{keeps} keeps together are"


def claim_sentence(claim: Claim | None, worths: Sequence[Worth]) -> str:
    if claim is not None:
        return ""
    if not [worth for worth in worths if worth.standing is not Standing.REMOVED]:
        return "there is nothing to claim: the branch stands at the baseline"
    return "not measured yet: `overnight claim` does it"


def _older(summary: Summary) -> str:
    return "" if summary.claimed == summary.tip else f"; of {summary.claimed[:7]}, before the last keeps"

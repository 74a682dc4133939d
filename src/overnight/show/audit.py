"""An audit as people read it: one sentence, the figures behind it, a small plot, every keep, and what to run again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from overnight.judge.audit import LIKELY, MOST, Audit, Check, Kept
from overnight.model import Call, Goal
from overnight.show.paint import Cell, Screen, Tone, cut, fit, folded, printable
from overnight.show.plot import plot
from overnight.show.table import table
from overnight.show.words import change_text, counts_text, plural, score_text

LABEL = 10
HEAD = ("", "recorded", "expected", "no gain", "runs", "its author says")
UNKNOWN = "Run the baseline four times more and add the lines, or say the standard deviation of one run: --noise X"
NO_TABLE_TELLS = "Whether a gain holds on other data no such table can show."


def audit_text(audit: Audit, name: str, screen: Screen) -> Iterator[str]:
    results = audit.results
    better = "lower" if results.goal is Goal.MINIMIZE else "higher"
    about = f"{plural(len(results.tried), 'experiment')}, {printable(results.metric)}, {better} is better"
    yield screen.paint(f"Audit of {printable(name)}", Tone.STRONG) + f"  {about} ({results.goal_from})"
    yield ""
    for text in folded(sentence(audit), screen.width):
        yield screen.paint(text, Tone.STRONG)
    yield ""
    for label, text, tone in _facts(audit):
        for i, part in enumerate(folded(text, None if screen.width is None else screen.width - LABEL)):
            yield screen.paint(fit("" if i else label, LABEL), Tone.PLAIN) + screen.paint(part, tone)
    if audit.keeps:
        yield from ("", *plot(audit, screen), "")
        yield from _keeps(audit, screen)
        yield from _to_run(audit, screen)


def audit_json(audit: Audit) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(audit)
    results = found.pop("results")
    noise = found.pop("noise")
    shown = {**noise, "apart": audit.noise.apart} if audit.noise.shown else None
    counts = Counter(tried.call for tried in audit.results.tried)
    return {
        "sentence": sentence(audit),
        "metric": results["metric"],
        "goal": results["goal"],
        "experiments": len(results["tried"]),
        "counts": counts,
        "noise": shown,
        **found,
        "luck_share": audit.luck_share,
    }


def sentence(audit: Audit) -> str:
    """What can be repeated to somebody else."""
    keeps, noise = audit.keeps, audit.noise
    if not keeps:
        return "Nothing was kept, so nothing is claimed."
    claimed = _share(audit, audit.claimed)
    if audit.expected is None or audit.low is None or audit.high is None:
        return f"{plural(len(keeps), 'keep')}: {claimed} claimed, and this table cannot show how much of it is noise."
    if noise.value == 0:
        return f"The metric repeats to the last digit: all of the {claimed} would show again."
    within = sum(kept.within for kept in keeps)
    those = f"{within} of {plural(len(keeps), 'keep')} gained no more"
    those = "Every keep gained more" if within == 0 else "No keep gained more" if within == len(keeps) else those
    inside = f"{those} than two runs of the same code differ by."
    seen = f"Of the claimed {claimed}, about {_share(audit, audit.expected)} would show if both ends were run again"
    return f"{inside} {seen} ({_share(audit, audit.low)} to {_share(audit, audit.high)})."


def _facts(audit: Audit) -> Iterator[tuple[str, str, Tone]]:
    counts = Counter(tried.call for tried in audit.results.tried)
    counts[Call.KEEP] = len(audit.keeps)
    yield "Tried", f"the baseline, {counts_text(counts)}", Tone.PLAIN
    scores = [tried.score for tried in audit.results.tried if tried.score is not None]
    last = audit.keeps[-1].tried if audit.keeps else None
    if last is not None and last.score is not None:
        change = change_text(last.score, scores[0])
        yield "Claimed", f"{score_text(scores[0])} → {score_text(last.score)}  {change}, #{last.number}", Tone.PLAIN
    yield from _noise(audit)
    if audit.expected is not None and audit.luck_share is not None and audit.noise.value > 0:
        low, high = sorted((_signed(audit, audit.low or 0.0), _signed(audit, audit.high or 0.0)), key=len)
        text = f"{_signed(audit, audit.expected)} of the claimed {_signed(audit, audit.claimed)} ({low} to {high})"
        yield "Expected", f"{text}: {max(0.0, audit.luck_share):.0%} of it is luck".replace("%", " %"), Tone.PLAIN
    doubtful = sum((kept.doubt or 0.0) > LIKELY for kept in audit.keeps)
    if doubtful:
        yield "", f"{plural(doubtful, 'keep')} more likely worth nothing than something", Tone.WARN
    seeds = [f"#{kept.tried.number}" for kept in audit.keeps if kept.seed]
    if seeds:
        yield "Seeds", f"{', '.join(seeds[:8])} changed the seed and nothing else: luck that was kept", Tone.WARN
    single = sum(kept.tried.runs + kept.again == 1 for kept in audit.keeps)
    if single:
        yield "Evidence", f"one run each for {single} of {plural(len(audit.keeps), 'keep')}", Tone.PLAIN
    for note in audit.notes:
        yield "Note", printable(note), Tone.WARN
    yield "Limit", NO_TABLE_TELLS, Tone.QUIET


def _noise(audit: Audit) -> Iterator[tuple[str, str, Tone]]:
    noise = audit.noise
    if not noise.shown:
        yield "Noise", f"cannot be known from this table. {UNKNOWN}", Tone.WARN
        return
    if noise.value == 0:
        yield "Noise", f"none: {plural(noise.repeats, 'repeat')} agree to the last digit", Tone.PLAIN
        return
    if noise.given:
        yield "Noise", f"one run ± {_size(audit, noise.value)}, as you said", Tone.PLAIN
    else:
        how = [f"{plural(noise.repeats, 'repeat')} of the same code"] if noise.repeats else []
        how += [f"how {plural(noise.nearby, 'score')} lie around what they stood on"] if noise.nearby else []
        between = f"({_size(audit, noise.low)} to {_size(audit, noise.high)})"
        yield "Noise", f"one run ± {_size(audit, noise.value)} {between}, from {' and '.join(how)}", Tone.PLAIN
    yield "", f"two runs of the same code differ by up to {_size(audit, noise.apart)}, 19 times in 20", Tone.PLAIN


def _keeps(audit: Audit, screen: Screen) -> Iterator[str]:
    known = audit.expected is not None
    rows = [_row(audit, kept) if known else [*_row(audit, kept)[:2], *_row(audit, kept)[4:]] for kept in audit.keeps]
    head = HEAD if known else (*HEAD[:2], *HEAD[4:])
    yield from table(rows, screen, head, right=range(len(head) - 1))


def _row(audit: Audit, kept: Kept) -> list[Cell]:
    doubt = "" if kept.doubt is None else f"{kept.doubt:.0%}".replace("%", " %")
    tone = Tone.PLAIN if kept.doubt is None else Tone.WARN if kept.doubt > LIKELY else Tone.GOOD
    recorded: Cell = (_signed(audit, kept.gain), Tone.QUIET) if kept.within else _signed(audit, kept.gain)
    expected = "" if kept.expected is None else _signed(audit, kept.expected)
    said = (cut(printable(kept.tried.description), 200), Tone.SAID)
    return [f"#{kept.tried.number}", recorded, expected, (doubt, tone), f"{kept.tried.runs + kept.again}", said]


def _to_run(audit: Audit, screen: Screen) -> Iterator[str]:
    if audit.checks:
        yield ""
        much = (
            f"{plural(audit.runs, 'run')} in all, those of one commit shared" if audit.runs else "nothing is worth it"
        )
        yield screen.paint("To know, run again", Tone.STRONG) + f"  {much}"
        yield from table([_check(audit, check) for check in audit.checks], screen, indent=2)


def _check(audit: Audit, check: Check) -> list[Cell]:
    whole = check is audit.checks[0]
    what = "the whole gain" if whole else f"{plural(check.keeps, 'keep')}, recorded {_signed(audit, check.gain)}"
    runs = f"{check.runs} runs each" if check.runs else f"over {MOST} each"
    why = what if check.runs else f"{what}: not worth it"
    return [(runs, Tone.PLAIN if check.runs else Tone.QUIET), f"#{check.first} and #{check.last}", why]


def _share(audit: Audit, gain: float) -> str:
    """Of the baseline's score, where it has a size; else in units of the metric."""
    base = next(tried.score for tried in audit.results.tried if tried.score is not None)
    if not base or abs(gain / base) > 10:
        return _signed(audit, gain)
    change = gain / abs(base) * (-1 if audit.results.goal is Goal.MINIMIZE else 1)
    return f"{change:+.2%}".replace("-", "−").replace("%", " %")


def _signed(audit: Audit, gain: float) -> str:
    """As the metric moves: a gain of one that should be low is below zero."""
    change = -gain if audit.results.goal is Goal.MINIMIZE else gain
    return f"{'−' if change < 0 else '+'}{_size(audit, abs(change))}"


def _size(audit: Audit, value: float) -> str:
    """Two digits of the noise, as many for everything."""
    least = audit.noise.value if audit.noise.shown and audit.noise.value > 0 else abs(audit.claimed) / 1000
    digits = 1 - math.floor(math.log10(least)) if least > 0 else 6
    return f"{value:.{digits}f}" if 0 <= digits <= 9 and value < 1e9 else f"{value:.3g}"

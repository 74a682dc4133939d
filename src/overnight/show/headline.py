"""The morning report's first screen: what changed since you slept, in one number if there is one, and what stands
behind it in a few more. Only the claim is called a gain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from overnight.model import Claim, Standing, Worth
from overnight.show.believed import SETS, interval_text, share_text, sum_text
from overnight.show.paint import Tone
from overnight.show.progress import counted
from overnight.show.report import Report, busy_share
from overnight.show.silence import remedies, silences, unheard
from overnight.show.spending import money_text, per_percent_text, tokens_text
from overnight.show.words import (
    change_text,
    clock_of,
    counts_text,
    ended_text,
    moment,
    percent_text,
    plural,
    score_text,
    span,
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure with its name and what it rests on."""

    name: str
    figure: str
    note: str


@dataclass(frozen=True, slots=True)
class Headline:
    night: str
    state: str
    when: str
    label: str
    figure: str
    tone: Tone
    notes: tuple[str, ...]
    facts: tuple[Fact, ...]


def headline(report: Report) -> Headline:
    summary = report.summary
    label, figure, tone, notes = _outcome(report)
    return Headline(
        night=summary.night,
        state=ended_text(summary.state, summary.why),
        when=f"{moment(report.began)} to {_end(report)}",
        label=label,
        figure=figure,
        tone=tone,
        notes=notes,
        facts=tuple(_facts(report)),
    )


def _outcome(report: Report) -> tuple[str, str, Tone, tuple[str, ...]]:
    summary = report.summary
    if summary.claim is not None:
        return _claimed(report, summary.claim)
    if summary.baseline is None:
        return "Nothing was measured", "", Tone.BAD, ("The baseline gave no score: `overnight show 0` says why.",)
    stands = f"The branch stands at the baseline: {summary.metric} {score_text(summary.baseline)}."
    if unheard(report):
        helps = f"What would help: {'; '.join(remedies(report))}."
        return "Nothing was proposed", "", Tone.BAD, (*silences(report), helps, stands)
    if not report.keeps:
        return "Nothing was kept", "", Tone.QUIET, (*silences(report), stands)
    if report.claims and not _standing(report):
        return "Nothing stood", "", Tone.QUIET, (f"What was kept was taken back. {stands}",)
    score = summary.tip_score if summary.worths else summary.best
    change = change_text(score, summary.baseline)
    ends = f"{summary.metric} {score_text(summary.baseline)} to {score_text(score)}, in the branch's own runs"
    why = "This is not measured against luck yet: `overnight claim` does it." if report.claims else _unclaimed(report)
    return "The branch, as its own runs have it", change, Tone.WARN, (f"{ends}, luck included.", why)


def _unclaimed(report: Report) -> str:
    if report.program.external:
        return "Its numbers were reported by people: nothing here says how much of it is luck."
    return f"The policy {report.program.policy} makes no claim: nothing here says how much of it is luck."


def _claimed(report: Report, claim: Claim) -> tuple[str, str, Tone, tuple[str, ...]]:
    summary = report.summary
    ends = f"{summary.metric} {score_text(claim.baseline)} to {score_text(claim.branch)}"
    older = "" if summary.claimed == summary.tip else f" It is about {summary.claimed[:7]}, before the last keeps."
    where = f"Measured with {plural(claim.runs, 'run')} a side, {SETS[claim.split]}.{older}"
    notes = (f"{ends} (95 %: {interval_text(summary, claim)})", where)
    figure = share_text(claim.gain, summary)
    if claim.low > 0:
        return "Gain", figure, Tone.GOOD, notes
    return "No gain proven", figure, Tone.WARN, (*notes, "The interval includes no change at all: this may be luck.")


def _facts(report: Report) -> Iterator[Fact]:
    summary, standing = report.summary, _standing(report)
    if standing:
        keeps = plural(len(standing), "keep")
        yield Fact("Believed", sum_text(standing, summary), f"of {keeps} together")
        for kind in (Standing.PROVEN, Standing.REPEATABLE):
            if those := [worth for worth in standing if worth.standing is kind]:
                yield Fact(kind.capitalize(), sum_text(those, summary), f"of it, {len(those)} of {keeps}")
    counts = counts_text(counted(summary))
    yield Fact("Experiments", f"{summary.experiments:,}", counts)
    busy = f"{plural(summary.runs, 'run')}, slots busy {percent_text(busy_share(report))}"
    yield Fact("Time", span(summary.elapsed), busy)
    if not (spent := summary.spent).nothing:
        yield Fact("Cost", money_text(spent), per_percent_text(summary) or tokens_text(spent))


def _standing(report: Report) -> list[Worth]:
    return [worth for worth in report.summary.worths if worth.standing is not Standing.REMOVED]


def _end(report: Report) -> str:
    """The day is said once."""
    same = moment(report.began)[:10] == moment(report.ended)[:10]
    return clock_of(report.ended) if same else moment(report.ended)

"""The words of a sign-off: the message of the commit that bears it, its trailers, and the line that others see.

The body says what the person could know when they signed: the claim with its interval, or that there was none, and each
keep that stands with what was believed of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from overnight.ledger.acceptance import Acceptance, How
from overnight.ledger.views import Row, Summary
from overnight.model import Claim, Worth
from overnight.repo.refs import trailers
from overnight.show.believed import SETS, claim_cells, share_text
from overnight.show.paint import Cell, Screen, Tone, cut, printable, spread
from overnight.show.words import amount_text, moment, plural, score_text

WIDE = 100


def merge_message(summary: Summary, keeps: Sequence[Row], claim: Claim | None, by: str) -> str:
    what = f"{plural(len(keeps), 'keep')}, no gain measured"
    if claim:
        change = share_text(claim.gain, summary)
        what = f"{summary.metric} {score_text(claim.baseline)} to {score_text(claim.branch)}, {change}"
    lines = [f"Accept night {summary.night}: {what}", "", *_body(summary, keeps, claim), ""]
    return "\n".join([*lines, signed_trailers(summary, claim, by)])


def signed_trailers(summary: Summary, claim: Claim | None, by: str) -> str:
    said = "none"
    if claim:
        ends = f"{amount_text(claim.low)} to {amount_text(claim.high)}"
        said = f"{summary.metric} better by {amount_text(claim.gain)} (95 %: {ends}), {SETS[claim.split]}"
    unproven = doubtful(summary, claim)
    return f"{trailers({'Night': summary.night, 'Claim': said, 'Unproven': unproven})}\nAccepted-by: {by}"


def accept_command(summary: Summary, tag: str = "") -> str:
    """What is to be typed after `overnight`. `tag`: of a night that need not be the newest."""
    current = summary.claim if summary.claimed == summary.tip else None
    named = f" --tag {tag}" if tag else ""
    return f"accept{named}" + (" --unproven" if doubtful(summary, current) else "")


def doubtful(summary: Summary, claim: Claim | None) -> str:
    """Why the gain of this night is not proven, in one line; empty where it is."""
    if claim is not None and claim.low > 0:
        return ""
    if claim is not None:
        return f"the gain's interval includes zero: {_interval(summary, claim)}"
    if summary.claim is not None:
        return "the gain was measured before the last keeps"
    return "no gain was measured"


def acceptance_cells(summary: Summary) -> Iterator[list[Cell]]:
    """A line for each sign-off."""
    for said in summary.accepted:
        older = "" if said.tip == summary.tip else f", before the last keeps ({said.tip[:7]})"
        yield [(f"by {printable(said.by)} on {moment(said.at)}, {_taken(said)}{older}", Tone.GOOD)]


def _taken(said: Acceptance) -> str:
    names = [ref.removeprefix("refs/heads/") for ref in said.commits]
    if said.how is How.MERGE:
        return f"into {', '.join(printable(name) for name in names)}"
    return f"as {plural(len(names), 'branch')}"


def _body(summary: Summary, keeps: Sequence[Row], claim: Claim | None) -> Iterator[str]:
    plain = Screen()
    if claim:
        yield from (spread(cells, None, plain).rstrip() for cells in claim_cells(summary))
        yield ""
    worths = {worth.experiment: worth for worth in summary.worths}
    for row in keeps:
        yield cut(f"#{row.number}  {_worth(row, worths.get(row.number), summary)}  {printable(row.hypothesis)}", WIDE)


def _worth(row: Row, worth: Worth | None, summary: Summary) -> str:
    if worth is None:
        return f"{summary.metric} {score_text(row.score)}"
    return f"{share_text(worth.gain, summary)} {worth.standing}"


def _interval(summary: Summary, claim: Claim) -> str:
    low, high = (share_text(end, summary) for end in (claim.low, claim.high))
    return f"{low} to {high}"

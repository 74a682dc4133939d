"""What was spent, in words, and what it bought. An amount that nobody told is said to be unknown, and one of which a
part was told is at least that part: nothing unknown ever passes for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from overnight.ledger.spending import Spending
from overnight.ledger.views import Summary, to_json
from overnight.model import Standing
from overnight.show.paint import Cell, Tone
from overnight.show.words import plural, span

NOTICED = 0.05  # seconds of thinking


def dollars(usd: float) -> str:
    """To the cent; of what is less than ten cents two figures."""
    return f"${usd:,.2f}" if usd >= 0.095 or usd == 0 else f"${float(f'{usd:.2g}'):.12f}".rstrip("0")


def money_text(spent: Spending) -> str:
    if spent.unpriced:
        return f"at least {dollars(spent.usd)}" if spent.usd else "price unknown"
    return dollars(spent.usd)


def tokens_text(spent: Spending) -> str:
    if spent.uncounted:
        return f"at least {plural(spent.tokens, 'token')}" if spent.tokens else "tokens not told"
    return plural(spent.tokens, "token")


def spent_text(spent: Spending) -> str:
    return "nothing" if spent.nothing else f"{money_text(spent)}, {tokens_text(spent)}"


def untold_text(spent: Spending) -> str:
    """How many turns did not tell a price; "" where all did."""
    return f"{plural(spent.unpriced, 'turn')} of {spent.turns:,} told no price" if spent.unpriced else ""


def believed_percent(summary: Summary) -> float | None:
    """What the standing keeps are believed to bring, in percent of the baseline. None: nothing."""
    gain = sum(worth.gain for worth in summary.worths if worth.standing is not Standing.REMOVED)
    return 100 * gain / abs(summary.baseline) if summary.baseline and gain > 0 else None


def per_percent_text(summary: Summary) -> str:
    """What a percent that is believed has cost; "" where there is none, or where it cost nothing."""
    spent, percent = summary.spent, believed_percent(summary)
    if percent is None or spent.nothing:
        return ""
    if spent.usd and not spent.unpriced:
        return f"{dollars(spent.usd / percent)} for each percent that is believed"
    least = "at least " if spent.usd or spent.uncounted else ""
    if spent.usd:
        return f"{least}{dollars(spent.usd / percent)} for each percent that is believed"
    tokens = plural(round(spent.tokens / percent), "token")
    return f"{least}{tokens} for each percent that is believed" if spent.tokens else ""


def spent_cells(spent: Spending) -> Iterator[list[Cell]]:
    """What it has cost so far; nothing where it cost nothing."""
    if spent.nothing:
        return
    thought = f", {span(spent.seconds)} of thinking" if spent.seconds >= NOTICED else ""
    yield [f"{spent_text(spent)} in {plural(spent.turns, 'turn')}{thought}"]
    if untold := untold_text(spent):
        yield [(untold, Tone.WARN)]


def cost_cells(summary: Summary) -> Iterator[list[Cell]]:
    """The same, and what a percent has cost."""
    yield from spent_cells(summary.spent)
    if each := per_percent_text(summary):
        yield [each]


def cost_json(summary: Summary) -> dict[str, Any]:
    """Amounts of which a part is unknown are null; what was told of them stands beside."""
    spent, percent = summary.spent, believed_percent(summary)
    known = spent.usd if not spent.unpriced else None
    return {
        **to_json(spent),
        "usd": known,
        "usd_told": spent.usd,
        "tokens": spent.tokens if not spent.uncounted else None,
        "tokens_told": spent.tokens,
        "believed_percent": percent,
        "usd_per_percent": known / percent if known is not None and percent else None,
    }

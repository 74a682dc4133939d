"""Numbers and times as people read them. One spelling everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from overnight.model import Call
from overnight.show.paint import Tone

TONES = {
    Call.KEEP: Tone.GOOD,
    Call.DISCARD: Tone.QUIET,
    Call.PRUNED: Tone.QUIET,
    Call.DUPLICATE: Tone.QUIET,
    Call.CRASH: Tone.BAD,
    Call.TIMEOUT: Tone.BAD,
    Call.INVALID: Tone.BAD,
    Call.REFUSED: Tone.WARN,
}


def score_text(value: float | None) -> str:
    """Six decimals, as the field's logs have it, where that says something."""
    if value is None:
        return ""
    return f"{value:.6f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.6g}"


def change_text(score: float | None, against: float | None) -> str:
    if score is None or not against:
        return ""
    return f"{(score - against) / abs(against):+.2%}".replace("-", "−").replace("%", " %")


def percent_text(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def amount_text(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def value_text(value: float) -> str:
    """Of a curve: short, with five figures."""
    return f"{value:.5g}".replace("-", "−")


def span(seconds: float) -> str:
    """4.1 s, 2m 14s, 3h 12m, 2d 4h."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, part, part_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{whole // size}{unit} {whole % size // part}{part_unit}"
    return f"{whole} s"


def clock_of(utc: float) -> str:
    """The local time of the day."""
    return f"{datetime.fromtimestamp(utc):%H:%M}"


def moment(utc: float) -> str:
    return f"{datetime.fromtimestamp(utc):%Y-%m-%d %H:%M}"


def size_text(count: float) -> str:
    """Bytes."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def counts_text(counts: Mapping[Call, int]) -> str:
    """4 keep · 7 discard · 1 crash; the commonest first."""
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return " · ".join(f"{count} {call}" for call, count in order if count) or "nothing yet"


def ended_text(state: str, why: str) -> str:
    """finished: 40 of 40 experiments; but not: stopped: stopped by somebody."""
    return why if why.startswith(state) else f"{state}: {why}" if why else state


def plural(count: int, noun: str) -> str:
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}es" if noun.endswith(("s", "ch")) else f"{noun}s"
    return f"{count:,} {noun if count == 1 else many}"

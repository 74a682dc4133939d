"""When to stop, and when to pause: pure functions of the program's rules and of how far the night is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from overnight.clock import Now
from overnight.ledger.spending import Spending
from overnight.model import Goal
from overnight.program.program import Program, Stop, Window

BLIND = 3
"""So many turns that did not tell their cost, and none that did: a limit on that cost cannot be held."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the night is. Work in flight counts: in `experiments` and in what was `spent`."""

    experiments: int
    elapsed: float
    spent: Spending
    since_keep: int
    best: float | None


@dataclass(frozen=True, slots=True)
class Gauge:
    """One stop rule and how far it is, for people: `share` 1 is reached."""

    text: str
    share: float
    reached: bool


def deadline(until: str | None, now: Now) -> float | None:
    """UTC seconds of the next local `until` ("07:00") after `now`."""
    if until is None:
        return None
    hour, minute = (int(part) for part in until.split(":"))
    moment = now.local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (moment if moment > now.local else moment + timedelta(days=1)).timestamp()


def gauges(stop: Stop, goal: Goal, progress: Progress) -> list[Gauge]:
    """The rules that count work. Reaching one lets what has begun be measured to its end."""
    counted = [
        (stop.experiments, progress.experiments, "{} of {} experiments"),
        (stop.plateau, progress.since_keep, "{} of {} experiments without a keep"),
    ]
    found = [
        Gauge(text.format(done, limit), min(1.0, done / limit), done >= limit)
        for limit, done, text in counted
        if limit is not None
    ]
    spent = progress.spent
    if stop.tokens is not None:
        found.append(
            _spent("{:,.0f}", " tokens", stop.tokens, spent.tokens, spent.uncounted, spent.longest),
        )
    if stop.usd is not None:
        found.append(_spent("${:,.2f}", "", stop.usd, spent.usd, spent.unpriced, spent.dearest))
    if stop.target is not None and progress.best is not None:
        reached = not goal.better(stop.target, progress.best)
        found.append(Gauge(f"best {progress.best:.6g}, target {stop.target:g}", float(reached), reached))
    return found


def _spent(figure: str, unit: str, limit: float, told: float, silent: int, dearest: float) -> Gauge:
    """What `silent` turns did not tell is never taken for nothing: each counts as the dearest that did. A limit that
    cannot be held counts as reached."""
    most, turns = f"{figure.format(limit)}{unit}", f"{silent} turn{'s' * (silent > 1)}"
    if silent and not dearest:
        share = min(1.0, silent / BLIND)
        return Gauge(f"{most} is the limit, and {turns} did not tell what they cost", share, share >= 1)
    done = told + silent * dearest
    more = f", of which {turns} that did not tell as the dearest" if silent else ""
    return Gauge(f"{figure.format(done)} of {most}{more}", min(1.0, done / limit), done >= limit)


def seconds_left(program: Program, elapsed: float, now: Now, deadline_utc: float | None) -> float | None:
    """Until the time rules end the night. None: no such rule."""
    ends = []
    if program.stop.seconds is not None:
        ends.append(program.stop.seconds - elapsed)
    if deadline_utc is not None:
        ends.append(deadline_utc - now.utc)
    return min(ends, default=None)


def window_left(window: Window | None, local: datetime) -> float | None:
    """Seconds until the nightly window closes; 0 while it is closed; None where there is no window."""
    if window is None:
        return None
    minute = local.hour * 60 + local.minute + local.second / 60
    length = (window.end_minute - window.start_minute) % 1440 or 1440
    inside = (minute - window.start_minute) % 1440
    return max(0.0, (length - inside) * 60)

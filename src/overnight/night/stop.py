"""When to stop, and when to pause: pure functions of the program's rules and of how far the night is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from overnight.clock import Now
from overnight.model import Goal
from overnight.program.program import Program, Stop, Window


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the night is. Work in flight counts: in `experiments`, in `usd` and in `tokens`."""

    experiments: int
    elapsed: float
    usd: float
    tokens: int
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
        (stop.tokens, progress.tokens, "{} of {} tokens"),
        (stop.usd, progress.usd, "${:.2f} of ${:.2f}"),
    ]
    found = [
        Gauge(text.format(done, limit), min(1.0, done / limit), done >= limit)
        for limit, done, text in counted
        if limit is not None
    ]
    if stop.target is not None and progress.best is not None:
        reached = not goal.better(stop.target, progress.best)
        found.append(Gauge(f"best {progress.best:.6g}, target {stop.target:g}", float(reached), reached))
    return found


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

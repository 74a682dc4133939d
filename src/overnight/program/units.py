"""Amounts as people write them: `1h30m`, `8s cpu`, `48 GB`, `7am`, `22:00-07:00`, `$5`, `1k`.

Each parser takes text and gives a value, or raises ValueError with a sentence that says how to write it. Nothing is
guessed: `22:00` is a clock time, a bare `7` is none.
"""

from __future__ import annotations

import math
import re

from overnight.program.program import Box, Guard, Window

UNITS = {
    **dict.fromkeys(("days", "day", "d"), 86400.0),
    **dict.fromkeys(("hours", "hour", "hrs", "hr", "h"), 3600.0),
    **dict.fromkeys(("minutes", "minute", "mins", "min", "m"), 60.0),
    **dict.fromkeys(("seconds", "second", "secs", "sec", "s"), 1.0),
}
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?", re.ASCII | re.IGNORECASE)
_COUNT = re.compile(r"(\d[\d,_]*(?:\.\d+)?)\s?([km]?)", re.ASCII | re.IGNORECASE)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])i?b?)?", re.ASCII | re.IGNORECASE)
_MONEY = re.compile(r"\$?\s?(\d+(?:\.\d+)?)(?:\s?(?:usd|dollars?|\$))?", re.ASCII | re.IGNORECASE)
_COMPARISON = re.compile(r"([A-Za-z_][\w./-]*)\s*(<=|>=|==|<|>)\s*([^<>=]+)", re.ASCII)
_MB = {"": 1.0, "k": 1 / 1024, "m": 1.0, "g": 1024.0, "t": 1024.0**2}
_PER_MB = {"bytes": 1024.0**2, "kb": 1024.0, "mb": 1.0, "gb": 1 / 1024}
_PER_SECOND = {"ms": 1000.0, "s": 1.0, "sec": 1.0, "seconds": 1.0, "minutes": 1 / 60, "hours": 1 / 3600}
_LARGEST = 1e15  # beyond this a count or a duration is a slip of the keyboard, and floats stop being exact


def duration(text: str) -> float:
    """Seconds. A bare number is seconds."""
    whole = text.strip().lower()
    if _NUMBER.fullmatch(whole):
        return _sensible(float(whole), text)
    parts = _AMOUNT.findall(whole.replace("and", " "))
    rest = _AMOUNT.sub("", whole.replace("and", " ")).strip(" ,")
    if rest or not parts or any(unit not in UNITS for _, unit in parts):
        raise ValueError(f"{quoted(text)} is no duration; write it like 5m, 90s or 1h30m")
    return _sensible(sum(float(amount) * UNITS[unit] for amount, unit in parts), text)


def hours(text: str) -> float:
    """Seconds. A bare number is hours."""
    return duration(f"{text}h" if _NUMBER.fullmatch(text.strip()) else text)


def box(text: str) -> Box:
    """A duration, followed by `cpu` where CPU time is meant."""
    amount = text.strip().lower()
    cpu = amount.endswith(" cpu")
    return Box(duration(amount.removesuffix(" cpu") if cpu else amount), cpu)


def size_mb(text: str) -> float:
    """Megabytes. A bare number is megabytes; 1 GB is 1024 MB, as in the field's `memory_gb`."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{quoted(text)} is no size; write it like 500 MB or 48 GB")
    return _sensible(float(match[1]) * _MB[(match[2] or "").lower()], text)


def clock(text: str) -> int:
    """Minutes after midnight."""
    word = text.strip().lower()
    if word in ("noon", "midnight"):
        return 720 if word == "noon" else 0
    match = _CLOCK.fullmatch(word)
    if match and (match[2] or match[3]):
        hour, minute = int(match[1]), int(match[2] or 0)
        fits = 1 <= hour <= 12 if match[3] else hour <= 23
        if fits and minute <= 59:
            half_day = {None: hour, "am": hour % 12, "pm": hour % 12 + 12}
            return half_day[match[3]] * 60 + minute
    raise ValueError(f"{quoted(text)} is no clock time; write it like 07:00 or 7am")


def until(text: str) -> str:
    """A clock time in one form, `07:00`."""
    minutes = clock(text)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def window(text: str) -> Window:
    ends = re.split(r"\s*(?:-|–|\bto\b)\s*", text.strip(), maxsplit=2)
    if len(ends) != 2:
        raise ValueError(f"{quoted(text)} is no window of the day; write it like 22:00-07:00")
    start, end = clock(ends[0]), clock(ends[1])
    if start == end:
        raise ValueError(f"{quoted(text)} is empty; leave the key out to work around the clock")
    return Window(start, end)


def money(text: str) -> float:
    match = _MONEY.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{quoted(text)} is no amount of money; write it like $5 or 5 USD")
    return _sensible(float(match[1]), text)


def count(text: str) -> int:
    """A whole number above zero: 100, 10_000, 1,000, 1k."""
    match = _COUNT.fullmatch(text.strip())
    value = float(re.sub("[,_]", "", match[1])) if match else math.nan
    value *= {"": 1, "k": 1e3, "m": 1e6}[match[2].lower()] if match else 1
    if not match or not value.is_integer():
        raise ValueError(f"{quoted(text)} is no count; write a whole number like 100 or 1k")
    return int(_sensible(value, text))


def number(text: str) -> float:
    if not re.fullmatch(r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?", text.strip(), re.ASCII | re.IGNORECASE):
        raise ValueError(f"{quoted(text)} is no number")
    value = float(text.strip().replace("_", ""))
    if not math.isfinite(value):
        raise ValueError(f"{quoted(text)} is too large a number")
    return value


def positive(text: str) -> float:
    if number(text) <= 0:
        raise ValueError(f"{quoted(text)} is not above zero")
    return _sensible(number(text), text)


def percent(text: str) -> float:
    """A share: `0.1 %` is 0.001."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip(), re.ASCII)
    if not match or float(match[1]) > 100:
        raise ValueError(f"{quoted(text)} is no share; write it like 0.1 %")
    return float(match[1]) / 100


def guard(text: str) -> Guard:
    """`peak_vram_mb < 48000`, or with a unit that the metric's own name also ends in: `peak_vram_mb < 48 GB`."""
    match = _COMPARISON.fullmatch(text.strip().replace("≤", "<=").replace("≥", ">="))
    if not match:
        raise ValueError(f"{quoted(text)} is no guard; write it like peak_vram_mb < 48000")
    return Guard(match[1], match[2], limit(match[1], match[3].strip()))


def limit(metric: str, text: str) -> float:
    """A number in the metric's own unit, converted where `text` and the metric's name both say one."""
    if not re.fullmatch(r".*\d\s*[A-Za-z]+", text) or re.search(r"\de[-+]?\d+$", text, re.IGNORECASE):
        return number(text)
    suffix = metric.lower().rsplit("_", 1)[-1]
    if suffix in _PER_MB:
        return size_mb(text) * _PER_MB[suffix]
    if suffix in _PER_SECOND:
        return duration(text) * _PER_SECOND[suffix]
    raise ValueError(f"{quoted(text)}: the name {metric} does not say its unit; write the number as the run prints it")


def duration_text(seconds: float) -> str:
    if seconds < 60 or seconds % 1:
        return f"{seconds:g}s"
    minutes, rest = divmod(int(seconds), 60)
    parts = ((minutes // 60, "h"), (minutes % 60, "m"), (rest, "s"))
    return "".join(f"{amount}{unit}" for amount, unit in parts if amount)


def box_text(value: Box) -> str:
    return duration_text(value.seconds) + (" cpu" if value.cpu else "")


def quoted(text: str) -> str:
    """Somebody's words inside a message of ours: on one line, and not endless."""
    short = text if len(text) <= 60 else text[:57] + "…"
    return "".join(c if c.isprintable() else "�" for c in f"'{short}'")


def _sensible(value: float, text: str) -> float:
    if not 0 < value <= _LARGEST:
        raise ValueError(f"{quoted(text)} must be above zero and below {_LARGEST:g}")
    return value

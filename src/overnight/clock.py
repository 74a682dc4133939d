"""Time. The only module that asks the machine what time it is; everything else is told."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Now:
    """One reading of the clock: UTC seconds for people, monotonic seconds for durations, and the local offset."""

    utc: float
    mono: float
    offset_seconds: int = 0

    @property
    def local(self) -> datetime:
        return datetime.fromtimestamp(self.utc, timezone(timedelta(seconds=self.offset_seconds)))


class Clock(Protocol):
    def now(self) -> Now: ...


class SystemClock:
    def now(self) -> Now:
        utc = time.time()
        return Now(utc, time.monotonic(), time.localtime(utc).tm_gmtoff)

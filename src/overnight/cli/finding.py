"""One line of the doctor's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    state: Literal["ok", "warn", "error"]
    what: str
    seen: str
    advice: str = ""

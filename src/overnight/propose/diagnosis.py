"""What ailed a client that left no change: from what it said, how it ended, and why we ended it.

Its exit code comes last, because it lies: some clients exit 0 when the service has refused them. What a client
complains of is believed more than that it was slow: one that waits for a service is not late, the service is down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from overnight.measure.process import Ended, Why
from overnight.propose.stream import Heard
from overnight.propose.trouble import Trouble

PATTERNS: tuple[tuple[Trouble, str], ...] = (
    (Trouble.QUOTA, r"insufficient.?quota|credit balance|usage limit|billing|payment|exceeded your (current )?quota"),
    (Trouble.QUOTA, r"(hit|reached) your .{0,20}limit|out of credits|max.?budget"),
    (Trouble.LOGIN, r"\b40[13]\b|unauthori[sz]ed|authenticat|not logged in|/login|api.?key|invalid auth|no provider"),
    (Trouble.RATE, r"\b429\b|rate.?limit|too many requests"),
    (Trouble.LOOP, r"loop detect|max(imum)?.?(number of )?(session.?)?(turns|actions|iterations)"),
    (Trouble.REFUSED, r"usage policy|content.?policy|safety (stop|filter)|refus(al|es) to"),
    (Trouble.BAD_REPLY, r"malformed|<!doctype|non-sse|json parse|unterminated string|unexpected token|empty response"),
    (Trouble.BAD_REPLY, r"stream closed before|invalid json|without finish_reason|\b4(00|13|22)\b"),
    (Trouble.MISSING, r"\b404\b|not_found|model.{0,40}not found|no such model"),
    (
        Trouble.DOWN,
        r"\b5\d\d\b|overload|high demand|connection|network|econn|enotfound|fetch failed|timed? ?out|resolve",
    ),
    (Trouble.DOWN, r"server error|error sending request|disconnected|unavailable"),
    (Trouble.VERSION, r"unknown (option|argument|flag)|unexpected argument|unsupported engine|requires? node"),
    (Trouble.VERSION, r"node\.?js .{0,40}(required|version)|unrecogni[sz]ed (option|argument)"),
)
STATUSES = {401: Trouble.LOGIN, 402: Trouble.QUOTA, 403: Trouble.LOGIN, 404: Trouble.MISSING, 429: Trouble.RATE}
WORDS = {
    Trouble.VERSION: "it does not know how it was started, or what it runs on is too old",
    Trouble.LOGIN: "its service does not accept the key or login",
    Trouble.QUOTA: "its account has nothing left to spend",
    Trouble.RATE: "its service wants fewer requests",
    Trouble.DOWN: "its service does not answer as it should",
    Trouble.BAD_REPLY: "what its service answers makes no sense",
    Trouble.MISSING: "its service knows no such model or address",
    Trouble.LOOP: "it went round in circles",
    Trouble.REFUSED: "the model declines",
    Trouble.CRASHED: "it broke",
}
ENDED = {
    Why.TIMEOUT: (Trouble.LATE, "its time was over"),
    Why.OUTPUT: (Trouble.LOOP, "it printed without end"),
    Why.MEMORY: (Trouble.KILLED, "it used too much memory"),
    Why.PROCESSES: (Trouble.KILLED, "it started too many processes"),
    Why.DISK: (Trouble.KILLED, "it wrote too much to disk"),
    Why.LOST: (Trouble.KILLED, "who watched it was killed"),
    Why.FAILED: (Trouble.CRASHED, "it could not be started behind its walls"),
}
ERROR = re.compile(r"\W*(?:error|fatal|[\w.]*(?:Error|Exception))\b\W", re.IGNORECASE)
WEATHER = (Trouble.LOGIN, Trouble.QUOTA, Trouble.RATE, Trouble.DOWN, Trouble.MISSING)
SIGNALS = 128  # a shell, and bubblewrap, exit with this and the signal's number
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    trouble: Trouble
    why: str
    retry_after: float | None = None


def diagnose(heard: Heard, ended: Ended, ours: tuple[Trouble, str] | None, now: float) -> Diagnosis:
    """`ours`: why we ended it ourselves."""
    if heard.error and (ours is None or ours[0] is not Trouble.LOOP):
        return _complaint(heard, now)
    if ours:
        return Diagnosis(*ours)
    if ended.why in ENDED:
        trouble, why = ENDED[ended.why]
        said = brief(heard.plain) if ended.why is Why.FAILED else ""
        return Diagnosis(trouble, f"{why}: {said}" if said else why)
    if signal := _signal(ended):
        return Diagnosis(Trouble.KILLED, f"it was ended by signal {signal}")
    if ended.code:
        return _broken(heard, ended.code, now)
    if not heard.turns and (found := _printed(heard.plain, now)):
        return found
    return Diagnosis(Trouble.NO_EDIT, f"it changed nothing; it said: {brief(heard.text or heard.plain) or 'nothing'}")


def brief(text: str, most: int = 160) -> str:
    """The end of what a stranger wrote, in one line."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text[-4000:]).split())
    return words if len(words) <= most else "… " + words[-most + 2 :]


def _complaint(heard: Heard, now: float) -> Diagnosis:
    trouble = _sorted(heard.error, heard.status)
    text = " ".join(heard.error.split())[:160]
    after = heard.retry_after if heard.retry_after is not None else _said(heard.error, now)
    return Diagnosis(trouble, f"{WORDS[trouble]} ({text})", after)


def _broken(heard: Heard, code: int, now: float) -> Diagnosis:
    """It ended badly and has not said why in an event: what it printed may."""
    said, last = heard.plain, brief(heard.plain)
    trouble = _sorted(said, None) if not heard.turns else Trouble.CRASHED
    if code in (126, 127):
        trouble = Trouble.MISSING
        return Diagnosis(trouble, f"what it needs is not there (exit code {code}: {last})")
    return Diagnosis(trouble, f"{WORDS[trouble]} (exit code {code}: {last or 'it said nothing'})", _said(said, now))


def _printed(plain: str, now: float) -> Diagnosis | None:
    """It ended well, and the last line that says an error is of its service: some clients know no other way to tell."""
    lines = [line.strip() for line in plain.splitlines() if ERROR.match(line)]
    trouble = _sorted(lines[-1], None) if lines else Trouble.CRASHED
    if trouble not in WEATHER:
        return None
    return Diagnosis(trouble, f"{WORDS[trouble]} ({lines[-1][:160]})", _said(plain, now))


def _sorted(text: str, status: int | None) -> Trouble:
    quota = (trouble for trouble, form in PATTERNS[:2] if re.search(form, text, re.I))
    if status in STATUSES and status != 429:
        return STATUSES[status]
    if found := next(quota, None):
        return found
    if status is not None and status >= 400:
        return STATUSES.get(status, Trouble.DOWN if status >= 500 else Trouble.BAD_REPLY)
    return next((trouble for trouble, form in PATTERNS if re.search(form, text, re.I)), Trouble.CRASHED)


def _signal(ended: Ended) -> int | None:
    if ended.signal is not None:
        return ended.signal
    return ended.code - SIGNALS if ended.code and SIGNALS < ended.code < SIGNALS + 65 else None


def _said(text: str, now: float) -> float | None:
    """Seconds until it says that it is worth trying: `try again in 3 hours 2 minutes`, `limit reached|1795271149`."""
    if found := re.search(r"limit reached\|(\d{10})\b", text):
        return max(0.0, int(found[1]) - now)
    if found := re.search(
        r"(?:again|retry|resets?) (?:in|after) ((?:\d{1,4}\s*[smhd]\w*[\s,]*(?:and )?)+)", text, re.I
    ):
        return sum(
            int(number) * UNITS[unit.lower()] for number, unit in re.findall(r"(\d+)\s*([smhd])", found[1], re.I)
        )
    return None

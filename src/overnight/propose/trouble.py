"""What can go wrong with an agent or a model's service, in one word each, and how long to wait then.

None of it ends a night, and none is a score: it becomes a Wait. A service that says when to come back is believed.
Else what only a person can mend, or only time, is looked at again with longer and longer pauses; what the agent did
wrong is asked again at once, and slows down only when it repeats, so that it does not cost a night's money.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    MISSING = "missing"  # the program is not on PATH
    VERSION = "version"  # the program, or what it needs, is too old
    LOGIN = "login"  # no key, or one that is not accepted
    QUOTA = "quota"  # the account's money or allowance is spent
    RATE = "rate"  # too many requests for now
    DOWN = "down"  # the service does not answer, or answers with an error of its own
    BAD_REPLY = "bad-reply"  # an answer came, and makes no sense
    NO_EDIT = "no-edit"  # the turn ended well, and nothing was changed
    OUTSIDE = "outside"  # files were changed that may not be
    LOOP = "loop"  # more turns or tokens than it may have
    SILENT = "silent"  # nothing was heard of it for too long
    LATE = "late"  # its time was over
    KILLED = "killed"  # ended from outside, or for using too much of the machine
    CRASHED = "crashed"  # it broke
    REFUSED = "refused"  # the model declines


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: none for the first `free` times in a row, then `first`, doubled each time, at most `most`."""

    first: float
    most: float
    free: int = 0


PERSON = Patience(60, 900)  # until somebody mends it; looking costs nothing
AGENT = Patience(15, 600, free=2)
PATIENCE = {
    Trouble.MISSING: PERSON,
    Trouble.VERSION: PERSON,
    Trouble.LOGIN: PERSON,
    Trouble.QUOTA: Patience(600, 3600),
    Trouble.RATE: Patience(20, 600),
    Trouble.DOWN: Patience(10, 600),
}
LONGEST = 6 * 3600.0
"""Seconds for which a service is believed: allowances come back every few hours."""


def wait_for(trouble: Trouble, times: int, retry_after: float | None, now: float) -> float:
    """When to ask again (UTC seconds), after `times` of it in a row. `retry_after`: seconds, as the service says."""
    patience = PATIENCE.get(trouble, AGENT)
    doublings = times - 1 - patience.free
    own = 0.0 if doublings < 0 else min(patience.first * 2.0 ** min(doublings, 30), patience.most)
    if retry_after is None or not retry_after >= 0:
        return now + own
    return now + min(max(retry_after, 1.0), LONGEST)

"""What a model's service says when it does not answer, sorted into troubles: `propose.trouble` says what each means."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from email.message import Message
from email.utils import parsedate_to_datetime

from overnight.propose.trouble import Trouble

SPENT = ("insufficient_quota", "billing", "credit balance", "credits", "payment", "exceeded your current quota")
KINDS = {
    "authentication_error": Trouble.LOGIN,
    "permission_error": Trouble.LOGIN,
    "invalid_api_key": Trouble.LOGIN,
    "not_found_error": Trouble.MISSING,
    "model_not_found": Trouble.MISSING,
    "rate_limit_error": Trouble.RATE,
    "rate_limit_exceeded": Trouble.RATE,
    "invalid_request_error": Trouble.BAD_REPLY,
    "request_too_large": Trouble.BAD_REPLY,
}
STATUSES = {401: Trouble.LOGIN, 403: Trouble.LOGIN, 402: Trouble.QUOTA, 404: Trouble.MISSING, 429: Trouble.RATE}
WORDS = {
    Trouble.LOGIN: "the service does not accept the key",
    Trouble.QUOTA: "the account has nothing left to spend",
    Trouble.MISSING: "the service knows no such model or address",
    Trouble.RATE: "the service wants fewer requests",
    Trouble.DOWN: "the service has a trouble of its own",
    Trouble.BAD_REPLY: "the service does not take the request",
}


class ModelError(Exception):
    """No answer, or none that can be used. `spent`: it may have cost tokens that nobody counted."""

    def __init__(self, trouble: Trouble, why: str, retry_after: float | None = None, spent: bool = False) -> None:
        self.trouble, self.why, self.retry_after, self.spent = trouble, why, retry_after, spent
        super().__init__(f"{trouble}: {why}")


def refusal(status: int, body: str, seconds: float | None, key: str) -> ModelError:
    """An answer with another status than 200."""
    error: object = None
    with suppress(ValueError):
        error = json.loads(body)
    if isinstance(error, dict):
        error = error.get("error", error)
    return _sorted(status, error if isinstance(error, Mapping) else {"message": error or body}, seconds, key)


def told(error: Mapping[str, object], key: str) -> ModelError:
    """An error in the middle of an answer that began well."""
    code = error.get("code")
    found = _sorted(code if isinstance(code, int) else 0, error, None, key)
    found.spent = True
    return found


def retry_after(headers: Message, now: float) -> float | None:
    """Seconds; the header holds seconds or a date."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        said = str(headers.get(name, ""))
        with suppress(ValueError):
            seconds = float(said) * unit
            return max(0.0, seconds) if math.isfinite(seconds) else None
        with suppress(ValueError, TypeError):
            return max(0.0, parsedate_to_datetime(said).timestamp() - now)
    return None


def one_line(text: str, key: str = "", most: int = 200) -> str:
    """Of what a stranger wrote: without tags, and without our key."""
    text = text.replace(key, "(the key)") if key else text
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^<>]*>", " ", text[:20_000], flags=re.DOTALL | re.IGNORECASE)
    words = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return words if len(words) <= most else words[: most - 2] + " …"


def _sorted(status: int, error: Mapping[str, object], seconds: float | None, key: str) -> ModelError:
    kinds = [str(error.get(name, "")).lower() for name in ("code", "type")]
    message = one_line(str(error.get("message") or ""), key)
    trouble = _trouble(status, kinds, message.lower())
    number = f" ({status})" if status else ""
    return ModelError(trouble, f"{WORDS[trouble]}{number}" + (f": {message}" if message else ""), seconds)


def _trouble(status: int, kinds: list[str], message: str) -> Trouble:
    if status not in (401, 403) and any(word in text for word in SPENT for text in [*kinds, message]):
        return Trouble.QUOTA
    if status in STATUSES:
        return STATUSES[status]
    if 300 <= status < 500 and status not in (408, 409, 425):
        return Trouble.BAD_REPLY
    return next((KINDS[kind] for kind in kinds if kind in KINDS), Trouble.DOWN)

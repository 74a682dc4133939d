"""Where the runs' seeds come from: drawn from the night's secret, so that nobody can pick a lucky one, and anybody
who is told the secret afterwards can check them."""

from __future__ import annotations

import hashlib
import hmac


def seed_for(secret: str, night: str, what: str) -> int:
    """A seed in 0..2**31-1 for the run (or question) named `what`."""
    digest = hmac.new(secret.encode(), f"{night}|{what}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def secret_hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

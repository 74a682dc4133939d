"""Words of strangers, made fit for the ledger and for a terminal: no escape sequence, no control character, no lone
surrogate (JSON and git hold none), and never longer than they may be."""

from __future__ import annotations

import re

ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")


def storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def one_line(text: str, limit: int) -> str:
    """Cut before it is cleaned as well: what is too long may be very long."""
    text = ESCAPE.sub("", storable(text[: 10 * limit]))
    visible = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(visible.split())[:limit]

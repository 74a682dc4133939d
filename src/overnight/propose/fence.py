"""Text of strangers in a prompt: what earlier agents wrote, what runs printed, what files say.

Promises: a fence cannot be closed by what is in it; nothing invisible gets through (escapes, direction marks,
characters of no width, private ones); a text that is cut says so. It cannot promise that a model does not obey what it
reads: the prompt says that it is data.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from itertools import islice

BYTES_PER_TOKEN = 3.5
"""A cautious guess for code and prose in the vocabularies of today: they need 3.5 to 4.5."""

ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)


def tokens(text: str) -> int:
    """About so many, whatever the model."""
    return math.ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)


def fenced(text: str, label: str) -> str:
    """Between two lines of backticks, more than the text has anywhere in a row."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{label}\n{text.removesuffix(chr(10))}\n{fence}"


def clean(text: str) -> str:
    """Lines that can be seen: without escapes and without what has no shape."""
    if text.isprintable() and not _SELECTORS.search(text):
        return text
    lines = ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    spaced = _SPACES.sub(" ", lines)
    return "".join(c for c in spaced if _kept(c))


def one_line(text: str, most_bytes: int) -> str:
    """Cleaned, in one line, and not longer."""
    return short(" ".join(clean(text[: 4 * most_bytes]).split()), most_bytes)


def short(text: str, most_bytes: int) -> str:
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most_bytes:
        return text
    return raw[: max(0, most_bytes - 3)].decode("utf-8", "ignore").rstrip() + "…"


def plain(text: str) -> tuple[str, int]:
    """A file's text as it is, but for what has no shape, which is written as `\\u202e`; and how many of these."""
    hidden = [c for c in _ODD.findall(text) if not _kept(c)]
    shown = {c: c.encode("unicode_escape").decode() for c in set(hidden)}
    return _ODD.sub(lambda found: shown.get(found[0], found[0]), text) if hidden else text, len(hidden)


def head_and_tail(text: str, most_bytes: int) -> tuple[str, str, str]:
    """What is shown of a text that is too long: its start, a sentence on what is left out, and its end."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most_bytes:
        return text, "", ""
    start, end = _whole_lines(raw, most_bytes * 3 // 4, most_bytes // 4)
    head, tail = raw[:start].decode("utf-8", "ignore"), raw[end:].decode("utf-8", "ignore")
    first, last, lines = head.count("\n") + 1, raw[:end].count(b"\n") + 1, raw.count(b"\n") + 1
    left_out = f"{end - start:,} of its {len(raw):,} bytes are left out here (lines {first} to {last} of {lines})"
    return head, left_out, tail


def last_lines(text: str, lines: int, most_bytes: int) -> Sequence[str]:
    """The last lines that say something, each no longer than `most_bytes`."""
    raw = text[-4 * lines * most_bytes :].replace("\r", "\n").split("\n")
    said = (clean(line).strip("\n").rstrip() for line in reversed(raw))
    return [short(line, most_bytes) for line in islice(filter(None, said), lines)][::-1]


_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # printable, without a shape: they can hide any bytes
_ODD = re.compile(r"[^ -~\n\t]")
_SPACES = re.compile(r"[^\S\n\t ]")  # line separators and others, as one space


def _kept(c: str) -> bool:
    return c in "\n\t" or (c.isprintable() and not _SELECTORS.match(c)) or unicodedata.category(c) == "Zs"


def _whole_lines(raw: bytes, start: int, at_end: int) -> tuple[int, int]:
    """Where the first part ends and the last one begins: at line ends, if there are any near."""
    end = len(raw) - at_end
    break_before, break_after = raw.rfind(b"\n", start // 2, start), raw.find(b"\n", end, end + at_end // 2)
    return (break_before + 1 if break_before >= 0 else start), (break_after + 1 if break_after >= 0 else end)

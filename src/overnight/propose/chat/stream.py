"""An answer as it comes over the wire: a stream of events, one piece of JSON, or something that is no answer at all.

Which of these it is, is read from the answer itself: proxies and local servers get the content type wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from overnight.propose.chat.dialect import Dialect, End, Heard
from overnight.propose.chat.refusal import ModelError, one_line, told
from overnight.propose.trouble import Trouble

SHAPE = (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError)
"""What reading JSON of an unexpected shape raises."""


def hear(lines: Iterable[bytes], dialect: Dialect, key: str) -> Heard:
    """All that was said, until it ended or the lines did; then `end` is None."""
    heard = Heard()
    for first in (lines := iter(lines)):
        if not first.strip():
            continue
        if first.lstrip()[:1] == b"<":
            page = b"".join([first, *lines])
            raise _nonsense("a web page came in place of an answer; is the address right?", page, key)
        if first.lstrip()[:1] in (b"{", b"["):
            _hear_whole(b"".join([first, *lines]), dialect, heard, key)
        else:
            _hear_events(_events([first], lines), dialect, heard, key)
        break
    if heard.error is not None:
        raise told(heard.error, key)
    return heard


def _hear_whole(text: bytes, dialect: Dialect, heard: Heard, key: str) -> None:
    try:
        dialect.hear_whole(json.loads(text), heard)
    except SHAPE:
        raise _nonsense("the answer cannot be read", text, key) from None


def _hear_events(events: Iterator[bytes], dialect: Dialect, heard: Heard, key: str) -> None:
    for data in events:
        if data.strip() == b"[DONE]":
            heard.end = heard.end or End.DONE
            return
        try:
            dialect.hear(json.loads(data), heard)
        except SHAPE:
            raise _nonsense("an event of the answer cannot be read", data, key) from None
        if heard.error is not None:
            return


def _events(first: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    """The data of each event: lines that begin with `data:`, up to an empty line."""
    data: list[bytes] = []
    for lines in (first, rest):
        for line in lines:
            line = line.rstrip(b"\r\n")
            if line.startswith(b"data:"):
                data.append(line[5:].removeprefix(b" "))
            elif not line and data:
                yield b"\n".join(data)
                data = []
    if data:
        yield b"\n".join(data)


def _nonsense(what: str, seen: bytes, key: str) -> ModelError:
    words = one_line(seen[:20_000].decode(errors="replace"), key)
    return ModelError(Trouble.BAD_REPLY, f"{what}: {words!r}", spent=True)

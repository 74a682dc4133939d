"""What a coding client tells of itself while it works: its turns, its tokens, its last words, and what it complains of.

Each client prints events, one JSON object a line, in a form of its own; a reader takes in one event. A complaint stands
until the model speaks again: clients try again by themselves. What is not there or has another form is passed over, and
lines that are no events are kept as plain text, so that nothing a client prints can raise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

LONG_LINE = 16 << 20  # bytes of an event; of a longer line nothing is taken
KEPT = 8_000  # characters of plain text: the newest


@dataclass(slots=True)
class Heard:
    turns: int = 0  # answers of the model
    tokens: int | None = None  # in and out, from the cache too; None: it has not said
    usd: float | None = None  # None: unknown
    text: str = ""  # the model's last words
    error: str = ""  # what it complains of
    status: int | None = None  # of HTTP, where it says so
    retry_after: float | None = None  # seconds, where it says so
    plain: str = ""  # the end of what it printed beside events
    speaking: bool = field(default=False, repr=False)  # what the model says next belongs to the same turn

    def says(self, text: str = "") -> None:
        """The model has spoken."""
        if not self.speaking:
            self.turns, self.speaking = self.turns + 1, True
        self.text, self.error, self.status, self.retry_after = text or self.text, "", None, None

    def listens(self) -> None:
        """A tool has answered the model: what comes next is another turn."""
        self.speaking = False

    def complains(self, error: object, status: object = None, retry_after: object = None) -> None:
        self.error = error if isinstance(error, str) and error else "an error that it does not describe"
        self.status = status if isinstance(status, int) else None
        self.retry_after = _number(retry_after)

    def spends(self, tokens: float | None, usd: float | None = None) -> None:
        """More of both. A price of nothing is no price: clients say 0 for a model that they do not know."""
        if tokens is not None:
            self.tokens = (self.tokens or 0) + int(tokens)
        if usd:
            self.usd = (self.usd or 0.0) + usd


Event: TypeAlias = Mapping[str, Any]
Reader: TypeAlias = Callable[[Heard, Event], None]


class Stream:
    """The bytes that a client prints, as they come."""

    def __init__(self, reader: Reader) -> None:
        self.heard = Heard()
        self.lines = 0
        self._reader, self._rest, self._skip = reader, b"", False

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._take(lines)
        if len(self._rest) > LONG_LINE:
            self._rest, self._skip = b"", True

    def close(self) -> Heard:
        self._take([self._rest])
        return self.heard

    def _take(self, lines: list[bytes]) -> None:
        if lines and self._skip:  # the end of a line that was too long
            del lines[0]
            self._skip = False
        self.lines += len(lines)
        plain = [line for line in lines if not self._read(line)]
        text = b"\n".join(plain)[-5 * KEPT :].decode(errors="replace")  # so many characters are in it, and one cut off
        words = "".join(f"{line}\n" for line in text.replace("\r\n", "\n").split("\n") if line.strip())
        self.heard.plain = (self.heard.plain + words)[-KEPT:]

    def _read(self, line: bytes) -> bool:
        """Whether it is an event."""
        event = _event(line)
        if event is not None:
            self._reader(self.heard, event)
        return event is not None


def claude(heard: Heard, event: Event) -> None:
    """Claude Code, and Qwen Code, which prints the same. The tokens of a message are those of its start: the result
    has them all."""
    match event.get("type"):
        case "system" if event.get("subtype") == "api_retry":
            heard.complains(event.get("error"), event.get("error_status"))
        case "assistant":
            _claude_message(heard, event)
        case "user":
            heard.listens()
        case "result":
            _claude_result(heard, event)


def codex(heard: Heard, event: Event) -> None:
    """Codex counts tokens when it is done only."""
    match event.get("type"):
        case "item.completed" if (kind := _text(event, "item", "type")) != "error":
            if kind == "reasoning":
                return
            heard.listens()
            heard.says(_text(event, "item", "text") if kind == "agent_message" else "")
        case "turn.completed":
            heard.says()
            heard.spends(_sum(event.get("usage"), "input_tokens", "output_tokens"))
        case "turn.failed":
            heard.complains(_text(event, "error", "message"))
        case "error":
            heard.complains(event.get("message"))


def pi(heard: Heard, event: Event) -> None:
    message = _at(event, "message")
    if event.get("type") != "message_end" or _text(event, "message", "role") != "assistant":
        return
    heard.spends(_sum(_at(message, "usage"), "totalTokens"), _number(_at(message, "usage", "cost", "total")))
    if _at(message, "stopReason") in ("error", "aborted"):
        heard.complains(_at(message, "errorMessage"))
    else:
        heard.listens()
        heard.says(_words(_at(message, "content")))


def opencode(heard: Heard, event: Event) -> None:
    match event.get("type"):
        case "text":
            heard.text = _text(event, "part", "text") or heard.text
        case "step_finish":
            tokens = _sum(_at(event, "part", "tokens"), "input", "output", "reasoning")
            cached = _sum(_at(event, "part", "tokens", "cache"), "read", "write")
            heard.spends(None if tokens is None else tokens + (cached or 0), _number(_at(event, "part", "cost")))
            heard.listens()
            heard.says()
        case "error":
            error = _at(event, "error", "data")
            after = _at(error, "responseHeaders", "retry-after")
            heard.complains(_at(error, "message"), _at(error, "statusCode"), after)


GOOSE_ERROR = re.compile(
    r"(?:ran into this error|network error|rate limit\w*|the model returned an empty response"
    r"|i've reached the maximum number of actions)",
    re.IGNORECASE,
)


def goose(heard: Heard, event: Event) -> None:
    """Goose speaks in pieces, and says some of its own errors as if it were the model."""
    match event.get("type"):
        case "message" if _text(event, "message", "role") == "assistant":
            words = _words(_at(event, "message", "content"))
            joined = heard.text + words if heard.speaking else words
            heard.says(joined)
            failed = [part for part in _parts(_at(event, "message", "content")) if part.get("type") == "error"]
            if failed or (GOOSE_ERROR.match(words) and _at(event, "message", "metadata", "inference") is None):
                heard.complains(failed[0].get("message") if failed else words)
        case "message":
            heard.listens()
        case "complete":
            heard.tokens = _whole(_number(event.get("total_tokens")), heard.tokens)
        case "error":
            heard.complains(event.get("error"))


def gemini(heard: Heard, event: Event) -> None:
    match event.get("type"):
        case "message" if event.get("role") == "assistant":
            words = event.get("content")
            words = words if isinstance(words, str) else ""
            heard.says(heard.text + words if heard.speaking and event.get("delta") else words)
        case "tool_use":
            heard.says()
        case "tool_result":
            heard.listens()
        case "error":
            heard.complains(event.get("message"))
        case "result":
            heard.tokens = _whole(_number(_at(event, "stats", "total_tokens")), heard.tokens)
            if event.get("status") == "error":
                heard.complains(_at(event, "error", "message"))


def silent(heard: Heard, event: Event) -> None:
    """Of a program that nobody knows: its JSON is text as any other."""
    heard.plain = f"{heard.plain}{json.dumps(event, ensure_ascii=False)}\n"[-KEPT:]


READERS: Mapping[str, Reader] = {
    "claude": claude,
    "codex": codex,
    "pi": pi,
    "opencode": opencode,
    "goose": goose,
    "gemini": gemini,
    "silent": silent,
}


def _claude_message(heard: Heard, event: Event) -> None:
    message, words = _at(event, "message"), _words(_at(event, "message", "content"))
    if event.get("is_api_error_message") or words.startswith("[API Error"):
        heard.complains(words, event.get("api_error_status"))
        return
    first = not heard.speaking
    heard.says(words)
    if first:
        heard.spends(_claude_tokens(_at(message, "usage")))


def _claude_result(heard: Heard, event: Event) -> None:
    tokens = _claude_tokens(event.get("usage"))
    heard.tokens = _whole(tokens, heard.tokens)
    models = [model for model in _values(event.get("modelUsage")) if isinstance(model, Mapping)]
    guessed = not models or any(model.get("costBasis") == "unknown" for model in models)
    heard.usd = 0.0 if tokens == 0 else None if guessed else _number(event.get("total_cost_usd"))
    if event.get("is_error"):
        said = _text(event, "error", "message") or event.get("result") or event.get("subtype")
        heard.complains(said, event.get("api_error_status"))


def _claude_tokens(usage: object) -> float | None:
    return _sum(usage, "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def _event(line: bytes) -> Event | None:
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, Mapping) else None


def _at(value: object, *path: str) -> Any:
    """What lies there, or None."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: object, *path: str) -> str:
    found = _at(value, *path)
    return found if isinstance(found, str) else ""


def _number(value: object) -> float | None:
    """A finite one that is not negative."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        return None
    return float(value)


def _whole(number: float | None, otherwise: int | None) -> int | None:
    return otherwise if number is None else int(number)


def _sum(value: object, *names: str) -> float | None:
    """Of what there is of these; None: there is nothing."""
    numbers = [number for name in names if (number := _number(_at(value, name))) is not None]
    return sum(numbers) if numbers else None


def _values(value: object) -> Sequence[object]:
    return list(value.values()) if isinstance(value, Mapping) else []


def _parts(content: object) -> Iterator[Event]:
    if isinstance(content, list):
        yield from (part for part in content if isinstance(part, Mapping))


def _words(content: object) -> str:
    """What is said in a message, without its calls of tools."""
    return "".join(_text(part, "text") for part in _parts(content) if part.get("type") == "text")

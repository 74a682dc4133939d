"""One question to a language model, and its answer: over HTTP, streaming, with the standard library only.

Promises: an answer that is complete, or a ModelError that says in one word what went wrong and in one sentence how it
looked, within one total deadline for the whole call. Nothing is tried twice here: who asks decides when to ask again. A
key goes nowhere but to the address that it is for, follows no redirect, and stands in no message.

Not covered: tools, pictures, caching, logins other than by a key. The look-up of a name is outside of the deadline.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from json import dumps
from urllib.parse import urlsplit, urlunsplit

from overnight.clock import Clock
from overnight.propose.chat.dialect import Dialect, End, Json, Message
from overnight.propose.chat.proxy import Proxy
from overnight.propose.chat.refusal import ModelError, one_line, refusal, retry_after
from overnight.propose.chat.stream import hear
from overnight.propose.trouble import Trouble

MOST_BYTES = 20_000_000
"""Of an answer. The longest file that a model writes today has about a million."""

HEADERS = {
    "Content-Type": "application/json",
    "Accept": "text/event-stream, application/json",
    "User-Agent": "overnight",
}


@dataclass(frozen=True, slots=True)
class Model:
    """A model at an address, and how it is asked."""

    dialect: Dialect
    name: str
    base_url: str
    key: str = ""
    body: Mapping[str, object] = field(default_factory=dict)  # on top of our own fields; None takes one away
    idle_seconds: float = 300.0  # between two signs of life
    most_bytes: int = MOST_BYTES
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    end: End
    into: int | None  # tokens; None: it did not say
    out: int | None

    @property
    def tokens(self) -> int | None:
        return None if self.into is None or self.out is None else self.into + self.out


def ask(model: Model, messages: Sequence[Message], seconds: float, clock: Clock) -> Answer:
    """The whole answer, within so many seconds. ModelError for everything that can go wrong."""
    late, until = threading.Event(), clock.now().mono + seconds
    with closing(_connected(model, min(seconds, model.idle_seconds))) as connection:
        try:
            with _deadline(connection.sock, until - clock.now().mono, late):
                return _asked(connection, model, messages, clock)
        except (OSError, HTTPException) as error:
            raise _broken(error, f"within {seconds:g} s" if late.is_set() else "", model) from error


def _connected(model: Model, seconds: float) -> HTTPConnection:
    parts = urlsplit(model.base_url)
    host, proxy = parts.hostname or "", model.proxy
    at = (proxy.host, proxy.port) if proxy else (host, parts.port)
    if parts.scheme == "https":
        connection: HTTPConnection = HTTPSConnection(*at, timeout=seconds, context=ssl.create_default_context())
        if proxy:
            connection.set_tunnel(host, parts.port, dict(proxy.headers))
    else:
        connection = HTTPConnection(*at, timeout=seconds)
    try:
        connection.connect()
    except (OSError, HTTPException) as error:
        connection.close()
        raise ModelError(Trouble.DOWN, f"no connection to {_place(model)}: {_words(error)}") from error
    connection.sock.settimeout(model.idle_seconds)
    return connection


@contextmanager
def _deadline(sock: socket.socket, seconds: float, late: threading.Event) -> Iterator[None]:
    """At its end the connection is shut down, whatever it waits for: a server that sends a letter a minute is never
    silent. `late` tells that it was so."""

    def shut() -> None:
        late.set()
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, which would wait for the other side

    timer = threading.Timer(max(0.0, seconds), shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _asked(connection: HTTPConnection, model: Model, messages: Sequence[Message], clock: Clock) -> Answer:
    url = model.dialect.address(model.base_url)
    target, headers = urlunsplit(("", "", *urlsplit(url)[2:])), dict(HEADERS)
    if model.proxy and url.startswith("http:"):
        target, headers = url, headers | dict(model.proxy.headers)
    connection.request("POST", target, dumps(_body(model, messages)), headers | dict(model.dialect.headers(model.key)))
    with connection.getresponse() as response:
        if response.status != 200:
            said = response.read(100_000).decode(errors="replace")
            raise refusal(response.status, said, retry_after(response.headers, clock.now().utc), model.key)
        heard = hear(_lines(response, model.most_bytes), model.dialect, model.key)
    if heard.end is None:
        raise ConnectionError(f"the answer broke off after {sum(map(len, heard.parts)):,} characters")
    return Answer("".join(heard.parts), heard.end, _count(heard.into), _count(heard.out))


def _body(model: Model, messages: Sequence[Message]) -> Json:
    body = model.dialect.body(model.name, messages) | dict(model.body)
    if not body.get("stream"):
        body.pop("stream_options", None)  # which may stand only beside it
    return {name: value for name, value in body.items() if value is not None}


def _lines(response: HTTPResponse, most: int) -> Iterator[bytes]:
    left = most
    while line := response.readline(left + 1):
        left -= len(line)
        if left < 0:
            raise ModelError(Trouble.BAD_REPLY, f"an answer of more than {most:,} bytes", spent=True)
        yield line


def _broken(error: Exception, limit: str, model: Model) -> ModelError:
    if limit:
        return ModelError(Trouble.LATE, f"no complete answer {limit}", spent=True)
    if isinstance(error, TimeoutError):
        return ModelError(Trouble.SILENT, f"nothing was heard for {model.idle_seconds:g} s", spent=True)
    return ModelError(Trouble.DOWN, f"the connection to {_place(model)} was lost: {_words(error)}", spent=True)


def _place(model: Model) -> str:
    return urlsplit(model.base_url).netloc


def _words(error: Exception) -> str:
    return one_line(str(error)) or type(error).__name__


def _count(tokens: object) -> int | None:
    return tokens if isinstance(tokens, int) and tokens >= 0 else None

"""A model server with a script, on loopback: what a language model says, and everything that can go wrong with one.

    with model_server([refuses(429, retry_after=7), edits("train.py", text)]) as server:
        ...  # point a client at server.url, or at server.url + "/v1"
        server.requests  # what was asked: paths, headers, bodies

It speaks OpenAI Chat Completions and Responses and Anthropic Messages, streaming or not, as each request wants, so
that a coding agent that is pointed at it really edits a file, with its own tools. Each request that wants an answer
takes the next line of the script; the last line stays. What a line says depends on the request alone, so that an
`edits` sees a client through all the turns that the edit takes it, also several clients at a time.

Not covered: images, caching, real token counts, TLS.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from overnight.testing.model_script import (
    Broken,
    Line,
    Page,
    Request,
    bad_json,
    changes,
    drips,
    drops,
    edits,
    elided,
    hangs,
    html,
    loops,
    refuses,
    runs,
    says,
)
from overnight.testing.model_wire import DIALECTS, Dialect, Said

__all__ = [
    "Line",
    "ModelServer",
    "Page",
    "Request",
    "Said",
    "bad_json",
    "changes",
    "drips",
    "drops",
    "edits",
    "elided",
    "hangs",
    "html",
    "loops",
    "model_server",
    "refuses",
    "runs",
    "says",
]


class ModelServer:
    """Made by `model_server`."""

    def __init__(self, script: Sequence[Line]) -> None:
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._script, self._lock, self._taken = list(script), threading.Lock(), 0
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.model = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def turns(self) -> list[Request]:
        """The requests that wanted an answer of the model."""
        return [request for request in self.requests if request.dialect]

    def answer(self, request: Request) -> Said | Page | Broken:
        with self._lock:
            self.requests.append(request)
            if request.dialect is None:
                return _other(request)
            line = self._script[min(self._taken, len(self._script) - 1)]
            self._taken += 1
        return line(request)

    def serve(self) -> None:
        self._http.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()  # waits for what is being answered


@contextmanager
def model_server(script: Sequence[Line] | Line) -> Iterator[ModelServer]:
    server = ModelServer([script] if callable(script) else script)
    thread = threading.Thread(target=server.serve, name="model server")
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


class _Http(ThreadingHTTPServer):
    model: ModelServer
    daemon_threads = False
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that goes away in the middle is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    """One request a connection: what is kept open would have to be hunted down in the end."""

    server: _Http
    protocol_version = "HTTP/1.1"
    timeout = 10.0  # for a client that connects and says nothing

    def do_GET(self) -> None:
        self._page(self.server.model.answer(Request(self.path, self._names(), None)))

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        dialect = next((dialect for dialect in DIALECTS if path.endswith(dialect.ending)), None)
        request = Request(self.path, self._names(), _json(sent), dialect if isinstance(_json(sent), dict) else None)
        said = self.server.model.answer(request)
        if isinstance(said, Page) or request.dialect is None:
            self._page(said)
        elif request.body.get("stream"):
            self._stream(request.dialect, said, str(request.body.get("model")))
        else:
            self._whole(request.dialect, said, str(request.body.get("model")))

    def _names(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _page(self, page: Said | Page | Broken) -> None:
        assert isinstance(page, Page)
        body = page.body.encode()
        self._head(page.status, page.kind, {**page.headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _whole(self, dialect: Dialect, said: Said | Broken, model: str) -> None:
        if isinstance(said, Said):
            self._page(Page(200, json.dumps(dialect.whole(said, model))))
        elif said.then != "drop":
            self.server.model.closing.wait()
        self.close_connection = True

    def _stream(self, dialect: Dialect, said: Said | Broken, model: str) -> None:
        whole = said if isinstance(said, Said) else Said(said.after)
        opening, closing = dialect.stream(whole, model)
        if isinstance(said, Broken) and not said.after:
            opening = []
        if opening:
            self._head(200, "text/event-stream", {"Transfer-Encoding": "chunked"})
            self._events(opening)
        if isinstance(said, Broken):
            self._break(said, opening)
        else:
            self._events(closing)
            self._chunk(b"data: [DONE]\n\n" if not closing[-1][0] else b"")
            self._chunk(b"")

    def _break(self, said: Broken, opening: list[tuple[str, dict[str, Any]]]) -> None:
        self.close_connection = True
        closing = self.server.model.closing
        if said.then == "hang":
            closing.wait()
        while said.then == "drip" and not closing.wait(0.02):
            self._events(opening[-1:])

    def _head(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True

    def _events(self, events: Sequence[tuple[str, dict[str, Any]]]) -> None:
        for name, data in events:
            self._chunk(f"{f'event: {name}' + chr(10) if name else ''}data: {json.dumps(data)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


def _json(sent: bytes) -> Any:
    with suppress(ValueError):
        return json.loads(sent)
    return None


def _other(request: Request) -> Page:
    """What clients ask beside: which models there are, how many tokens something is."""
    path = request.path.partition("?")[0]
    if path.endswith("/count_tokens"):
        return Page(200, json.dumps({"input_tokens": 100}))
    if path.endswith("/models"):
        model = {"id": "scripted", "object": "model", "type": "model", "created": 0, "owned_by": "nobody"}
        return Page(200, json.dumps({"object": "list", "data": [model], "models": [], "has_more": False}))
    return Page(404, json.dumps({"type": "error", "error": {"type": "not_found_error", "message": request.path}}))

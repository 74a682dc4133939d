"""What a scripted model server answers: what a model may say, and what may go wrong. See `model_server`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from overnight.testing.model_tools import Call, Tool, reading, replacing, running, unnumbered, writing
from overnight.testing.model_wire import Dialect, Said


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: Any  # the JSON that was sent; None: there was none
    dialect: Dialect | None = None  # None: it does not ask the model anything

    @property
    def tools(self) -> Sequence[Tool]:
        return list(self.dialect.tools(self.body)) if self.dialect else []

    @property
    def results(self) -> Sequence[str]:
        """What calls of tools have brought back in this conversation."""
        return self.dialect.results(self.body) if self.dialect else []


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the server, not of the model."""

    status: int
    body: str
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Broken:
    """The model says `after` (where it streams), and then `then`: nothing ever ("hang"), the connection is dropped
    ("drop"), or one more word again and again ("drip")."""

    then: str
    after: str = ""


Line: TypeAlias = Callable[[Request], Said | Page | Broken]

# ---- what a model says


def says(text: str, usage: tuple[int, int] | None = (100, 20)) -> Line:
    return lambda _: Said(text, usage=usage)


def edits(path: str, text: str, why: str = "a change") -> Line:
    """The file gets this text: by the client's tools, in as many turns as that takes, or as a whole file in words.
    Where only parts can be changed, all that was read becomes the new text."""

    def line(request: Request) -> Said:
        write = writing(request.tools, path, text)
        if write is None and request.results:
            write = replacing(request.tools, path, unnumbered(request.results[0]), text.rstrip("\n"))
        steps = [reading(request.tools, path), write]
        return _step(request, steps, f"Hypothesis: {why}\n\n{path}\n{_fenced(text)}", f"Done: {why}.")

    return line


def changes(path: str, old: str, new: str, why: str = "a change") -> Line:
    """As `edits`, by a replacement: ambiguous where `old` stands in the file more than once."""
    block = f"<<<<<<< SEARCH\n{old.rstrip()}\n=======\n{new.rstrip()}\n>>>>>>> REPLACE\n"

    def line(request: Request) -> Said:
        steps = [reading(request.tools, path), replacing(request.tools, path, old, new)]
        return _step(request, steps, f"Hypothesis: {why}\n\n{path}\n{block}", f"Done: {why}.")

    return line


def elided(path: str, start: str, why: str = "a change") -> Line:
    """As `edits`, by a file of which only the start is there, and a remark in place of the rest."""
    return edits(path, f"{start.rstrip()}\n\n# ... rest of the file unchanged ...\n", why)


def runs(command: str) -> Line:
    """By the client's shell, where it offers one."""
    return lambda request: _step(request, [running(request.tools, command)], "There is no shell.", "Done.")


def loops(path: str) -> Line:
    """Reads the file again, for ever."""

    def line(request: Request) -> Said:
        call = reading(request.tools, path) or running(request.tools, f"head {path}")
        return Said(calls=[call], turn=len(request.results)) if call else Said("Let me look at it again.")

    return line


# ---- what goes wrong


def refuses(status: int, message: str = "scripted refusal", retry_after: float | None = None) -> Line:
    kinds = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}
    error = {"type": kinds.get(status, "api_error"), "message": message, "code": kinds.get(status)}
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return lambda _: Page(status, json.dumps({"type": "error", "error": error}), headers=headers)


def html() -> Line:
    """As from a captive portal, or the wrong port."""
    return lambda _: Page(200, "<!doctype html><html><body>Please log in.</body></html>", "text/html")


def bad_json() -> Line:
    def line(request: Request) -> Page:
        if request.body.get("stream"):
            return Page(200, 'data: {"choices": [{"del\n\ndata: [DONE]\n\n', "text/event-stream")
        return Page(200, '{"choices": [{"mess')

    return line


def hangs(after: str = "") -> Line:
    return lambda _: Broken("hang", after)


def drops(after: str = "") -> Line:
    return lambda _: Broken("drop", after)


def drips(word: str = "so ") -> Line:
    return lambda _: Broken("drip", word)


def _step(request: Request, steps: Sequence[Call | None], words: str, done: str) -> Said:
    """The call that comes next in this conversation; words where the client offers nothing to call."""
    calls, turn = [call for call in steps if call], len(request.results)
    if not calls:
        return Said(words)
    return Said(calls=[calls[turn]], turn=turn) if turn < len(calls) else Said(done)


def _fenced(text: str) -> str:
    return f"```\n{text.rstrip()}\n```\n"

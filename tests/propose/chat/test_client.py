from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

import overnight
from overnight.clock import SystemClock
from overnight.propose.chat.anthropic import Anthropic
from overnight.propose.chat.client import Answer, Model, ask
from overnight.propose.chat.dialect import Dialect, End, Message
from overnight.propose.chat.openai import OpenAI
from overnight.propose.chat.refusal import ModelError
from overnight.propose.trouble import Trouble
from overnight.testing.model_server import (
    Line,
    Page,
    Request,
    bad_json,
    drips,
    drops,
    hangs,
    html,
    model_server,
    refuses,
    says,
)

LONG = 60.0  # so long that no slow machine gets there
EVERY = pytest.mark.parametrize("dialect", [OpenAI(), Anthropic()], ids=["openai", "anthropic"])
STREAMED = pytest.mark.parametrize("body", [{}, {"stream": False}], ids=["stream", "whole"])
HELLO = [Message("user", "hello")]


def asked(line: Line, dialect: Dialect, seconds: float = LONG, **changes: object) -> Answer:
    with model_server(line) as server:
        return ask(Model(dialect, "m", server.url, **changes), HELLO, seconds, SystemClock())  # type: ignore[arg-type]


def trouble(line: Line, dialect: Dialect, seconds: float = LONG, **changes: object) -> ModelError:
    with pytest.raises(ModelError) as caught:
        asked(line, dialect, seconds, **changes)
    return caught.value


@EVERY
@STREAMED
def test_the_answer_arrives_whole_with_its_tokens(dialect: Dialect, body: dict[str, object]) -> None:
    said = "one line\nand ünother, with as many words as it takes for several pieces\n"
    assert asked(says(said, usage=(70, 8)), dialect, body=body) == Answer(said, End.DONE, 70, 8)


@EVERY
def test_the_request_holds_model_messages_key_and_what_a_person_added(dialect: Dialect) -> None:
    with model_server(says("yes")) as server:
        model = Model(dialect, "big", server.url, "secret-key", {"effort": "high", "stream_options": None})
        ask(model, [*HELLO, Message("assistant", "hi"), Message("user", "again")], LONG, SystemClock())
        [request] = server.turns
    assert request.body["model"] == "big"
    assert [(m["role"], m["content"]) for m in request.body["messages"]] == [
        ("user", "hello"),
        ("assistant", "hi"),
        ("user", "again"),
    ]
    assert request.body["effort"] == "high"
    assert "stream_options" not in request.body
    assert "secret-key" in (request.headers.get("authorization", "") + request.headers.get("x-api-key", ""))


@EVERY
def test_tokens_that_are_not_said_are_unknown_not_zero(dialect: Dialect) -> None:
    page = {
        OpenAI: '{"choices": [{"message": {"content": "yes"}}]}',
        Anthropic: '{"content": [{"type": "text", "text": "yes"}], "stop_reason": "end_turn"}',
    }[type(dialect)]
    answer = asked(lambda _: Page(200, page), dialect)
    assert (answer.text, answer.tokens) == ("yes", None)


@EVERY
@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (401, "", Trouble.LOGIN),
        (403, "", Trouble.LOGIN),
        (402, "", Trouble.QUOTA),
        (429, "You exceeded your current quota, please check your plan", Trouble.QUOTA),
        (400, "Your credit balance is too low", Trouble.QUOTA),
        (404, "no such model", Trouble.MISSING),
        (400, "unsupported parameter", Trouble.BAD_REPLY),
        (302, "", Trouble.BAD_REPLY),
        (429, "", Trouble.RATE),
        (500, "", Trouble.DOWN),
        (529, "", Trouble.DOWN),
    ],
)
def test_each_refusal_is_told_apart(dialect: Dialect, status: int, message: str, expected: Trouble) -> None:
    error = trouble(refuses(status, message), dialect)
    assert (error.trouble, error.spent) == (expected, False)
    assert message in error.why
    assert str(status) in error.why


@EVERY
def test_a_service_that_says_when_to_come_back_is_heard(dialect: Dialect) -> None:
    assert trouble(refuses(429, retry_after=17), dialect).retry_after == 17
    assert trouble(refuses(429), dialect).retry_after is None


def test_a_date_to_come_back_at_is_understood() -> None:
    late = {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}
    error = trouble(lambda _: Page(429, "{}", headers=late), OpenAI())
    assert error.retry_after is not None
    assert error.retry_after > 1e6


@EVERY
@STREAMED
def test_a_web_page_with_status_200_is_no_answer(dialect: Dialect, body: dict[str, object]) -> None:
    error = trouble(html(), dialect, body=body)
    assert error.trouble is Trouble.BAD_REPLY
    assert "web page" in error.why
    assert "Please log in." in error.why


@EVERY
@STREAMED
def test_json_that_breaks_off_is_no_answer(dialect: Dialect, body: dict[str, object]) -> None:
    assert trouble(bad_json(), dialect, body=body).trouble is Trouble.BAD_REPLY


@EVERY
@pytest.mark.parametrize("page", ["[]", "{}", "null", "[" * 100_000, '{"choices": 7, "content": [1]}', "data: 7\n\n"])
def test_json_of_another_shape_is_no_answer(dialect: Dialect, page: str) -> None:
    assert trouble(lambda _: Page(200, page), dialect).trouble in (Trouble.BAD_REPLY, Trouble.DOWN)


@EVERY
def test_an_error_in_the_middle_of_a_stream_is_told(dialect: Dialect) -> None:
    event = 'data: {"type": "error", "error": {"type": "rate_limit_error", "message": "not now"}}\n\n'
    error = trouble(lambda _: Page(200, event, "text/event-stream"), dialect)
    assert (error.trouble, error.spent) == (Trouble.RATE, True)
    assert "not now" in error.why


@EVERY
@pytest.mark.parametrize("after", ["", "so far so"])
def test_a_dropped_connection_is_an_outage_and_what_came_is_not_taken_for_all(dialect: Dialect, after: str) -> None:
    error = trouble(drops(after), dialect)
    assert (error.trouble, error.spent) == (Trouble.DOWN, True)


@EVERY
@pytest.mark.parametrize("after", ["", "so far so"])
def test_silence_is_ended_by_the_idle_deadline(dialect: Dialect, after: str) -> None:
    assert trouble(hangs(after), dialect, idle_seconds=0.2).trouble is Trouble.SILENT


@EVERY
@pytest.mark.parametrize("line", [hangs(), hangs("so far"), drips()], ids=["silent", "stuck", "dripping"])
def test_one_deadline_ends_the_whole_call(dialect: Dialect, line: Line) -> None:
    assert trouble(line, dialect, seconds=0.3).trouble is Trouble.LATE


def test_headers_that_never_end_are_ended_by_the_deadline() -> None:
    def drip(end: socket.socket, closing: threading.Event) -> None:
        end.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not closing.wait(0.02):
            end.sendall(b"a")

    with raw_server(drip) as url, pytest.raises(ModelError) as caught:
        ask(Model(OpenAI(), "m", url), HELLO, 0.3, SystemClock())
    assert caught.value.trouble is Trouble.LATE


@EVERY
def test_an_answer_without_end_is_cut_off_at_a_size(dialect: Dialect) -> None:
    error = trouble(says("word " * 10_000), dialect, most_bytes=20_000)
    assert error.trouble is Trouble.BAD_REPLY
    assert "20,000 bytes" in error.why


@EVERY
def test_a_model_that_runs_out_of_tokens_says_so(dialect: Dialect) -> None:
    page = {
        OpenAI: '{"choices": [{"message": {"content": "half"}, "finish_reason": "length"}]}',
        Anthropic: '{"content": [{"type": "text", "text": "half"}], "stop_reason": "max_tokens"}',
    }[type(dialect)]
    assert asked(lambda _: Page(200, page), dialect).end is End.CUT


def test_nobody_at_the_address_is_an_outage() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and does not listen
        port = free.getsockname()[1]
        with pytest.raises(ModelError, match="no connection") as caught:
            ask(Model(OpenAI(), "m", f"http://127.0.0.1:{port}"), HELLO, LONG, SystemClock())
    assert (caught.value.trouble, caught.value.spent) == (Trouble.DOWN, False)


@EVERY
def test_the_key_stands_in_no_message(dialect: Dialect) -> None:
    said = "Incorrect key: sk-very-secret"
    for line in (refuses(401, said), partial(_page, f"<p>{said}"), partial(_page, f'{{"x": "{said}"}}')):
        error = trouble(line, dialect, key="sk-very-secret")
        assert "sk-very-secret" not in error.why
        assert "Incorrect key" in error.why


def _page(text: str, request: Request) -> Page:
    return Page(200, text)


@pytest.mark.parametrize(
    ("dialect", "base", "address"),
    [
        (OpenAI(), "https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
        (OpenAI(), "http://localhost:11434", "http://localhost:11434/v1/chat/completions"),
        (OpenAI(), "http://localhost:11434/v1/", "http://localhost:11434/v1/chat/completions"),
        (OpenAI(), "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/chat/completions"),
        (Anthropic(), "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        (Anthropic(), "http://localhost:1/v1", "http://localhost:1/v1/messages"),
        (Anthropic(), "https://host/anthropic", "https://host/anthropic/v1/messages"),
    ],
)
def test_the_address_is_found_below_the_base_that_people_give(dialect: Dialect, base: str, address: str) -> None:
    assert dialect.address(base) == address


def test_the_client_costs_nothing_that_is_not_in_the_standard_library() -> None:
    code = (
        "import sys, overnight.propose.chat.client\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    here = {"PYTHONPATH": str(Path(overnight.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=here, capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["__main__", "overnight"]


@contextmanager
def raw_server(speak: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """For what no HTTP server can be brought to say."""
    closing = threading.Event()

    def serve() -> None:
        end, _ = listener.accept()
        with end:
            try:
                speak(end, closing)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            closing.set()
            thread.join()

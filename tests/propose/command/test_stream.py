"""What real clients printed, driven by a scripted model (see tests/clients), and how it is understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overnight.measure.process import Ended, Why
from overnight.propose.diagnosis import diagnose
from overnight.propose.rows import ROWS
from overnight.propose.stream import READERS, Heard, Stream
from overnight.propose.trouble import Trouble

STREAMS = Path(__file__).parent / "streams"
RECORDED = sorted(path.stem for path in STREAMS.glob("*.jsonl"))

TROUBLES = {
    "ok": Trouble.NO_EDIT,  # as far as the stream knows
    "nokey": Trouble.LOGIN,
    "offline": Trouble.DOWN,
    "401": Trouble.LOGIN,
    "429": Trouble.RATE,
    "500": Trouble.DOWN,
    "drop": Trouble.DOWN,
    "html": Trouble.BAD_REPLY,
    "badjson": Trouble.BAD_REPLY,
    "loop": Trouble.LOOP,
    "404": Trouble.MISSING,
}


def heard_of(name: str, piece: int = 1 << 20) -> Heard:
    client, _, _ = name.partition("-")
    stream, data = Stream(READERS[ROWS[client].reader]), (STREAMS / f"{name}.jsonl").read_bytes()
    for start in range(0, len(data), piece):
        stream.feed(data[start : start + piece])
    return stream.close()


@pytest.mark.parametrize("name", RECORDED)
def test_what_ailed_it_is_read_off_the_stream_whatever_the_exit_code(name: str) -> None:
    for code in (0, 1):
        heard, (_, _, mode) = heard_of(name), name.partition("-")
        if heard.error or code == (mode == "nokey"):
            found = diagnose(heard, Ended(Why.EXIT, code), None, 0.0)
            assert found.trouble is TROUBLES[mode], found


@pytest.mark.parametrize("name", [name for name in RECORDED if name.endswith("-ok")])
def test_turns_tokens_and_last_words_are_heard(name: str) -> None:
    heard = heard_of(name)
    assert heard.turns in (2, 3)
    assert heard.tokens in (240, 360)
    assert heard.text == "Done: a higher rate."


@pytest.mark.parametrize("name", RECORDED)
def test_it_does_not_matter_in_which_pieces_it_comes(name: str) -> None:
    assert heard_of(name, piece=7) == heard_of(name)


@pytest.mark.parametrize("name", RECORDED)
def test_a_price_that_the_client_guesses_is_unknown(name: str) -> None:
    assert not heard_of(name).usd


def test_a_price_that_the_client_knows_is_taken() -> None:
    model = {"costUSD": 0.25, "costBasis": "known"}
    result = {"type": "result", "usage": {"input_tokens": 9}, "total_cost_usd": 0.25, "modelUsage": {"opus": model}}
    stream = Stream(READERS["claude"])
    stream.feed(json.dumps(result).encode())
    assert stream.close().usd == 0.25


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "kind", ["assistant", "result", "error", "message", "message_end", "item.completed", "step_finish"]
)
def test_an_event_of_another_form_is_passed_over(reader: str, kind: str) -> None:
    odd: list[object] = [
        None,
        7,
        "x",
        [],
        [None, "y"],
        {},
        {"role": "assistant", "content": 3, "usage": {"input": "z"}},
    ]
    stream = Stream(READERS[reader])
    for value in odd:
        names = ("message", "item", "part", "error", "usage", "stats", "result", "content", "modelUsage", "role")
        stream.feed(json.dumps({"type": kind, **dict.fromkeys(names, value)}).encode() + b"\n")
    stream.feed(b'{"type": "cut off\n\xff\xfe[[[[\n')
    assert stream.close().turns >= 0


def test_a_line_without_end_takes_no_memory() -> None:
    stream = Stream(READERS["pi"])
    for _ in range(20):
        stream.feed(b"x" * (1 << 20))
    stream.feed(b'\n{"type":"message_end","message":{"role":"assistant","content":[{"type":"text","text":"hi"}]}}\n')
    assert stream.close().text == "hi"


def test_a_complaint_stands_until_the_model_speaks_again() -> None:
    stream = Stream(READERS["codex"])
    stream.feed(b'{"type":"error","message":"Reconnecting... 1/2 (429 Too Many Requests)"}\n')
    assert stream.heard.error
    stream.feed(b'{"type":"item.completed","item":{"type":"agent_message","text":"Done."}}\n')
    assert not stream.heard.error


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("You've hit your usage limit. Try again in 3 hours 2 minutes.", 10920.0),
        ("rate limit reached, please try again in 20s", 20.0),
        ("usage limit reached|1795271149", 149.0),
        ("rate limit reached", None),
    ],
)
def test_when_it_is_worth_trying_again_is_read_off_the_complaint(said: str, seconds: float | None) -> None:
    heard = Heard(error=said)
    assert diagnose(heard, Ended(Why.EXIT, 1), None, 1795271000.0).retry_after == seconds


def test_one_that_waits_for_its_service_is_not_late() -> None:
    heard = Heard(error="Reconnecting... waiting for network (Connection failed)")
    assert diagnose(heard, Ended(Why.TIMEOUT), None, 0.0).trouble is Trouble.DOWN
    silent = (Trouble.SILENT, "nothing was heard of it")
    assert diagnose(heard, Ended(Why.STOPPED), silent, 0.0).trouble is Trouble.DOWN

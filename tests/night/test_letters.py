"""Messages of any process, as events of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.ledger import inbox
from overnight.ledger.events import Entry, Noted, StopAsked
from overnight.ledger.steering import Approved, Held, IdeaGiven, Paused, Said, Unpaused
from overnight.model import Call, Verdict
from overnight.night.letters import MOST_CHARACTERS, event_of
from overnight.night.steering import Steering
from tests.ledger.sample_night import NOW, open_ledger

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from(["stop", "say", "idea", "pause", "resume", "approve"]) | JSON
FIELDS = ("text", "who", "why", "now", "experiment", "yes")


def waiting_for(number: int) -> Steering:
    steering = Steering()
    held = Held(experiment=number, found=Verdict(number, Call.KEEP, "better"))
    steering.fold(Entry(1, 0.0, 0.0, held, "", ""))
    return steering


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"kind": "stop", "who": "ada", "now": True}, StopAsked),
        ({"kind": "say", "who": "ada", "text": "leave it"}, Said),
        ({"kind": "idea", "who": "ada", "text": "tie"}, IdeaGiven),
        ({"kind": "pause", "who": "ada"}, Paused),
        ({"kind": "resume", "who": "ada"}, Unpaused),
        ({"kind": "approve", "who": "ada", "experiment": 12, "yes": True}, Approved),
    ],
)
def test_what_is_sent_arrives_as_its_event(tmp_path: Path, message: dict[str, Any], kind: type) -> None:
    inbox.post(tmp_path, message)
    ((id, taken),) = inbox.take(tmp_path)
    event = event_of(id, taken, waiting_for(12))
    assert type(event) is kind
    assert event.key.endswith(id)
    assert getattr(event, "who", "") == "ada"


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "say"},
        {"kind": "say", "text": ["a"]},
        {"kind": "idea", "text": " \x00 "},
        {"kind": "approve", "experiment": True, "yes": True},
        {"kind": "approve", "experiment": "12", "yes": True},
        {"kind": "approve", "experiment": 12, "yes": 1},
        {"kind": ["say"], "text": "a"},
    ],
)
def test_what_is_not_understood_is_noted(message: dict[str, Any]) -> None:
    assert isinstance(event_of("1", message, waiting_for(12)), Noted)


@pytest.mark.parametrize("number", [13, -1, 10**4000])
def test_nothing_is_approved_that_does_not_wait_for_it(number: int) -> None:
    message = {"kind": "approve", "experiment": number, "yes": True}
    event = event_of("1", message, waiting_for(12))
    assert isinstance(event, Noted)
    assert len(event.text) < 200


def test_words_are_cleaned_and_cut() -> None:
    message = {"kind": "say", "who": "\x1b[31mada\n", "text": "a\x1b]0;title\x07 b\r\n\x07c\udc80 " + "x" * 10**6}
    event = event_of("1", message, Steering())
    assert isinstance(event, Said)
    assert event.who == "ada"
    assert event.text.startswith("a b c? xxx")
    assert len(event.text) == MOST_CHARACTERS


@given(st.text(st.characters(codec=None), max_size=20), KINDS, st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_message_becomes_an_event_that_can_be_stored(id: str, kind: Any, fields: dict[str, Any]) -> None:
    event = event_of(id, {**fields, "kind": kind}, waiting_for(12))
    assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event


def test_an_id_that_comes_again_changes_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "night") as ledger:
        for text in ("first", "second"):
            ledger.append(NOW, 1.0, event_of("1", {"kind": "say", "text": text}, Steering()))
        events = [entry.event for entry in ledger.since()]
    assert events == [Said(id="1", text="first", who="somebody")]


def test_a_message_larger_than_any_word_is_set_aside(tmp_path: Path) -> None:
    inbox.post(tmp_path, {"kind": "say", "text": "x" * 2_000_000})
    assert list(inbox.take(tmp_path)) == []
    assert len(list((tmp_path / "inbox").glob("*.bad"))) == 1

"""The messages of the inbox as events: what a person wants, or a note that a message was not understood.

Any process may write there, so nothing in a message is believed before it is looked at. What is answered is only what
is asked: an approval of an experiment that does not wait for one is no event of its own, for the experiment's record
in git may be made already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overnight.ledger.events import Event, Noted, StopAsked
from overnight.ledger.steering import Approved, IdeaGiven, Paused, Said, Unpaused
from overnight.night.plain import one_line, storable
from overnight.night.steering import Steering

MOST_CHARACTERS = 1000  # of a remark, an idea or a reason
NAME = 200
PASSING = ("stop", "pause", "resume")
"""Kinds that are for the session that runs: where that is gone, so is what they ask for."""


def event_of(message_id: str, message: Mapping[str, Any], steering: Steering) -> Event:
    """The same message gives an event of the same key: taken twice, it is written once."""
    id, who = storable(message_id), _text(message, "who", NAME) or "somebody"
    text, why = _text(message, "text"), _text(message, "why")
    match message.get("kind"):
        case "stop":
            return StopAsked(id=id, who=who, now=message.get("now") is True)
        case "say" if text:
            return Said(id=id, text=text, who=who)
        case "idea" if text:
            return IdeaGiven(id=id, text=text, who=who)
        case "pause":
            return Paused(id=id, who=who, why=why)
        case "resume":
            return Unpaused(id=id, who=who)
        case "approve" if type(message.get("experiment")) is int and type(message.get("yes")) is bool:
            return _approved(id, message, who, why, steering)
    return Noted(id=id, text=f"a message that is not understood: {message!r:.200}")


def _approved(id: str, message: Mapping[str, Any], who: str, why: str, steering: Steering) -> Event:
    experiment = message["experiment"]
    if experiment not in steering.held:
        return Noted(id=id, text=f"{who} answered about experiment {experiment!s:.12}, which waits for no answer")
    return Approved(id=id, experiment=experiment, who=who, yes=message["yes"], why=why)


def _text(message: Mapping[str, Any], name: str, limit: int = MOST_CHARACTERS) -> str:
    value = message.get(name)
    return one_line(value, limit) if isinstance(value, str) else ""

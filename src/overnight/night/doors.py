"""What has come in by hand: workspaces that were given out, what was told of them, and numbers that people report.

Folded from the ledger and kept nowhere else. Any process may write to the inbox, so nothing in a message is believed
before it is looked at. What the loop makes of it: `due.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from overnight.ledger.doors import Asked, Reported, Told
from overnight.ledger.events import Entry, Event, Noted, Opened, Proposed, Recorded, RunDone
from overnight.ledger.ledger import Reader
from overnight.model import Edit, Level
from overnight.night.letters import NAME, event_of
from overnight.night.plain import one_line, storable
from overnight.night.steering import Steering
from overnight.program.program import ELSEWHERE

CONCERNED = """
    SELECT key FROM event WHERE kind IN ('opened', 'asked', 'told', 'reported')
    OR (kind = 'recorded' AND json_extract(body, '$.kept') IS NOT NULL)
    OR (kind = 'proposed' AND json_extract(body, '$.ask') IS NOT NULL)
    OR (kind = 'run_done' AND json_extract(body, '$.trial.level') = 'external') ORDER BY seq"""
LONGEST = 200  # characters of a hypothesis
MOST = 100  # numbers in one message


@dataclass(slots=True)
class Doors:
    incumbent: str = ""  # what the next workspace holds
    external: bool = False  # people report the numbers
    asked: dict[int, Asked] = field(default_factory=dict)
    told: dict[int, Told] = field(default_factory=dict)  # that are no proposals yet, in the order of their coming
    experiments: dict[int, int] = field(default_factory=lambda: {0: 0})  # by ask
    reported: dict[int, list[Reported]] = field(default_factory=dict)  # by ask, those that no run has used

    @property
    def lapse(self) -> str:
        """Why a change is not put on top of a newer incumbent."""
        return "its numbers are not the new one's" if self.external else "the change no longer applies to the new one"

    def known(self, ask: int) -> bool:
        return ask == 0 or ask in self.asked

    def is_told(self, ask: int) -> bool:
        return ask in self.told or ask in self.experiments

    def fold(self, entry: Entry) -> None:
        match event := entry.event:
            case Opened():
                self.incumbent, self.external = event.baseline, event.settings.get("run") == ELSEWHERE
            case Recorded() if event.kept is not None:
                self.incumbent = event.kept
            case Asked():
                self.asked[event.ask] = event
            case Told():
                self.told[event.ask] = event
            case Proposed() if event.ask is not None:
                self.told.pop(event.ask, None)
                self.experiments[event.ask] = event.experiment
            case Reported():
                self.reported.setdefault(event.ask, []).append(event)
            case RunDone() if event.trial.level is Level.EXTERNAL:
                del self.reported[self.ask_of(event.experiment)][0]

    def ask_of(self, experiment: int) -> int:
        """-1 where nobody has asked for it."""
        return next((ask for ask, number in self.experiments.items() if number == experiment), -1)


def doors_of(reader: Reader) -> Doors:
    """As its ledger has it, for whoever is not the coordinator."""
    doors = Doors()
    for (key,) in list(reader.query(CONCERNED)):
        if entry := reader.find(key):
            doors.fold(entry)
    return doors


def letters(message_id: str, message: Mapping[str, Any], doors: Doors, steering: Steering) -> Iterator[Event]:
    """The same message gives events of the same keys: taken twice, it is written once."""
    id = storable(message_id)
    match message:
        case {"kind": "ask", "place": str(place)} if place.startswith("/"):
            yield _asked(id, place, _who(message), doors, steering)
        case {"kind": "tell", "ask": int(ask), "values": list(values)} if _numbers(values):
            yield from _told(id, ask, message, doors)
        case _:
            yield event_of(message_id, message, steering)


def _asked(id: str, place: str, who: str, doors: Doors, steering: Steering) -> Asked:
    known = next((asked for asked in doors.asked.values() if asked.id == id), None)
    number = known.ask if known else max(doors.asked, default=0) + 1
    idea = steering.idea_for()
    folder = f"{storable(place).rstrip('/')}/{number}"
    return Asked(id=id, ask=number, parent=doors.incumbent, folder=folder, who=who, idea=idea.id if idea else "")


def _told(id: str, ask: int, message: Mapping[str, Any], doors: Doors) -> Iterator[Event]:
    edits = _edits(message.get("edits"))
    if not doors.known(ask) or edits is None or not (edits or message["values"] or doors.is_told(ask)):
        yield Noted(id=id, text=f"a message that tells of ask {ask}, which nobody has, or tells nothing")
        return
    for index, value in enumerate(message["values"]):
        yield Reported(id=f"{id}/{index}", ask=ask, value=float(value), who=_who(message))
    if not doors.is_told(ask):
        said = message.get("hypothesis")
        yield Told(ask=ask, edits=edits, hypothesis=one_line(said, LONGEST) if isinstance(said, str) else "")


def _edits(found: object) -> tuple[Edit, ...] | None:
    try:
        edits = msgspec.convert(found or (), tuple[Edit, ...])
    except msgspec.ValidationError:
        return None
    return tuple(Edit(storable(e.path), max(0, e.start), max(-1, e.removed), storable(e.text)) for e in edits)


def _numbers(values: list[Any]) -> bool:
    return len(values) <= MOST and all(type(v) in (int, float) and math.isfinite(v) for v in values)


def _who(message: Mapping[str, Any]) -> str:
    who = message.get("who")
    return (one_line(who, NAME) if isinstance(who, str) else "") or "somebody"

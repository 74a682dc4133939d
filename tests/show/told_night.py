"""Invented nights in which several propose: what they gave, what it cost, and how the other turns ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from overnight.ledger.events import Closed, Event, Proposed, Weighed
from overnight.ledger.idling import Idled
from overnight.model import Cost, Standing, Worth
from tests.show.morning_night import TALES, morning_events
from tests.show.story import START

BY = {1: "claude", 2: "claude", 3: "codex", 4: "codex", 5: "claude", 6: "search", 7: "search"}
COSTS = {"claude": Cost(30.0, 1000, 0.2), "codex": Cost(60.0, 500, None), "search": Cost(), "ada": Cost()}
WORTHS = (
    Worth(1, 0.1, 0.004, 9, Standing.PROVEN, 0.06, 0.14),
    Worth(5, 0.02, 0.2, 5, Standing.CARRIED, -0.01, 0.05),
)
END = Closed(session=1, why="8 of 8 experiments", finished=True)


def idled(number: int, origin: str, trouble: str, seconds: float = 0.0, cost: Cost = Cost()) -> Idled:  # noqa: B008
    """Told half a minute after the start at the latest, so `until` is after it."""
    why = f"{origin} saw {trouble}" if trouble else "no more ideas"
    return Idled(number=number, origin=origin, trouble=trouble, why=why, until=START.utc + seconds, cost=cost)


def of_several() -> list[Event]:
    """claude tells what it costs, codex does not, the search costs nothing; two of their turns brought no change."""
    idle = (idled(1, "claude", "rate", cost=Cost(1.0, 0, 0.0)), idled(2, "claude", "no-edit", cost=COSTS["claude"]))
    return [*_signed(morning_events(tales=TALES[:7])), *idle, Weighed(number=1, worths=WORTHS), END]


def of_nobody(troubles: Sequence[str], waited: float = 3600.0) -> list[Event]:
    """The only agent gives nothing, in as many turns."""
    turns = [idled(number, "claude", trouble, waited) for number, trouble in enumerate(troubles, 1)]
    return [*morning_events(tales=()), *turns, END]


def _signed(events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, Proposed) and event.experiment:
            who = BY[event.experiment]
            event = replace(event, origin=who, cost=COSTS[who])
        yield event

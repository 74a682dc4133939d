"""Whom to ask for how many proposals, and when to leave somebody alone.

One who answers at once is asked when a slot is free, so that it knows as much as can be known; where runs are so short
that slots would wait for that, some are asked for ahead. One who thinks (a model, a coding agent) is always asked
ahead: all of them think while the slots are busy, and each may have one proposal waiting. A stand-in works only while
all the others wait for something, such as the end of a rate limit. Pure, as all of the loop; a resumed night remembers
none of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from overnight.night.actions import Answer

TURNAROUND = 0.05
"""Seconds from the end of a run to the next one's start, with an ask between them; measured."""

WORTH_HIDING = 0.02
"""Of a run: where slots wait for more than this, one that answers at once is asked ahead."""


def hurry(slots: int, run_seconds: float) -> int:
    """How many proposals should be there before a slot is free: as many as slots become free while one is made, if runs
    end at random, and one for each where they come and go together."""
    busy = slots * TURNAROUND / max(run_seconds, TURNAROUND)  # of those who decide and write down
    return math.ceil(slots * min(1.0, busy)) if busy > WORTH_HIDING else 0


@dataclass(frozen=True, slots=True)
class Seat:
    """A proposer, as far as the loop knows it."""

    name: str = "search"
    thinks: bool = False
    share: float = 1.0  # of all proposals, at most
    stand_in: bool = False


@dataclass(slots=True)
class Place:
    """A seat, and how it stands with it."""

    seat: Seat
    asked: int = 0  # proposals that are being made
    given: int = 0
    asked_at: int = 0  # records there were at the last ask
    dry_at: int | None = None  # records there were when it was asked and had no idea
    waiting: Answer | None = None

    def rests(self, records: int) -> bool:
        """It has nothing to say before a time it named, or before another experiment is finished."""
        return self.waiting is not None or self.dry_at == records


class Asking:
    def __init__(self, seats: Sequence[Seat]) -> None:
        self.places = [Place(seat) for seat in seats]

    @property
    def asked(self) -> int:
        return sum(place.asked for place in self.places)

    @property
    def thinking(self) -> int:
        """Asks under way that cost something."""
        return sum(place.asked for place in self.places if place.seat.thinks)

    def waits(self) -> Answer | None:
        """The first that will be back, where all but stand-ins wait."""
        answers = [place.waiting for place in self.places if not place.seat.stand_in]
        return min((a for a in answers if a), key=lambda a: a.wait_until or 0.0) if answers and all(answers) else None

    def dry(self, records: int) -> bool:
        """Nobody has an idea, and nobody is waited for."""
        return (
            bool(self.places)
            and not self.asked
            and all(p.dry_at == records for p in self.places if not p.seat.stand_in)
        )

    def turns(
        self, slots: int, open_: int, limit: int | None, records: int, ahead: int = 0
    ) -> Iterator[tuple[int, int]]:
        """(seat, how many), which count as asked from then on. `open_`: proposals that are not decided; `limit`: so
        many more may be asked for at most; `ahead`: so many may wait of those who answer at once."""
        for index, place in sorted(enumerate(self.places), key=lambda pair: pair[1].given):  # each in turn
            room = self._room(place, slots, open_, ahead)
            if limit is not None:
                room = min(room, limit - self.asked)
            if room > 0 and not place.rests(records) and self._may(place, room):
                place.asked, place.asked_at = place.asked + room, records
                yield index, room

    def hear(self, answer: Answer) -> None:
        place = self.places[answer.seat]
        place.asked -= answer.asked
        place.given += answer.given
        if answer.wait_until is not None:
            place.waiting = answer
        elif answer.given == 0:
            place.dry_at = place.asked_at

    def wake(self, utc: float) -> None:
        for place in self.places:
            if place.waiting and utc >= (place.waiting.wait_until or 0):
                place.waiting = None

    def _room(self, place: Place, slots: int, open_: int, ahead: int) -> int:
        if not place.seat.thinks:
            return slots + ahead - open_ - sum(p.asked for p in self.places if not p.seat.thinks)
        thinkers = sum(p.seat.thinks for p in self.places)
        return min(1 - place.asked, slots + thinkers - open_ - self.asked)

    def _may(self, place: Place, room: int) -> bool:
        if place.seat.stand_in:
            return self.waits() is not None
        total = sum(p.given + p.asked for p in self.places)
        return place.seat.share >= 1 or place.given + place.asked + room <= place.seat.share * (total + room)

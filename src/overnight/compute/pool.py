"""Slots that several nights share: whose turn it is, by what each has used so far.

A member is owed slot-seconds in proportion to its weight, for as long as it has a use for them. The slot that becomes
free is offered to the one that has had the least for its weight, a run under way counted as long as its last ones took.
Who is offered a slot and does not take it is passed over until it asks again, and is owed nothing for that time: no
slot stays free while somebody has a use for it, and nobody saves up. A member whose runs must be alone gets its turn
as all others; then nothing new begins, and its run waits until the others have ended.

Nothing is taken away from a run under way. Safe to call from any thread; no thread and no clock of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from overnight.clock import Clock
from overnight.model import Slot


@dataclass(slots=True)
class Lease:
    slot: Slot
    began: float
    width: int = 1  # slots that nobody else can use meanwhile


@dataclass(slots=True, eq=False)
class Member:
    """One of those who share. `wake` is called when it should ask again; it may be, from any thread."""

    name: str
    weight: float
    guess_seconds: float  # of a run, as long as none has ended
    wake: Callable[[], None]
    alone: bool = False
    had: float = 0.0  # slot-seconds of runs that have ended and of turns passed over, by weight
    content: bool = True  # it has no use for another slot, or has not asked yet
    offered: tuple[Slot, ...] = ()
    leases: dict[str, Lease] = field(default_factory=dict)  # by run id
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=8))

    def run_seconds(self) -> float:
        return sum(self.recent) / len(self.recent) if self.recent else self.guess_seconds


class Pool:
    def __init__(self, slots: Sequence[Slot], clock: Clock) -> None:
        self.slots, self._clock = tuple(slots), clock
        self._members: list[Member] = []
        self._level = 0.0  # what those who want more have had, the least of them: where a newcomer begins
        self._lock = threading.Condition(threading.RLock())

    def join(self, member: Member) -> None:
        with self._lock:
            self._members.append(member)

    def leave(self, member: Member) -> None:
        with self._lock:
            self._members.remove(member)
            self._call_others(member)

    def ask(self, member: Member) -> Sequence[Slot]:
        """The slots that are its now, until it asks again or rests."""
        with self._lock:
            self._come_back(member)
            member.offered = ()
            member.offered = tuple(self._due(member))
            return member.offered

    def rest(self, member: Member) -> None:
        """It has started what it can, and is about to wait: what it has not taken is for others."""
        with self._lock:
            if member.offered:
                member.content, member.offered = True, ()
                self._call_others(member)

    def take(self, member: Member, run_id: str, slot: Slot) -> None:
        with self._lock:
            if slot not in member.offered:
                raise ValueError(f"{slot.name} was not offered to {member.name}")
            member.offered = tuple(other for other in member.offered if other is not slot)
            width = len(self.slots) if member.alone else 1
            member.leases[run_id] = Lease(slot, self._now(), width)

    def give_back(self, member: Member, run_id: str) -> None:
        with self._lock:
            lease = member.leases.pop(run_id)
            seconds = self._now() - lease.began
            member.recent.append(seconds)
            member.had += seconds * lease.width / member.weight
            self._lock.notify_all()
            self._call_others(member)

    def wait_for_others(self, member: Member, run_id: str, given_up: Callable[[], bool]) -> None:
        """Until its run is the only one, where it must be, or nobody wants it any more."""
        with self._lock:
            while member.alone and self._others_run(member) and not given_up():
                self._lock.wait(0.2)
            member.leases[run_id].began = self._now()  # what it waited was the others'

    # ---- whose turn it is

    def _come_back(self, member: Member) -> None:
        """A guess of what runs will take must not count here: it would be held against a newcomer for ever."""
        wanting = [self._had(other, usual=0.0) for other in self._members if not other.content]
        self._level = max(self._level, min(wanting, default=self._level))
        if member.content:
            member.content = False
            member.had += max(0.0, self._level - self._had(member, usual=0.0))

    def _due(self, member: Member) -> Iterator[Slot]:
        """Each free slot goes to the one that has had the least, with what it gets counted at once."""
        wanting = {each: self._had(each, each.run_seconds()) for each in self._members if not each.content}
        if any(other.alone and other.leases for other in self._members):
            return
        for slot in self._free():
            first = min(wanting, key=lambda each: wanting[each])  # of equals the one that joined first
            wanting[first] += self._price(first)
            if first is member:
                yield slot
            if first.alone:
                return

    def _free(self) -> list[Slot]:
        taken = {slot.name for each in self._members for slot in each.offered}
        taken |= {lease.slot.name for each in self._members for lease in each.leases.values()}
        return [slot for slot in self.slots if slot.name not in taken]

    def _had(self, member: Member, usual: float) -> float:
        """Runs under way included, and that they take as long as is usual."""
        now = self._now()
        under_way = sum(max(now - lease.began, usual) * lease.width for lease in member.leases.values())
        return member.had + under_way / member.weight

    def _price(self, member: Member) -> float:
        return member.run_seconds() * (len(self.slots) if member.alone else 1) / member.weight

    def _others_run(self, member: Member) -> bool:
        return any(other.leases or other.offered for other in self._members if other is not member)

    def _call_others(self, member: Member) -> None:
        for other in self._members:
            if other is not member and not other.content:
                other.wake()

    def _now(self) -> float:
        return self._clock.now().mono

"""What a night asks of its posts, and what is known of each: whether it is ready, and for which run it is leased."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from overnight.compute.parcel import Parcel
from overnight.compute.posts import Measure, Post
from overnight.model import Run, Slot, Status, Trial, Usage

MOST = 4  # posts that one run may lose: then it is what it does that ends them


@dataclass(frozen=True, slots=True)
class Terms:
    """What a night asks of its posts."""

    posts: int
    pack: Callable[[str], Parcel]  # the files of a commit
    deadline: Callable[[Run], float]  # seconds after which a run cannot be alive any more
    note: Callable[[str], None]  # what a person may want to know of posts and losses, a line each


@dataclass(slots=True)
class Lease:
    order: Measure
    cancelled: float | None = None  # when
    began: float = 0.0  # or waits since
    lost: list[str] = field(default_factory=list)  # why, for each post that it has lost
    hardware: str = ""  # where it was given first: it is executed again on the same

    @property
    def run(self) -> Run:
        return self.order.run


@dataclass(slots=True)
class Hired:
    post: Post
    heard: float
    slot: Slot | None = None  # None: not ready
    lease: Lease | None = None
    host: str = ""


def stopped(lease: Lease, why: str) -> Trial:
    return Trial(lease.run.id, lease.order.attempt, Status.STOPPED, {}, Usage(), None, "SIGKILL", why, "")


def crashed(lease: Lease) -> Trial:
    why = f"each of {MOST} machines was lost while it ran there; {lease.lost[-1]}"
    return Trial(lease.run.id, lease.order.attempt, Status.CRASH, {}, Usage(), None, "SIGKILL", why, "")

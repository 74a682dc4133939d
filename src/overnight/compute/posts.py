"""What an engine for several machines (Ray, or another) must give: posts, each of which executes one run at a time.

This is the small half of an Executor. Leases, deadlines, repeats and what counts once are the other half, and the same
for every engine: see `leases`. The far end of a post is an `Outpost`, which an engine only has to carry words to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from overnight.compute.executor import Failed
from overnight.compute.parcel import Parcel
from overnight.model import Heartbeat, Run, Slot, Trial

# what a post is told


@dataclass(frozen=True, slots=True)
class Left:
    """The checkpoint that a run goes on from."""

    files: Mapping[str, bytes]
    wall_seconds: float  # used until then
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Measure:
    run: Run
    attempt: int
    parcel: Parcel
    left: Left | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    run_id: str


@dataclass(frozen=True, slots=True)
class End:
    """Whatever runs is killed now, and its Trial still comes."""


Order: TypeAlias = Measure | Cancel | End

# what a post says


@dataclass(frozen=True, slots=True)
class Ready:
    slot: Slot  # its cores, GPU and hardware
    host: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """It cannot be made ready, as where `prepare:` fails."""

    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The engine says that it has ended."""

    why: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file that a run has left, in their order."""

    run_id: str
    path: str  # below the run's folder
    data: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a checkpoint, which counts when all of it has come; one with another number takes its place."""

    run_id: str
    number: int
    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """That was all of it."""

    run_id: str
    number: int
    wall_seconds: float
    cpu_seconds: float


Word: TypeAlias = Ready | Unfit | Gone | Piece | Part | Kept | Heartbeat | Trial | Failed
Heard: TypeAlias = tuple[str, Iterable[Word]]
"""A post's name and what it said; nothing is a sign of life too."""


class Post(Protocol):
    def send(self, order: Order) -> None:
        """Returns at once. What is sent to a post that is gone is lost."""
        ...

    def dismiss(self) -> None:
        """Ends it with all that it runs, also where it does not listen. Returns at once; it is not heard of again."""
        ...


class Engine(Protocol):
    """All methods are called by one thread at a time."""

    def hire(self, name: str) -> Post:
        """Asks for one more post. Returns at once; when the engine has room the post says Ready."""
        ...

    def listen(self, seconds: float) -> Iterable[Heard]:
        """What came since, after at most so long. A post that is alive is in it every two seconds at least."""
        ...

    def close(self) -> None:
        """All posts have been dismissed."""
        ...

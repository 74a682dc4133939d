"""What the runs of a night share: where they come from, where they happen, and what stands around them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from overnight.errors import OvernightError
from overnight.measure.ahead import Ahead
from overnight.measure.files import Broom
from overnight.measure.process import Running, Spec
from overnight.measure.sandbox.walls import Walls
from overnight.model import Level


class NotMeasured(OvernightError):
    """We could not measure: no Trial, and no word about the candidate."""


class Watch(Protocol):
    """Who follows a run. What it is told to end is what started last."""

    def started(self, running: Running) -> None: ...

    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None:
        """The run is alive. `curve`: the values of its progress lines so far, thinned; some may be no finite number."""
        ...


class Sandbox(Protocol):
    @property
    def level(self) -> Level: ...

    def confine(self, spec: Spec, walls: Walls) -> Spec:
        """The same command behind these walls."""
        ...


class NoWalls:
    """Level 1: each command has folders of its own, and nothing keeps it in them."""

    level = Level.CONTRACT

    def confine(self, spec: Spec, walls: Walls) -> Spec:  # noqa: ARG002
        return spec


@dataclass(frozen=True, slots=True)
class Place:
    root: Path  # the user's working tree: shared paths are links into it
    scratch: Path  # this session's, for checkouts; a short path, since sockets live below it
    runs: Path  # the night's: <run id>/run.log and <run id>/saved/
    night: str  # marks its processes; no other night on this machine has the same
    checkout: Callable[[str, Path], None]  # makes a folder with the files of a commit; called from several threads
    environ: Mapping[str, str]  # the coordinator's
    hardware: str
    sandbox: Sandbox = NoWalls()
    broom: Broom = field(default_factory=Broom)
    ahead: Ahead | None = None  # makes rooms before their runs have a slot
    secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)  # scorers draw by it

    @property
    def caches(self) -> Path:
        """What the baseline has compiled."""
        return self.runs / "caches"

    def secret_for(self, *names: object) -> str:
        """What only this scorer may know: nothing that a run is told leads to it."""
        return hmac.new(self.secret.encode(), "/".join(map(str, names)).encode(), hashlib.sha256).hexdigest()

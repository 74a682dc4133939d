"""The interface of wherever runs execute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from overnight.model import Heartbeat, Run, Slot, Trial


@dataclass(frozen=True, slots=True)
class Failed:
    """A run that we could not measure, as on a full disk: our failure, so neither a Trial nor a score."""

    run_id: str
    error: BaseException


Report = Callable[[Heartbeat | Trial | Failed], None]
"""How an executor tells what it knows; safe to call from any thread. At least once per run: results merge by id."""


class Executor(Protocol):
    def free(self) -> Sequence[Slot]:
        """The slots that could start a run at this moment."""
        ...

    def submit(self, run: Run, attempt: int, slot: Slot) -> None:
        """Starts `run` on `slot` and returns at once. Idempotent by run.id. Ends in exactly one Trial, or Failed."""
        ...

    def expect(self, run: Run) -> None:
        """It will be submitted soon, if nothing comes between. What can be made ready for it may be; nothing has to."""
        ...

    def cancel(self, run_id: str) -> None:
        """Ends it and all its processes; its Trial says STOPPED. Unknown ids are ignored."""
        ...

    def close(self) -> None:
        """Ends everything that still runs."""
        ...

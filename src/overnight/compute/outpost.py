"""The far end of a post: one slot on this node, where runs are measured as on the coordinator's machine.

It needs Python and psutil, and no git. What is sent is kept by content below `~/.cache/overnight/nodes`, once for each
node: the baseline's files, and a root in which `uv sync --frozen` (where there is a uv.lock) and `prepare:` have run.
Where the user's own clone can be seen (a shared file system), that is the root instead and nothing is prepared.

Whatever ends the process of an outpost ends its run: the warden hears of it. When nobody has asked for news for a while
it ends itself, so that a node that was cut off does not work on for nobody. Not covered: old baselines stay in the
cache until somebody removes that folder.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from overnight.compute.executor import Failed
from overnight.compute.ground import Ground, lend_cores
from overnight.compute.hardware import class_of, share_of
from overnight.compute.local import LocalSlots
from overnight.compute.parcel import Blobs, Received
from overnight.compute.posts import Cancel, End, Measure, Order, Ready, Unfit, Word
from overnight.compute.relay import Relay
from overnight.compute.slots import machine, memory_mb
from overnight.errors import OvernightError
from overnight.measure.environment import interpreter
from overnight.measure.place import Place
from overnight.measure.process import Spec, Warden
from overnight.measure.resume import Resuming
from overnight.measure.sandbox.choose import choose
from overnight.model import Heartbeat, Slot, Trial
from overnight.program.program import Program
from overnight.repo.checkout import Pristine
from overnight.repo.objects import Tree

UNASKED = 60.0  # seconds without a question after which the coordinator counts as gone


@dataclass(frozen=True, slots=True)
class Errand:
    """What every node of a night is told once."""

    program: Program
    baseline: str
    files: Tree
    links: Blobs
    root: str  # of the user's clone, where the coordinator sees it
    common_dir: str
    clone: str  # its id, which only that clone has
    cores: int | None  # of each slot
    gpus: float | None
    passed: Mapping[str, str]  # what `pass_env:` names, as it is at the coordinator


class Outpost:
    """`whole` fetches the baseline's files. `abandon` ends this process, in its engine's way."""

    def __init__(
        self, errand: Errand, whole: Callable[[], Blobs], abandon: Callable[[], None], unasked: float = UNASKED
    ) -> None:
        self.errand, self._abandon, self._unasked = errand, abandon, unasked
        self.received = Received(errand.baseline, errand.files, errand.links, whole)
        self.ground = Ground.of(errand, secrets.token_hex(4))
        self._holds = ExitStack()  # what is given back in the end, the last thing first
        self._holds.callback(self.ground.leave)
        self._relay = Relay(self.ground.scratch / "checkpoints")
        self._slots: LocalSlots | None = None
        self._asked = time.monotonic()
        self._ready = ThreadPoolExecutor(1).submit(self._settle)
        threading.Thread(target=self._mind, daemon=True).start()

    def news(self, seconds: float) -> list[Word]:
        """What came since this was last asked, after at most so long. The answer before this one has arrived."""
        self._asked = time.monotonic()
        if self._slots is None:
            return self._settled(seconds)
        return self._relay.said(seconds)

    def take(self, order: Order) -> None:
        assert self._slots is not None
        match order:
            case Measure(run, attempt, parcel, left):
                self.received.take(parcel)
                self._relay.expect(run, left)
                self._slots.submit(run, attempt, self._slot)
            case Cancel(run_id):
                self._slots.cancel(run_id)
            case End():
                self._slots.close()

    def close(self) -> None:
        if self._slots:
            self._slots.close()
        self._holds.close()

    # making ready

    def _settled(self, seconds: float) -> list[Word]:
        if not wait([self._ready], seconds).done:
            return []
        if error := self._ready.exception():
            return [Unfit(f"{socket.gethostname()}: {error}")]
        self._slots, self._slot = self._ready.result()
        return [Ready(self._slot, socket.gethostname())]

    def _settle(self) -> tuple[LocalSlots, Slot]:
        errand, ground = self.errand, self.ground
        environ = {**os.environ, **errand.passed}
        pristine = Pristine(self.received, ground.home / "pristine")
        root = ground.settle(errand, pristine, environ)
        interpreter(errand.program, root, environ)  # where there is none it is not fit
        slot = self._slot_here()
        program = errand.program
        memory = program.memory_mb or memory_mb() * share_of(slot)
        place = Place(
            *(root, ground.scratch / "runs", ground.scratch / "results", ground.token),
            *(pristine.checkout, environ, slot.hardware, choose(program.sandbox, ground.scratch)),
        )
        warden = self._holds.enter_context(closing(Warden()))
        warden.start(_nothing(ground.scratch)).wait(lambda *_: None)  # so that the first run has not to wait for it
        measure = Resuming(replace(program, memory_mb=memory), place, warden, self._relay)
        self._results = place.runs
        return LocalSlots([slot], measure, self._report), slot

    def _slot_here(self) -> Slot:
        errand, found = self.errand, machine(os.environ)
        has_gpu = bool(errand.gpus and found.gpus)
        gpu = ",".join(found.gpus or ()) if has_gpu else None if errand.gpus else ""
        cores = errand.cores or (0 if has_gpu else 1)
        lent = lend_cores(cores, found.cores, self.ground.cache)
        for file in lent.held:
            self._holds.enter_context(file)
        slot = Slot("here", lent.cores, gpu, min(1.0, errand.gpus or 1.0))
        return replace(slot, hardware=class_of(slot, cores))

    # while it works

    def _report(self, word: Heartbeat | Trial | Failed) -> None:
        if isinstance(word, Failed):
            word = Failed(word.run_id, OvernightError(f"{type(word.error).__name__}: {word.error}"))  # it has to travel
        elif isinstance(word, Trial):
            self._relay.send(word.run_id, self._results / word.run_id)
        self._relay.say(word)

    def _mind(self) -> None:
        while time.monotonic() - self._asked < self._unasked:
            time.sleep(self._unasked / 20)
        self.close()
        self._abandon()


def _nothing(folder: Path) -> Spec:
    return Spec(("true",), {"PATH": os.defpath}, str(folder), os.devnull, kill_after_seconds=10)

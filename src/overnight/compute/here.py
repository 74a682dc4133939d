"""What executes runs on this machine: their checkouts, the walls around them, and the warden that starts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from overnight.compute.slots import hardware, memory_mb
from overnight.measure.ahead import Ahead
from overnight.measure.checkpoint import Shelf
from overnight.measure.execute import Place
from overnight.measure.files import Broom
from overnight.measure.process import Running, Warden
from overnight.measure.resume import Resuming
from overnight.measure.sandbox.choose import choose
from overnight.program.program import Program
from overnight.repo.checkout import Pristine
from overnight.repo.repo import Repo


class Unseen:
    """A Watch that nobody keeps."""

    def started(self, running: Running) -> None: ...

    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None: ...


@contextmanager
def measuring(
    program: Program, repo: Repo, scratch: Path, results: Path, environ: Mapping[str, str]
) -> Iterator[Resuming]:
    """For the runs of one night, side by side."""
    broom = Broom()
    sandbox, pristine = choose(program.sandbox, scratch), Pristine(repo, scratch / "pristine")
    program = replace(program, memory_mb=program.memory_mb or memory_mb() / max(1, program.slots))
    runs, checkout = scratch / "runs", pristine.checkout
    most = 2 * max(1, program.slots)
    shelf, ahead = Shelf(results.parent / "checkpoints", most), Ahead(broom.sweep, most)
    place = Place(repo.root, runs, results, scratch.name, checkout, environ, hardware(), sandbox, broom, ahead)
    with closing(Warden()) as warden, closing(ahead):
        yield Resuming(program, place, warden, shelf)
    broom.wait()

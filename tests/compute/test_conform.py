"""Every executor of ours does what `overnight.testing.executors` asks of one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from overnight.compute.executor import Executor, Report
from overnight.compute.lease import Terms
from overnight.compute.leases import Leases
from overnight.compute.local import Execute, Expect, LocalSlots
from overnight.compute.parcel import Packer
from overnight.compute.pieces import Pieces
from overnight.measure.ahead import Ahead
from overnight.measure.checkpoint import Shelf
from overnight.measure.early import expect
from overnight.measure.execute import Place, execute
from overnight.measure.files import remove
from overnight.measure.process import Warden
from overnight.model import Slot
from overnight.repo.checkout import Pristine
from overnight.testing.executors import CHECKS, Bench, Rig
from tests.compute.near import Near, errand_of


class LocalSlotsAndTheirWarden(LocalSlots):
    def __init__(self, warden: Warden, ahead: Ahead, measure: Execute, report: Report, expect: Expect) -> None:
        super().__init__([Slot("slot-1"), Slot("slot-2")], measure, report, expect)
        self.warden, self.ahead = warden, ahead

    def close(self) -> None:
        super().close()
        self.ahead.close()
        self.warden.close()


def on_local_slots(bench: Bench, report: Report) -> Executor:
    pristine = Pristine(bench.repo, bench.folder / "pristine")
    runs = bench.folder / "s", bench.folder / "runs"
    warden, ahead = Warden(), Ahead(remove, 4)
    place = Place(bench.repo.root, *runs, "n-conform", pristine.checkout, os.environ, "this machine", ahead=ahead)
    measure = partial(execute, program=bench.program, place=place, warden=warden)
    expected = partial(expect, program=bench.program, place=place, warden=warden)
    return LocalSlotsAndTheirWarden(warden, ahead, measure, report, expected)


def on_posts(bench: Bench, report: Report) -> Executor:
    packer = Packer(bench.repo, bench.repo.head())
    engine = Near(errand_of(bench.program, bench.repo, packer), packer)
    terms = Terms(2, packer.parcel, lambda run: 100.0, lambda line: None)
    pieces = Pieces(bench.folder / "runs", bench.folder / "runs.part", Shelf(bench.folder / "checkpoints", 4))
    return Leases(engine, terms, pieces, report, time.monotonic)


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[on_local_slots, on_posts], ids=["local", "posts"])
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig.of(request.param, tmp_path_factory.mktemp("rig")) as rig:
        yield rig


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_conforms(check: Callable[[Rig], None], rig: Rig) -> None:
    check(rig)

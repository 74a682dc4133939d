"""The executor of a night on other machines: the engine that `--on` names, with our leases above it."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

from overnight.compute.executor import Report
from overnight.compute.lease import Terms
from overnight.compute.leases import Leases
from overnight.compute.outpost import Errand
from overnight.compute.parcel import Packer
from overnight.compute.pieces import Pieces
from overnight.compute.ray_posts import RayPosts
from overnight.measure.checkpoint import Shelf
from overnight.measure.stage import CPU_TO_WALL, LONGEST_SCORING
from overnight.model import Run
from overnight.program.program import Program
from overnight.repo.repo import Repo

FIRST = 300.0  # seconds for the first slot to come up: a cluster may have to start a machine
PACKED = 8  # commits whose changes are remembered
STARTUP = 60.0  # seconds that no run needs to be made ready


class Cluster:
    """Joined, and nothing started yet."""

    def __init__(self, program: Program) -> None:
        self.program, self.engine = program, RayPosts(program.on)
        self.slots = program.slots or self.engine.fitting(program)

    def executor(self, repo: Repo, folder: Path, report: Report) -> Leases:
        """For the night in `folder`. Waits for the first slot; the others come when the cluster has room for them."""
        packer = Packer(repo, repo.head())
        journal = folder / "posts.log"

        def note(line: str) -> None:
            with journal.open("a") as file:
                file.write(f"{line}\n")

        self.engine.instruct(self._errand(repo, packer), packer.all, note)
        pack = lru_cache(PACKED)(packer.parcel)  # a commit has several runs, and git is asked twice for each
        terms = Terms(self.slots, pack, lambda run: deadline(run, self.program), note)
        pieces = Pieces(folder / "runs", folder / "runs.part", Shelf(folder / "checkpoints", 2 * self.slots))
        leases = Leases(self.engine, terms, pieces, report, time.monotonic)
        there = [self.engine.about, self.engine.lacking(self.program.resources)]
        print(f"waiting for a slot: {'; '.join(filter(None, there))}", file=sys.stderr)
        with ExitStack() as undone:
            undone.callback(leases.close)
            leases.wait(FIRST)
            undone.pop_all()
        return leases

    def _errand(self, repo: Repo, packer: Packer) -> Errand:
        program = self.program
        return Errand(
            program=program,
            baseline=packer.baseline,
            files=packer.files,
            links=packer.links(),
            root=str(repo.root),
            common_dir=str(repo.common_dir),
            clone=repo.node(),
            cores=program.cores,
            gpus=self.engine.gpus(program.gpus),
            passed={name: os.environ[name] for name in program.pass_env if name in os.environ},
        )


def deadline(run: Run, program: Program) -> float:
    """Twice what a run may take at most: past that its node does not do what it should."""
    once = max(run.kill_after_seconds, program.kill_after_seconds) * (CPU_TO_WALL if program.box.cpu else 1.0)
    scoring = 2 * max(LONGEST_SCORING, program.kill_after_seconds) if program.score else 0.0
    return 2 * (once * (program.timing or 1) + scoring) + STARTUP

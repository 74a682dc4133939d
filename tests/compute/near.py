"""An engine without a network: outposts in this process, which can be made to die or to fall silent."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from overnight.compute.outpost import Errand, Outpost
from overnight.compute.parcel import Packer
from overnight.compute.posts import Gone, Heard, Order
from overnight.program.program import Program
from overnight.repo.repo import Repo


def errand_of(program: Program, repo: Repo, packer: Packer) -> Errand:
    return Errand(
        program=program,
        baseline=packer.baseline,
        files=packer.files,
        links=packer.links(),
        root=str(repo.root),
        common_dir=str(repo.common_dir),
        clone=repo.node(),
        cores=None,
        gpus=0.0,
        passed={},
    )


@dataclass(slots=True)
class NearPost:
    engine: Near
    name: str

    def send(self, order: Order) -> None:
        if self.name not in self.engine.silent:
            self.engine.outposts[self.name].take(order)

    def dismiss(self) -> None:
        self.engine.outposts.pop(self.name).close()


@dataclass(slots=True)
class Near:
    errand: Errand
    packer: Packer
    outposts: dict[str, Outpost] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)

    def hire(self, name: str) -> NearPost:
        self.outposts[name] = Outpost(self.errand, self.packer.all, lambda: None)
        return NearPost(self, name)

    def listen(self, seconds: float) -> Iterable[Heard]:
        speaking = [name for name in self.outposts if name not in self.silent]
        if not speaking:
            time.sleep(seconds)
        each = seconds / 10 / max(1, len(speaking))
        return [(name, [Gone("killed")] if name in self.dead else self.outposts[name].news(each)) for name in speaking]

    def close(self) -> None: ...

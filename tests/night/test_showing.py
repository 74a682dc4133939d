"""What a proposer that thinks is shown."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from overnight import wiring
from overnight.model import Experiment, Proposal, Wait
from overnight.night.asking import Seat
from overnight.night.showing import Showing
from overnight.night.watcher import Nobody
from overnight.propose.agents import AgentLine, Workplace
from overnight.propose.proposer import View
from overnight.repo.repo import Repo

from ..nights import PROGRAM, git, toy_repo
from .rehearsal import Coordinator, World, program


class Curious:
    """Turns WIDTH, and remembers what it was shown."""

    trusted = False
    thinks = True
    shown: list[View] = []  # noqa: RUF012 - what the tests look at

    def __init__(self, line: AgentLine, place: Workplace) -> None:
        self.first = int(line.options["first"])

    @classmethod
    def at(cls, line: AgentLine, place: Workplace) -> Curious:
        return cls(line, place)

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        assert n == 1
        self.shown.append(view)
        width = self.first + view.number
        text = view.files["train.py"].replace("WIDTH = 4", f"WIDTH = {width}")
        yield Proposal(
            {"train.py": text}, view.incumbent, "curious", f"width {width}", notes={"WIDTH": f"4 -> {width}"}
        )

    def observe(self, experiment: Experiment) -> None: ...

    def close(self) -> None: ...


def views(tmp_path: Path, experiments: int) -> list[View]:
    Curious.shown.clear()
    root = toy_repo(tmp_path / "toy", PROGRAM.replace("experiments: 5", f"experiments: {experiments}"))
    name = f"{__name__}:Curious"
    text = (root / "program.md").read_text()
    agents = f"agent: ['{name} first=8', '{name} first=30', search]\n"
    (root / "program.md").write_text(text.replace("policy:", f"{agents}policy:", 1))
    git(root, "commit", "-qam", "agents")
    wiring.work(wiring.load(root, {}), "mar5", Nobody())
    return Curious.shown


def test_two_who_think_at_the_same_time_look_at_different_things(tmp_path: Path) -> None:
    first, second = views(tmp_path, experiments=2)[:2]
    assert first.direction
    assert second.direction
    assert first.direction != second.direction


def test_the_baseline_is_told(tmp_path: Path) -> None:
    assert {view.baseline for view in views(tmp_path, experiments=1)} == {2.48}


class Empty:
    def texts(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        return {}


def until_something_lapses() -> Coordinator:
    seats = (Seat("model", thinks=True),) * 2
    for seed in range(100):
        coordinator = Coordinator(World(random.Random(seed), program(), 3, seats=seats))
        state = coordinator.night.state
        while not state.closed and not state.lapsed:
            coordinator.step()
        if state.lapsed and state.counted < 8:
            return coordinator
    raise AssertionError("nothing ever lapses")


def test_what_no_longer_applies_is_asked_for_anew_once() -> None:
    coordinator = until_something_lapses()
    state = coordinator.night.state
    (lapsed,) = state.lapsed
    showing = Showing(coordinator.night, cast(Repo, Empty()))
    first, other = (showing.view(seat, lapsed.origin, exact=False).direction for seat in (0, 1))
    assert first.startswith(f"again: {lapsed.hypothesis}: ")
    assert not other.startswith("again: ")
    while not state.closed and lapsed in state.lapsed:
        coordinator.step()
    newest = state.open[state.last_number]
    assert (newest.proposed.parent, newest.proposed.origin) == (state.incumbent, lapsed.origin)

"""From the lines of program.md to seats, and nights with several proposers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight import wiring
from overnight.errors import UsageError
from overnight.ledger.idling import Idled
from overnight.ledger.ledger import Reader
from overnight.ledger.views import rows, summary
from overnight.model import Cost, Experiment, Proposal, Wait
from overnight.night.asking import Seat
from overnight.night.crew import crew
from overnight.night.watcher import Nobody
from overnight.propose.agents import AgentLine, Workplace, agent_line
from overnight.propose.proposer import View
from overnight.testing import a_program

from ..nights import PROGRAM, toy_repo

THINKER = f"{__name__}:Thinker"


class Thinker:
    """Changes what no knob is, for 100 tokens a proposal; every second turn it has nothing."""

    trusted = False
    thinks = True

    def __init__(self, line: AgentLine, place: Workplace) -> None:
        self.by, self.turns, self.place = line.options.get("by", "0.01"), 0, place

    @classmethod
    def at(cls, line: AgentLine, place: Workplace) -> Thinker:
        return cls(line, place)

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        assert n == 1
        self.turns += 1
        cost = Cost(1.0, 100, None)
        if self.turns % 2 == 0:
            yield Wait(0.0, "it changed nothing", "no-edit", cost)
            return
        text = view.files["train.py"].replace("+ 1\n", f"+ 1 - {self.by}\n", 1)
        yield Proposal({"train.py": text}, view.incumbent, "thinker", f"turn {self.turns}", cost, idea="")

    def observe(self, experiment: Experiment) -> None: ...

    def close(self) -> None: ...


def seats(*lines: str, agents: int | None = None, knobs: bool = True) -> list[Seat]:
    return [m.seat for m in crew(a_program(agent=lines, agents=agents), wiring.PROPOSERS, knobs)]


def test_the_optimiser_alone_sits_alone() -> None:
    assert seats("search", agents=20) == [Seat("search")]


def test_so_many_think_as_are_wanted_and_the_optimiser_stands_in() -> None:
    model = Seat(THINKER, thinks=True)
    assert seats(THINKER, agents=3) == [model, model, model, Seat("search", stand_in=True)]


def test_nobody_stands_in_where_there_is_nothing_to_turn() -> None:
    assert seats(THINKER, knobs=False) == [Seat(THINKER, thinks=True)]


def test_a_hybrid_is_the_optimiser_and_the_other_for_a_share() -> None:
    assert seats(f"hybrid {THINKER} share=0.2") == [Seat("search"), Seat(THINKER, thinks=True, share=0.2)]
    assert seats(f"hybrid {THINKER}")[1].share == 0.3


@pytest.mark.parametrize("line", ["hybrid", "hybrid search share=2", "hybrid search share=many", "serach", "'open", ""])
def test_a_line_that_means_nothing_is_an_error_that_names_it(line: str) -> None:
    with pytest.raises(UsageError):
        seats(line)


def test_words_and_options_are_told_apart() -> None:
    line = agent_line("chat openai:m base_url=http://localhost:1/v1?a=b 'two words'")
    assert (line.name, line.words) == ("chat", ("openai:m", "two words"))
    assert line.options == {"base_url": "http://localhost:1/v1?a=b"}


def work(tmp_path: Path, *agents: str, experiments: int = 8) -> Path:
    text = PROGRAM.replace("experiments: 5", f"experiments: {experiments}")
    root = toy_repo(tmp_path / "repo", text)
    task = wiring.load(root, {"agent": "\n".join(agents)})
    wiring.work(task, "mar5", Nobody())
    return root / ".git/overnight/mar5"


def test_in_a_night_of_both_both_propose_and_what_came_to_nothing_is_written_down(tmp_path: Path) -> None:
    with Reader.open(work(tmp_path, "search", f"{THINKER} by=0.02")) as reader:
        origins = {row.origin for row in rows(reader)}
        idle = [entry.event for entry in reader.since() if isinstance(entry.event, Idled)]
        seen = summary(reader, held=False)
        proposed = sum(row.origin == "thinker" for row in rows(reader))
    assert {"search", "thinker"} <= origins
    assert idle
    assert {(event.origin, event.trouble, event.why) for event in idle} == {(THINKER, "no-edit", "it changed nothing")}
    assert seen.tokens == 100 * (len(idle) + proposed)  # also what came to nothing was paid
    assert seen.usd is None  # an unknown price is unknown


def test_everybody_is_told_of_everything_and_has_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = work(tmp_path, f"{__name__}:Listener", f"{__name__}:Listener by=2", experiments=4)
    first, second = Listener.made[-2:]
    with Reader.open(folder) as reader:
        numbers = [row.number for row in rows(reader)][1:]
    assert first.heard == second.heard == numbers
    assert first.place.scratch != second.place.scratch


class Listener(Thinker):
    thinks = False
    made: list[Listener] = []  # noqa: RUF012 - what the test looks at

    def __init__(self, line: AgentLine, place: Workplace) -> None:
        super().__init__(line, place)
        self.heard: list[int] = []
        self.made.append(self)

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        text = f"{view.files['train.py']}FOR = {view.number} / {self.by}\n"
        yield Proposal({"train.py": text}, view.incumbent, "listener", f"by {self.by}")

    def observe(self, experiment: Experiment) -> None:
        self.heard.append(experiment.number)

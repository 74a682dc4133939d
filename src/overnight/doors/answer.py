"""What has become of an ask, from the ledger: what a proposer may be told, and nothing that is hidden.

Scores are as they were released, in steps, and a keep's or a discard's own sentence is left out, for hidden numbers go
into it: `overnight show` has them, for people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from overnight.errors import LedgerError
from overnight.judge.policy import AnyPolicy, Want
from overnight.ledger.events import Judged, Opened, Recorded
from overnight.ledger.ledger import Reader
from overnight.model import Call, Verdict
from overnight.night.doors import Doors
from overnight.night.due import WANTED
from overnight.night.state import NightState
from overnight.night.steering import steering_of
from overnight.night.telling import SILENT
from overnight.night.verify import program_of
from overnight.program.program import Program

Policies = Callable[[str], AnyPolicy]

BEST = """
    SELECT json_extract(body, '$.released') FROM event WHERE kind = 'recorded'
    AND json_extract(body, '$.kept') IS NOT NULL AND json_extract(body, '$.released') IS NOT NULL
    ORDER BY seq DESC LIMIT 1"""
PLAIN = {
    Call.KEEP: "better than the branch was",
    Call.DISCARD: "no better than the branch",
}


class State(StrEnum):
    OPEN = "open"  # its workspace is being worked on
    TOLD = "told"  # waits for its turn
    MEASURING = "measuring"  # has a number, and no verdict yet
    HELD = "held"  # the judge would keep it, and a person is to say whether it lands
    JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class Answer:
    ask: int
    state: State
    metric: str
    best: float | None  # of the branch, as far as it is released
    experiment: int | None = None
    call: Call | None = None
    why: str = ""
    score: float | None = None  # as far as it is released
    external: bool = False  # people report the numbers
    wanted: tuple[int, ...] = ()  # asks of which another number is wanted, each as often as one is

    @property
    def kept(self) -> bool:
        return self.call is Call.KEEP

    @property
    def settled(self) -> bool:
        return self.state in (State.HELD, State.JUDGED)


def answer_of(reader: Reader, doors: Doors, ask: int, policies: Policies) -> Answer:
    """`doors`: as the ledger has them."""
    opened = opened_in(reader)
    number, program = doors.experiments.get(ask), program_of(opened.settings)
    state, verdict, released = _found(reader, number, ask in doors.told)
    wanted = _wanted(reader, program, policies) if program.external and verdict is None else ()
    return Answer(
        ask=ask,
        state=state,
        metric=opened.metric,
        best=best_of(reader),
        experiment=number,
        call=verdict.call if verdict else None,
        why=_why(verdict) if verdict else "",
        score=released,
        external=program.external,
        wanted=tuple(wanted),
    )


def best_of(reader: Reader) -> float | None:
    found = next(reader.query(BEST), None)
    return found[0] if found else None


def opened_in(reader: Reader) -> Opened:
    if (entry := reader.find("opened")) and isinstance(entry.event, Opened):
        return entry.event
    raise LedgerError(f"{reader.path}: the night was killed before its first entry; give the same command again")


def _found(reader: Reader, number: int | None, told: bool) -> tuple[State, Verdict | None, float | None]:
    if number is None:
        return (State.TOLD if told else State.OPEN), None, None
    judged, recorded = reader.find(f"{number}/judged"), reader.find(f"{number}/recorded")
    if judged and recorded and isinstance(judged.event, Judged) and isinstance(recorded.event, Recorded):
        return State.JUDGED, judged.event.verdict, recorded.event.released
    return (State.HELD if number in steering_of(reader).held else State.MEASURING), None, None


def _why(verdict: Verdict) -> str:
    """A change that was never measured on the branch has no hidden number in its sentence."""
    if verdict.experiment == 0:
        return "the untouched baseline"
    return PLAIN[verdict.call] if verdict.call in SILENT and verdict.score is not None else verdict.why


def _wanted(reader: Reader, program: Program, policies: Policies) -> Iterator[int]:
    """What the judge waits for, where it waits for people."""
    state, doors = NightState(program, policies(program.policy)), Doors()
    for entry in reader.since():
        state.fold(entry)
        doors.fold(entry)
        state.finished.clear()
    for want in state.policy.wants(state.belief, WANTED):
        if isinstance(want, Want):
            yield doors.ask_of(want.experiment)

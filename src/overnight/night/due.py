"""What the loop takes in of that which has come in by hand.

What is told waits until the night searches on a baseline, and then is a proposal like any other, made against the
commit that its workspace held: where another keep has landed meanwhile, the loop puts it on top of that. A reported
number is a run only where the program says that nothing is measured here (`run: elsewhere`): then it fills the run that
the judge wants of this experiment. Anywhere else it is what its author says, and the change is measured here. What a
change has cost its author is not the night's to know: the night has spent nothing on it. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from overnight.judge.policy import Want
from overnight.ledger.doors import Reported, Told
from overnight.ledger.events import Event, Proposed, RunDone, RunStarted
from overnight.model import Level, Phase, Run, Score, Status, Trial, Usage
from overnight.night.actions import Write
from overnight.night.state import NightState
from overnight.program.program import Program

WANTED = 64  # of the judge's wants that are looked at
ELSEWHERE = "measured elsewhere"


def due(program: Program, state: NightState, run: Callable[[Want], Run]) -> Iterator[Write]:
    """What can be taken in now. `run`: makes a run of what the judge wants."""
    if state.phase is not Phase.SEARCH:
        return
    if state.incumbent:
        yield from (Write((_proposed(told, program, state),)) for told in state.doors.told.values())
    if program.external:
        yield from (Write(events) for events in _runs(program, state, run))


def _proposed(told: Told, program: Program, state: NightState) -> Proposed:
    asked, numbers = state.doors.asked[told.ask], state.doors.reported.get(told.ask, ())
    said = ELSEWHERE if program.external else ", ".join(f"{each.value:g} {ELSEWHERE}" for each in numbers)
    return Proposed(
        experiment=state.last_number + 1,
        parent=asked.parent,
        edits=told.edits,
        origin=asked.who,
        hypothesis=(told.hypothesis or "(no hypothesis given)") + (f" ({said})" if said else ""),
        idea=asked.idea,
        ask=told.ask,
    )


def _runs(program: Program, state: NightState, run: Callable[[Want], Run]) -> Iterator[tuple[Event, ...]]:
    for want in state.policy.wants(state.belief, WANTED):
        numbers = state.doors.reported.get(state.doors.ask_of(want.experiment)) if isinstance(want, Want) else None
        if numbers and isinstance(want, Want):
            wanted = run(want)
            done = RunDone(run=wanted, trial=_trial(program, wanted, numbers[0]))
            yield RunStarted(run=wanted, attempt=1, slot="elsewhere"), done


def _trial(program: Program, run: Run, said: Reported) -> Trial:
    return Trial(
        run_id=run.id,
        attempt=1,
        status=Status.OK,
        scores={program.metric: Score(said.value)},
        usage=Usage(),
        exit_code=None,
        signal=None,
        why=f"{ELSEWHERE}; {said.who} says so",
        tail="",
        level=Level.EXTERNAL,
        hardware="elsewhere",
    )

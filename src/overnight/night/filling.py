"""Which runs go to which slots. What a run is, and how long it may take, is said here; that it is wanted, by the judge.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from overnight.judge.policy import Want
from overnight.judge.seeds import seed_for
from overnight.model import Purpose, Run, Slot
from overnight.night import actions as do
from overnight.night.state import NightState
from overnight.program.program import Program

STARTUP_SLACK, BOX_SLACK, LEAST_SLACK = 1.5, 0.05, 0.5
"""What a run may take beside its box: so many times what the baseline took, a share of the box, and so many seconds.
A larger model takes longer to save: at 1.25, .02 and nothing half of a night's honest runs were ended."""


def starts(
    program: Program, state: NightState, secret: str, wants: Sequence[Want], free: Sequence[Slot]
) -> Iterator[do.Start]:
    """The judge's runs, and on hardware that does not count those that decide what the judge is to see."""
    here, others = state.scouts.apart(free, program.confirm_on)
    wanted: list[tuple[list[Want], list[Slot]]] = [(state.scouts.first(wants), here)]
    unseen = [e.number for e in state.open.values() if e.number and e.removes is None and e.unseen]
    flying = {started.experiment for started in state.under_way.values()}
    waiting = [number for number in unseen if number not in flying]
    for class_, slots in others.items():
        scouted = list(islice(state.scouts.wants(class_, waiting), len(slots)))
        waiting = [number for number in waiting if all(want.experiment != number for want in scouted)]
        wanted.append((scouted, slots))
    for those, slots in wanted:
        new = (want for want in those if _what(state, want)[0] not in state.under_way)
        for want, slot in zip(new, slots, strict=False):
            run = run_of(program, state, secret, want)
            yield do.Start(run, state.attempts.get(run.id, 0) + 1, slot)


def run_of(program: Program, state: NightState, secret: str, want: Want) -> Run:
    run_id, commit = _what(state, want)
    return Run(
        id=run_id,
        experiment=want.experiment,
        commit=commit,
        purpose=want.purpose,
        split=want.split,
        seed=seed_for(secret, state.name, run_id),
        box_seconds=program.box.seconds,
        kill_after_seconds=_kill_after(program, state, want.purpose),
        rungs=want.rungs,
    )


def _what(state: NightState, want: Want) -> tuple[str, str]:
    """The run's id, and the commit that it measures."""
    name, kept = f"{want.experiment}-{want.purpose}", state.kept
    if want.experiment not in state.open:
        name += f"-{next(reversed(kept))}" if want.purpose is Purpose.CLAIM else ""
        return f"{name}-{want.index}", kept[want.experiment]
    experiment = state.open[want.experiment]
    assert experiment.commit is not None
    again = f"-r{experiment.rebases}" if experiment.rebases else ""
    return f"{want.experiment}{again}-{want.purpose}-{want.index}", experiment.commit


def _kill_after(program: Program, state: NightState, purpose: Purpose) -> float:
    """The box is ours to hold: what takes longer to start than the baseline did trains for longer, if it likes. Of how
    long other hardware takes to start nothing is known."""
    limit, allowed = program.kill_after_seconds, program.startup_seconds
    if allowed is None and state.startup_seconds is not None:
        allowed = STARTUP_SLACK * state.startup_seconds + BOX_SLACK * program.box.seconds + LEAST_SLACK
    if allowed is None or purpose in (Purpose.BASELINE, Purpose.SCOUT):
        return limit
    return min(limit, program.box.seconds + allowed)

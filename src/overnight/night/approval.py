"""Keeps that a person has to agree to: `approve: keeps`. Nobody waits for the person but the keep itself."""

from __future__ import annotations

from overnight.model import Call, Phase
from overnight.night.open import Open
from overnight.night.state import NightState
from overnight.program.program import Program


def unanswered(program: Program, state: NightState, experiment: Open) -> bool:
    """The judge would keep it, and a person has to say whether it lands."""
    verdict = experiment.verdict
    if program.approve != "keeps" or verdict is None or verdict.call is not Call.KEEP:
        return False
    ours = experiment.number == 0 or experiment.removes is not None
    return not ours and state.steering.needs_approval(experiment.number)


def waits(program: Program, state: NightState, experiment: Open) -> bool:
    """What was answered lands while the night searches, or when it goes on."""
    held = unanswered(program, state, experiment) and experiment.number in state.steering.held
    answered = experiment.number in state.steering.approvals and state.phase is Phase.CLAIM
    return held or answered

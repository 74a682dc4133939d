"""The plain rule made honest, for nights too short to measure anything twice.

A change is kept when its one run beats the one run that made its incumbent by at least a step, which is the noise of a
run as the baseline showed it; what an incumbent owes to luck, the next change has to beat too. Nothing that is kept so
is called proven, and none of it is dropped without a run, since one run against another says too little either way.
The claim at the end, on the sealed set, is the only gain.

In simulated nights of 20 to 60 runs it finds up to a tenth more than `proof` where changes bring several times the
noise, and much less where they do not.
"""

from __future__ import annotations

from dataclasses import replace

from overnight.judge import calibrate, candidates, guards, words
from overnight.judge.calibrate import another
from overnight.judge.candidates import failed, learned, verdict
from overnight.judge.policy import Outlook, Removal, Want
from overnight.judge.proof import ProofPolicy
from overnight.judge.simpler import landing_simpler, tie
from overnight.judge.state import Candidate, Landing, Proof
from overnight.judge.value import Terms
from overnight.judge.weigh import Next, Weighed, landing, price, terms, weigh
from overnight.ledger.events import Event, RunDone
from overnight.model import Call, Phase, Purpose, Standing, Status, Trial, Verdict
from overnight.program.program import Program

RUNS = 3
"""Of the baseline: enough for a first idea of the noise."""

PROOF = ProofPolicy()
Heard = tuple[Proof, list[Verdict]]


class FastPolicy:
    """Implements `Policy`."""

    phases: tuple[Phase, ...] = (Phase.CLAIM,)

    def start(self, program: Program) -> Proof:
        return PROOF.start(program)

    def step(self, state: Proof, event: Event) -> Heard:
        if isinstance(event, RunDone) and event.run.purpose in (Purpose.BASELINE, Purpose.SCREEN):
            state = replace(state, runs=state.runs + 1)
            if event.run.purpose is Purpose.BASELINE:
                return calibrate.take(state, event.run, event.trial, RUNS)
            return take(state, event.experiment, event.trial)
        return PROOF.step(state, event)

    def wants(self, state: Proof, free: int) -> list[Want | Removal]:
        if not state.incumbent:
            return [*calibrate.wants(state, RUNS)]
        return [*candidates.screens(state)] if state.phase is Phase.SEARCH else PROOF.wants(state, free)

    def outlook(self, state: Proof, total: int | None) -> Outlook:
        said = PROOF.outlook(state, total)
        silent = (Standing.REMOVED, Standing.SIMPLER)
        worths = (replace(w, low=None, high=None) for w in said.worths)  # of one run against one they held 9 in 10
        carried = (w if w.standing in silent else replace(w, standing=Standing.CARRIED) for w in worths)
        return replace(said, worths=tuple(carried))


def take(state: Proof, number: int, trial: Trial) -> Heard:
    """The one run of a candidate has ended."""
    candidate = state.open.get(number)
    if candidate is None or candidate.settled:
        return state, []
    if trial.status is not Status.OK or not state.yardstick.readable(trial):
        return failed(state, candidate, trial)
    state = another(state, candidate, trial)
    candidate, known = state.open[number], terms(state)
    found = weigh(state, candidate, known)
    holds, broken = guards.worst(state.rules.guards, candidate.guarded)
    lands = None if holds is guards.Holds.NO else _lands(state, candidate, found, known)
    state = learned(state, replace(candidate, landing=lands), found, known)
    if lands is None:
        why = broken or words.discarded(state, candidate, found)
        return state, [verdict(state, candidate, found, Call.DISCARD, why)]
    simpler = lands.keep is not None and lands.keep.simpler
    why = (words.simpler if simpler else words.kept)(state, candidate, found)
    return state, [replace(verdict(state, candidate, found, Call.KEEP, why), simpler=simpler)]


def _lands(state: Proof, candidate: Candidate, found: Weighed, known: Terms) -> Landing | None:
    if found.difference - price(state, candidate) > state.noise.sigma:
        lands = landing(state, candidate, found)
        assert lands.keep is not None
        bank = replace(lands.bank, visible=candidate.visible, hidden=candidate.hidden)  # its luck stays in
        return replace(lands, bank=bank, keep=replace(lands.keep, bet=True))
    if tie(state, candidate, found, known) is Next.KEEP:
        return landing_simpler(state, candidate, found, known)
    return None

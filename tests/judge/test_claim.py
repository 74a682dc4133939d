from __future__ import annotations

from dataclasses import replace

import pytest

from overnight.judge.claim import t_quantile
from overnight.judge.policy import Removal, Want
from overnight.judge.proof import ProofPolicy
from overnight.ledger.events import Session
from overnight.model import Call, Phase, Purpose, Run, Split, Standing, Status
from overnight.testing import a_program
from tests.judge.driver import Court, Outcome

WOBBLE = (0.03, -0.05, 0.06, -0.04, 0.01)


class World:
    """Keep 1 is worth 1; on the sealed set the branch is better by 0.8 only."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, run: Run) -> Outcome:
        self.made += 1
        worth = 0.0 if run.experiment == 0 else 0.8 if run.split is Split.SEALED else 1.0
        loss = 10.0 - worth + WOBBLE[self.made % 5]
        return loss, loss


def night(keep: bool = True) -> Court:
    court = Court(ProofPolicy(), World())
    court.propose(0)
    court.decide(0)
    if keep:
        court.judge(1)
    return court


def session(number: int) -> Session:
    return Session(number=number, host="", pid=1, scratch="", program_text="", settings={})


def test_branch_and_baseline_take_turns_on_the_sealed_set() -> None:
    court = night()
    court.turn(Phase.CLAIM)
    sides = [Want(number, Purpose.CLAIM, index, Split.SEALED) for index in range(3) for number in (0, 1)]
    for k, want in enumerate(sides):
        assert court.wants() == sides[k:]
        court.run(want)
    assert court.wants() == []


def test_a_program_may_want_more_runs_a_side() -> None:
    court = Court(ProofPolicy(), World(), replace(a_program(), claim=5))
    court.propose(0)
    court.decide(0)
    court.judge(1)
    court.turn(Phase.CLAIM)
    court.finish()
    claim = court.policy.outlook(court.state, None).claim
    assert claim is not None
    assert claim.runs == 5


def test_the_claim_is_their_difference_with_an_interval() -> None:
    court = night()
    court.turn(Phase.CLAIM)
    court.finish()
    claim = court.policy.outlook(court.state, None).claim
    assert claim is not None
    assert (claim.split, claim.runs) == (Split.SEALED, 3)
    assert claim.gain == pytest.approx(claim.baseline - claim.branch)
    assert claim.low < 0.8 < claim.high
    assert claim.high - claim.low < 0.5


def test_a_night_without_a_keep_claims_nothing_and_reserves_nothing() -> None:
    court = night(keep=False)
    assert court.policy.outlook(court.state, 100).reserve == 0
    court.turn(Phase.CLAIM)
    assert court.wants() == []


def test_a_keep_reserves_the_runs_of_its_claim() -> None:
    assert night().policy.outlook(night().state, 100).reserve == 6


def test_no_more_runs_than_are_left() -> None:
    court = night()
    court.turn(Phase.CLAIM, left=4)
    court.finish()
    assert court.purposes().count(Purpose.CLAIM) == 4


def test_whatever_is_open_has_its_verdict_at_once() -> None:
    court = night()
    court.propose(2)
    court.run(court.wants()[0])
    court.propose(3)
    court.turn(Phase.CLAIM)
    assert court.verdicts[2].call is court.verdicts[3].call is Call.DISCARD
    assert court.verdicts[3].why == "the night ended before it was decided: 0 runs"


def test_what_comes_in_later_has_it_too() -> None:
    court = night()
    court.turn(Phase.CLAIM)
    court.propose(2)
    assert court.verdicts[2].call is Call.DISCARD


def unbelieved(court: Court) -> Court:
    """As if its luck had been found out."""
    keep = replace(court.state.keeps[1], difference=-0.5)
    court.state = replace(court.state, keeps={1: keep})
    return court


def test_what_is_not_believed_goes_without_a_run() -> None:
    court = unbelieved(night())
    court.turn(Phase.CLAIM)
    assert court.wants() == [Removal(1)]
    court.finish()
    assert (court.verdicts[2].call, court.verdicts[2].removes, court.verdicts[2].runs) == (Call.KEEP, 1, 0)
    assert court.policy.outlook(court.state, None).worths[0].standing is Standing.REMOVED
    assert Purpose.CLAIM not in court.purposes()


def test_what_cannot_be_taken_back_stays_and_is_claimed_with_the_rest() -> None:
    court = unbelieved(night())
    court.turn(Phase.CLAIM)
    court.run(court.wants()[0])
    court.verdicts[2] = replace(court.verdicts[2], call=Call.INVALID, why="the patch does not reverse")
    court.finish()
    assert court.policy.outlook(court.state, None).claim is not None


def test_a_claim_that_was_killed_goes_on_where_it_was() -> None:
    court = night()
    court.turn(Phase.CLAIM)
    court.run(court.wants()[0])
    court.hear(session(2))
    assert court.wants() == []
    court.turn(Phase.CLAIM, left=100)
    assert court.wants()[0] == Want(1, Purpose.CLAIM, 0, Split.SEALED)
    court.finish()
    assert court.purposes().count(Purpose.CLAIM) == 6


def test_a_claim_of_an_older_branch_is_forgotten() -> None:
    court = night()
    court.turn(Phase.CLAIM)
    court.finish()
    court.hear(session(2))
    court.measure = lambda run: (8.0, 8.0)
    court.judge(2)
    assert court.policy.outlook(court.state, None).claim is None


def test_a_failed_run_is_made_good_by_another() -> None:
    court = night()
    world = court.measure
    court.turn(Phase.CLAIM)
    court.measure = lambda run: Status.CRASH if run.id == "1-claim-1" else world(run)
    court.finish()
    assert [run.id for run in court.ran][-1] == "1-claim-3"
    assert court.state.claiming.result.runs == 3


def test_a_branch_that_fails_every_time_has_no_claim() -> None:
    court = night()
    world = court.measure
    court.turn(Phase.CLAIM)
    court.measure = lambda run: Status.CRASH if run.experiment else world(run)
    court.finish()
    assert court.policy.outlook(court.state, None).claim is None


def test_a_task_with_one_set_is_claimed_on_it() -> None:
    court = Court(
        ProofPolicy(), lambda run: 9.0 + 0.01 * len(court.ran) if run.experiment else 10.0 + 0.01 * len(court.ran)
    )
    court.propose(0)
    court.decide(0)
    court.judge(1)
    court.turn(Phase.CLAIM)
    court.finish()
    assert court.state.claiming.result.split is Split.VISIBLE


@pytest.mark.parametrize(("df", "quantile"), [(3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)])
def test_students_quantile_is_the_tables(df: float, quantile: float) -> None:
    assert t_quantile(df) == pytest.approx(quantile, rel=0.02)

from __future__ import annotations

import pytest

from overnight.judge.fast import FastPolicy
from overnight.judge.policy import Want
from overnight.model import Call, Phase, Purpose, Run, Standing, Status
from tests.judge.driver import Court, Outcome

WOBBLE = (0.05, -0.05, 0.06)


def night(*worth: float, status: Status = Status.OK) -> Court:
    """Three runs of the baseline, and then exact scores."""
    known = dict(enumerate(worth, start=1))

    def measure(run: Run) -> Outcome:
        if run.purpose is Purpose.BASELINE:
            return 10.0 + WOBBLE[len(court.ran) - 1]
        return 10.0 - known.get(run.experiment, 0.0) if status is Status.OK else status

    court = Court(FastPolicy(), measure)
    court.propose(0)
    court.decide(0)
    return court


def test_the_baseline_has_three_runs_and_a_candidate_one() -> None:
    court = night(1.0)
    assert court.purposes() == [Purpose.BASELINE] * 3
    verdict = court.judge(1)
    assert (verdict.call, verdict.runs) == (Call.KEEP, 1)


@pytest.mark.parametrize(("worth", "call"), [(0.2, Call.KEEP), (0.03, Call.DISCARD), (-1.0, Call.DISCARD)])
def test_what_beats_the_last_keep_by_a_step_is_kept(worth: float, call: Call) -> None:
    court = night(1.0, 1.0 + worth)
    court.judge(1)
    assert court.judge(2).call is call


def test_a_run_that_fails_is_no_keep() -> None:
    assert night(1.0, status=Status.TIMEOUT).judge(1).call is Call.TIMEOUT


def test_nothing_is_called_proven() -> None:
    court = night(1.0)
    court.judge(1)
    assert [worth.standing for worth in court.policy.outlook(court.state, None).worths] == [Standing.CARRIED]


def test_no_interval_is_given_for_one_run_against_one() -> None:
    court = night(1.0)
    court.judge(1)
    (worth,) = court.policy.outlook(court.state, None).worths
    assert (worth.low, worth.high) == (None, None)


def test_there_is_no_dawn_and_the_claim_is_the_gain() -> None:
    court = night(1.0)
    court.judge(1)
    assert court.policy.phases == (Phase.CLAIM,)
    court.turn(Phase.CLAIM)
    assert court.wants()[0] == Want(0, Purpose.CLAIM, 0)
    court.finish()
    assert court.state.claiming.result.gain == pytest.approx(1.0)


def test_a_person_may_still_have_every_keep_examined() -> None:
    court = night(1.0)
    court.judge(1)
    court.turn(Phase.DAWN, left=None, thorough=True)
    court.finish()
    assert Purpose.ABLATION in court.purposes()

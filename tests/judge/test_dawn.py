from __future__ import annotations

import pytest

from overnight.judge.policy import Removal, Want
from overnight.judge.proof import ProofPolicy
from overnight.model import Call, Phase, Purpose, Run, Standing, Status, Worth
from tests.judge.driver import Court, Outcome

BAD = range(3, 23)
REMOVAL = 23

WOBBLE = (0.06, -0.10, 0.12, -0.08, 0.02, -0.05, 0.03)


class World:
    """Keep 1 is worth `first` in truth, but was lucky by `luck` when it was screened; keep 2 is worth a half."""

    def __init__(self, first: float, luck: float) -> None:
        self.first, self.luck, self.made = first, luck, 0

    def __call__(self, run: Run) -> Outcome:
        self.made += 1
        wobble = WOBBLE[self.made % 7]
        lucky = self.luck if run.experiment == 1 and run.purpose in (Purpose.SCREEN, Purpose.REPEAT) else 0.0
        loss = 10.0 - self.worth(run) - lucky + wobble + (run.experiment in BAD)
        return loss, loss

    def worth(self, run: Run) -> float:
        if run.purpose is Purpose.ABLATION:
            return 0.5
        return {0: 0.0, 1: self.first}.get(run.experiment, self.first + 0.5)


def night(first: float = -0.2, luck: float = 0.325) -> Court:
    court = Court(ProofPolicy(), World(first, luck))
    court.propose(0)
    court.decide(0)
    for number in range(1, REMOVAL):
        court.judge(number)
    assert 1 in court.state.keeps
    return court


def worths(court: Court) -> dict[int, Worth]:
    return {worth.experiment: worth for worth in court.policy.outlook(court.state, None).worths}


def test_only_a_keep_in_doubt_is_examined() -> None:
    court = night()
    court.turn(Phase.DAWN)
    assert court.wants() == [Removal(1)]


def test_a_keep_that_is_worth_nothing_is_taken_back() -> None:
    court = night()
    court.turn(Phase.DAWN)
    court.finish()
    assert (court.verdicts[REMOVAL].call, court.verdicts[REMOVAL].removes) == (Call.KEEP, 1)
    assert worths(court)[1].standing is Standing.REMOVED
    assert worths(court)[2].standing is Standing.PROVEN
    assert court.branch == f"k{REMOVAL}"


def test_its_evidence_grows_with_each_run_without_it() -> None:
    court = night()
    before = court.state.keeps[1]
    court.turn(Phase.DAWN)
    court.run(court.wants()[0])
    while (want := court.wants()[0]) and want.purpose is Purpose.INCUMBENT:  # type: ignore[union-attr]
        court.run(want)
    court.run(Want(REMOVAL, Purpose.ABLATION, 0))
    after = court.state.keeps[1]
    assert after.a < before.a
    assert after.difference < before.difference
    assert after.doubt > before.doubt


def test_a_keep_that_is_worth_its_runs_stays() -> None:
    court = night(first=0.25, luck=0.0)
    court.turn(Phase.DAWN, thorough=True)
    court.finish()
    removals = [verdict for verdict in court.verdicts.values() if verdict.removes is not None]
    assert {verdict.removes for verdict in removals} == {1, 2}
    assert {verdict.call for verdict in removals} == {Call.DISCARD}
    assert "stays" in removals[0].why


def test_the_branchs_bank_is_two_ahead_before_a_keep_is_examined() -> None:
    court = night()
    court.turn(Phase.DAWN)
    court.run(court.wants()[0])
    while court.wants()[0].purpose is Purpose.INCUMBENT:  # type: ignore[union-attr]
        court.run(court.wants()[0])
    assert 1 / court.state.banks[court.branch].a >= court.state.keeps[1].runs + 2 - 1e-9


def test_no_more_than_a_tenth_of_the_night_goes_into_it() -> None:
    court = night()
    before = len(court.ran)
    court.turn(Phase.DAWN, left=30 - before)
    court.finish()
    assert len(court.ran) - before <= 3


def test_without_any_budget_nothing_is_examined() -> None:
    court = night()
    court.turn(Phase.DAWN, left=0)
    assert court.wants() == []


def test_a_thorough_look_takes_at_least_one_run_of_each() -> None:
    court = night(first=1.0, luck=0.0)
    court.turn(Phase.DAWN, left=0, thorough=True)
    court.finish()
    assert court.purposes().count(Purpose.ABLATION) == 2


def test_a_branch_that_fails_without_a_keep_needs_it() -> None:
    court = night()
    court.turn(Phase.DAWN)
    court.measure = lambda run: Status.CRASH if run.purpose is Purpose.ABLATION else World(-0.2, 0.0)(run)
    court.finish()
    assert court.verdicts[REMOVAL].call is Call.CRASH
    assert court.wants() == []


def test_the_search_goes_on_where_nothing_is_worth_examining() -> None:
    court = night(first=1.0, luck=0.0)
    court.turn(Phase.DAWN)
    court.propose(REMOVAL)
    assert court.wants() == [Want(REMOVAL, Purpose.SCREEN, 0)]


def test_what_is_left_of_the_branch_is_compared_with_its_own_bank() -> None:
    court = night()
    court.turn(Phase.DAWN)
    court.finish()
    bank = court.state.banks[f"k{REMOVAL}"]
    assert -bank.visible == pytest.approx(9.6, abs=0.2)
    assert list(court.state.banks) == [f"k{REMOVAL}"]

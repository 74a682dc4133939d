from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.judge.policy import Want
from overnight.judge.proof import ProofPolicy
from overnight.model import Call, Goal, Purpose, Run, Score, Split, Standing, Status, Trial, Usage, Verdict
from overnight.program.program import Guard, Program, Stop
from overnight.testing import a_program
from tests.judge.driver import Court, Measure, Outcome

NOISE = (0.03, -0.05, 0.06, -0.04)
"""Of the baseline's four runs, in turn, and so on."""


def loss(worth: Mapping[int, float], noise: float = 1.0, base: float = 10.0) -> Measure:
    """What each experiment is worth, on a branch that has the keeps before it; the noise comes round."""
    made: list[Run] = []

    def measure(run: Run) -> Outcome:
        made.append(run)
        return base - worth.get(run.experiment, 0.0) + noise * NOISE[len(made) % 4]

    return measure


def court(worth: Mapping[int, float], noise: float = 1.0, program: Program | None = None) -> Court:
    court = Court(ProofPolicy(), loss(worth, noise), program or a_program())
    court.propose(0)
    court.decide(0)
    return court


def night(seed: int, goal: Goal = Goal.MINIMIZE, unit: float = 1.0, shift: float = 10.0) -> Court:
    """Forty proposals with a hidden set, by chance but the same for a seed."""
    chance = random.Random(seed)
    sign = 1 if goal is Goal.MINIMIZE else -1
    worth: dict[int, tuple[float, float]] = {0: (0.0, 0.0)}

    def measure(run: Run) -> Outcome:
        noise = chance.gauss(0, 0.1)
        return tuple(unit * sign * (shift - part - noise) for part in worth[run.experiment])  # type: ignore[return-value]

    court = Court(ProofPolicy(), measure, a_program(goal=goal))
    court.propose(0)
    court.decide(0)
    for number in range(1, 41):
        true = chance.choice((0.0, 0.0, -0.5, -1.0, 0.4))
        on = worth[int(court.branch[1:])]
        worth[number] = (on[0] + true + chance.gauss(0, 0.03), on[1] + true + chance.gauss(0, 0.03))
        court.judge(number)
    return court


def test_the_baseline_is_run_four_times_at_once() -> None:
    court = Court(ProofPolicy(), loss({}))
    court.propose(0)
    assert court.wants(4) == [Want(0, Purpose.BASELINE, index) for index in range(4)]


def test_the_baselines_runs_may_end_in_any_order() -> None:
    court = Court(ProofPolicy(), loss({}))
    court.propose(0)
    for want in court.wants(4)[::-1]:
        court.run(want)
    assert court.verdicts[0].call is Call.KEEP
    assert court.verdicts[0].runs == 4


@given(st.permutations([9.98, 10.01, 10.05, 9.93]))
@settings(max_examples=10)
def test_their_order_changes_nothing(scores: list[float]) -> None:
    given_scores = iter(scores)
    court = Court(ProofPolicy(), lambda run: next(given_scores))
    court.propose(0)
    court.decide(0)
    assert court.policy.outlook(court.state, None).noise == pytest.approx(0.05901, abs=1e-4)


@pytest.mark.parametrize(
    ("status", "call"), [(Status.CRASH, Call.CRASH), (Status.TIMEOUT, Call.TIMEOUT), (Status.NOT_FINITE, Call.INVALID)]
)
def test_a_baseline_that_fails_once_is_no_baseline(status: Status, call: Call) -> None:
    court = Court(ProofPolicy(), lambda run: status if run.id.endswith("2") else 1.0)
    court.propose(0)
    assert court.decide(0).call is call
    assert court.wants() == []


def test_a_candidate_begins_with_one_run() -> None:
    at = court({})
    at.propose(1)
    assert at.wants() == [Want(1, Purpose.SCREEN, 0)]


def test_what_is_clearly_worse_is_done_with_after_it() -> None:
    at = court({1: -1.0})
    verdict = at.judge(1)
    assert (verdict.call, verdict.runs) == (Call.DISCARD, 1)
    assert verdict.doubt == pytest.approx(1.0, abs=1e-6)


def test_a_gain_needs_a_second_run() -> None:
    at = court({1: 1.0})
    at.propose(1)
    at.run(at.wants()[0])
    assert at.wants() == [Want(1, Purpose.REPEAT, 0)]
    verdict = at.decide(1)
    assert (verdict.call, verdict.runs) == (Call.KEEP, 2)
    assert 0.8 < verdict.gain < 1.0  # type: ignore[operator]
    assert verdict.score == pytest.approx(9.0, abs=0.05)
    assert verdict.against == pytest.approx(10.0, abs=0.05)


STAIRS = {number: 0.1 * number for number in range(1, 20)}


def test_the_incumbents_bank_stays_a_run_ahead_of_a_promising_candidate() -> None:
    at = court(STAIRS)
    for number in STAIRS:
        at.propose(number)
        while number not in at.verdicts:
            at.run(at.wants()[0])
            if at.wants() and at.wants()[0].purpose is Purpose.REPEAT:  # type: ignore[union-attr]
                assert 1 / at.state.banks[at.branch].a >= at.state.open[number].runs + 1 - 1e-9
        at.record(number)
    assert Purpose.INCUMBENT in at.purposes()


def test_a_run_of_the_incumbent_is_never_wanted_twice() -> None:
    at = court(STAIRS)
    for number in STAIRS:
        at.judge(number)
    indices = [run.id for run in at.ran if run.purpose is Purpose.INCUMBENT]
    assert len(indices) == len(set(indices))


def test_an_incumbent_that_fails_three_times_is_not_run_again() -> None:
    worth = loss(STAIRS)
    at = Court(ProofPolicy(), lambda run: Status.CRASH if run.purpose is Purpose.INCUMBENT else worth(run))
    at.propose(0)
    at.decide(0)
    for number in STAIRS:
        at.judge(number)
    runs = Counter(run.experiment for run in at.ran if run.purpose is Purpose.INCUMBENT)
    assert max(runs.values()) == 3


def test_a_new_incumbent_is_not_believed_to_be_as_lucky_as_it_was() -> None:
    at = court({1: 0.12}, noise=2.0)
    verdict = at.judge(1)
    if verdict.call is Call.KEEP:
        assert -at.state.banks["k1"].visible > verdict.score


def test_a_change_that_crashes_once_is_not_kept() -> None:
    at = court({})
    at.measure = lambda run: Status.CRASH if run.purpose is Purpose.REPEAT else 5.0
    assert at.judge(1).call is Call.CRASH
    assert at.wants() == []


@pytest.mark.parametrize(("status", "call"), [(Status.PRUNED, Call.PRUNED), (Status.REFUSED, Call.REFUSED)])
def test_what_gave_no_score_has_its_own_word(status: Status, call: Call) -> None:
    at = court({})
    at.measure = lambda run: status
    assert at.judge(1).call is call


def test_a_script_that_ignores_its_seed_is_run_once_and_told_so() -> None:
    at = court({1: 0.001}, noise=0.0)
    assert "OVERNIGHT_SEED" in at.verdicts[0].why
    verdict = at.judge(1)
    assert (verdict.call, verdict.runs) == (Call.KEEP, 1)
    assert Purpose.REPEAT not in at.purposes()


def test_a_rebased_candidate_begins_anew() -> None:
    at = court({1: 1.0, 2: 2.0})
    at.propose(1)
    at.propose(2)
    at.run(Want(2, Purpose.SCREEN, 0))
    at.decide(1)
    at.rebase(2)
    assert at.wants() == [Want(2, Purpose.SCREEN, 0)]


def test_two_keeps_that_land_one_after_the_other_are_both_weighed_against_what_they_stand_on() -> None:
    at = court({1: 1.0, 2: 1.6})
    at.judge(1)
    verdict = at.judge(2)
    assert verdict.against == pytest.approx(9.0, abs=0.05)
    assert [worth.experiment for worth in at.policy.outlook(at.state, None).worths] == [1, 2]


def test_a_task_with_one_set_has_nothing_proven() -> None:
    at = court({1: 1.0})
    at.judge(1)
    assert at.policy.outlook(at.state, None).worths[0].standing is Standing.REPEATABLE


def test_with_a_hidden_set_it_is_proven() -> None:
    worth = loss({1: 1.0})
    at = Court(ProofPolicy(), lambda run: (score := float(worth(run)), score))  # type: ignore[arg-type]
    at.propose(0)
    at.decide(0)
    at.judge(1)
    assert at.policy.outlook(at.state, None).worths[0].standing is Standing.PROVEN


def test_what_only_the_visible_set_shows_is_not_kept() -> None:
    worth = loss({4: 1.0})

    def measure(run: Run) -> Outcome:
        score = float(worth(run))  # type: ignore[arg-type]
        return score, score + (1.0 if run.experiment == 4 else 0.05 * run.experiment)

    at = Court(ProofPolicy(), measure)
    at.propose(0)
    at.decide(0)
    verdicts = [at.judge(number) for number in (1, 2, 3, 4)]
    assert verdicts[-1].call is Call.DISCARD
    assert "visible set alone" in verdicts[-1].why


def test_fixed_folds_stand_for_two_sets() -> None:
    worth = loss({1: 1.0})

    def measure(run: Run) -> Outcome:
        score = float(worth(run))  # type: ignore[arg-type]
        folds = tuple(score + (0.2 if k % 2 else -0.2) for k in range(32))
        return Trial(run.id, 1, Status.OK, {"loss": Score(score, folds=folds)}, Usage(), 0, None, "", "")

    at = Court(ProofPolicy(), measure)
    at.propose(0)
    assert at.decide(0).score == pytest.approx(9.8, abs=0.05)
    at.judge(1)
    assert at.policy.outlook(at.state, None).worths[0].standing is Standing.PROVEN


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("unit", [1e-6, 3.7, 1e5])
def test_the_unit_of_the_metric_does_not_matter(seed: int, unit: float) -> None:
    here, there = night(seed), night(seed, unit=unit)
    assert [v.call for v in here.verdicts.values()] == [v.call for v in there.verdicts.values()]
    assert here.purposes() == there.purposes()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_more_and_less_are_mirror_images(seed: int) -> None:
    less, more = night(seed), night(seed, Goal.MAXIMIZE)
    assert [v.call for v in less.verdicts.values()] == [v.call for v in more.verdicts.values()]
    assert [v.gain for v in less.verdicts.values()] == pytest.approx([v.gain for v in more.verdicts.values()])


def test_the_same_events_give_the_same_verdicts_and_the_same_state() -> None:
    court = night(5)
    again = court.policy.start(court.program)
    verdicts: dict[int, Verdict] = {}
    for event in court.heard:
        again, new = court.policy.step(again, event)
        verdicts |= {verdict.experiment: verdict for verdict in new}
    assert verdicts == court.verdicts
    assert again == court.state


def test_its_state_does_not_grow_with_what_was_discarded() -> None:
    at = court({})
    for number in range(1, 100):
        at.measure = loss({number: -1.0})
        at.judge(number)
    assert (len(at.state.open), len(at.state.banks), len(at.state.keeps)) == (0, 1, 0)


def with_memory(mb: float, program: Program) -> Court:
    def measure(run: Run) -> Outcome:
        scores = {"loss": Score(10.0 - run.experiment + 0.01 * len(at.ran)), "mb": Score(mb if run.experiment else 1.0)}
        return Trial(run.id, 1, Status.OK, scores, Usage(), 0, None, "", "")

    at = Court(ProofPolicy(), measure, program)
    at.propose(0)
    at.decide(0)
    return at


def test_a_gain_that_breaks_a_guard_is_discarded_at_once() -> None:
    at = with_memory(101.0, a_program(guards=(Guard("mb", "<", 100.0),)))
    verdict = at.judge(1)
    assert (verdict.call, verdict.why) == (Call.DISCARD, "guard mb < 100: it was 101")


def test_a_gain_that_holds_the_guard_is_kept() -> None:
    assert with_memory(99.0, a_program(guards=(Guard("mb", "<", 100.0),))).judge(1).call is Call.KEEP


def test_a_tie_with_less_code_is_kept_and_counted_apart() -> None:
    at = court({}, noise=0.0)
    verdict = at.judge(1, saved=3)
    assert (verdict.call, verdict.simpler) == (Call.KEEP, True)
    assert "3 lines of code less" in verdict.why
    assert at.policy.outlook(at.state, None).worths[0].standing is Standing.SIMPLER


def test_a_tie_with_as_much_code_is_not() -> None:
    assert court({}, noise=0.0).judge(1).call is Call.DISCARD


def test_less_code_may_not_cost_more_than_the_margin() -> None:
    assert court({1: -0.006}, noise=0.0).judge(1, saved=3).call is Call.DISCARD
    assert court({1: -0.004}, noise=0.0).judge(1, saved=3).call is Call.KEEP


def test_a_night_gives_away_no_more_than_four_margins() -> None:
    at = court({number: -0.004 * number for number in range(1, 9)}, noise=0.0)
    assert sum(at.judge(number, saved=1).simpler for number in range(1, 9)) == 5


def test_a_gain_has_to_pay_for_the_lines_that_it_adds() -> None:
    dear = a_program(price=0.001)
    assert court({1: 0.05}, noise=0.0, program=dear).judge(1, saved=-10).call is Call.DISCARD
    assert court({1: 0.15}, noise=0.0, program=dear).judge(1, saved=-10).call is Call.KEEP


def test_the_first_sentence_says_what_this_night_can_see() -> None:
    why = court({}, program=a_program(stop=Stop(experiments=30))).verdicts[0].why
    assert "noise 0.6" in why
    assert "shows in one run" in why
    assert "`policy: fast`" in why
    assert "fast" not in court({}, program=a_program(stop=Stop(experiments=100))).verdicts[0].why


def test_the_sentence_of_a_keep_says_what_it_rests_on() -> None:
    why = court({1: 1.0}).judge(1).why
    assert why.startswith("kept: 2 runs against 4, −9.9")
    assert why.endswith("chance of no gain")


def test_the_split_of_a_search_run_is_visible() -> None:
    at = court({1: 1.0})
    at.judge(1)
    assert {run.split for run in at.ran} == {Split.VISIBLE}


def test_a_time_is_compared_with_a_fresh_run_of_the_incumbent() -> None:
    bad = dict.fromkeys(range(1, 200), -1.0)
    at = court({**bad, 200: 0.2}, program=a_program(timing=3))
    for number in (*bad, 200):
        at.judge(number)
    assert at.purposes()[-1] is not Purpose.SCREEN
    assert at.purposes()[-3:].count(Purpose.INCUMBENT) >= 1

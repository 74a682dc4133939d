"""Simulated nights whose truth is known: what is learnt of the knobs is held against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from overnight.model import Call, Experiment, Goal, Proposal
from overnight.program.knobs import Value, find_knobs, with_knobs
from overnight.propose.aim import Seen
from overnight.propose.crashes import Crash, Side, find_crashes
from overnight.propose.learned import Learned, learned
from overnight.propose.lessons import Belief, amount
from overnight.propose.proposer import View
from overnight.propose.search import Search
from tests.propose.landscape import START, Task, task
from tests.propose.simulated import judged, night

RATE = "RATE = 0.1  # 0.001..10, log\nDULL = 5.0  # 1..9\nMODE = 'a'  # a | b\n"
KNOBS = {knob.name: knob for knob in find_knobs(RATE)}


class Kept(Search):
    """Remembers what it was told, and where it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Experiment] = []

    def ask(self, view: View, n: int) -> Iterator[Proposal]:
        self.files, self.incumbent = view.files, view.incumbent
        return super().ask(view, n)

    def observe(self, experiment: Experiment) -> None:
        self.told.append(experiment)
        super().observe(experiment)


@cache
def a_night(seed: int, experiments: int) -> tuple[Task, str, Learned]:
    proposer, at = Kept(), task(seed)
    night(at, proposer, experiments)
    began = {name: value for name, value in START.items() if isinstance(value, int | float | str)}
    found = learned(proposer.files, Goal.MINIMIZE, proposer.told, began=began, incumbent=proposer.incumbent)
    assert found is not None
    return at, proposer.files["train.py"], found


def one(number: int, score: float | None, against: float = 1.0, why: str = "", **turned: Value) -> Experiment:
    proposal = Proposal({"train.py": with_knobs(RATE, turned)}, "c0", "somebody", "")
    call = Call.CRASH if score is None else Call.DISCARD
    return judged(proposal, call, score, None if score is None else against, number, why)


def lesson(told: Sequence[Experiment], goal: Goal = Goal.MINIMIZE) -> Learned:
    found = learned({"train.py": RATE}, goal, told, incumbent="c0")
    assert found is not None
    return found


def steep(sign: float = 1.0) -> list[Experiment]:
    """A higher rate is better by far, DULL does nothing, and MODE was never turned."""
    rates = (0.025, 0.05, 0.2, 0.4, 0.8, 1.6)
    told = [one(n, 1 - sign * (0.1 * n - 0.25), RATE=rate) for n, rate in enumerate(rates)]
    dull = [one(10 + n, 1 + 0.004 * (-1) ** n, DULL=value) for n, value in enumerate((3.0, 4.0, 6.0, 7.0, 8.0))]
    return told + dull


def test_the_same_experiments_teach_the_same() -> None:
    assert lesson(steep()) == lesson(steep())


def test_too_few_runs_teach_nothing() -> None:
    assert learned({"train.py": RATE}, Goal.MINIMIZE, steep()[:1]) is None
    assert learned({"train.py": "print(1)\n"}, Goal.MINIMIZE, steep()) is None


def test_a_knob_that_makes_a_difference_is_told_from_one_that_makes_none() -> None:
    found = lesson(steep())
    assert [knob.name for knob in found.mattered] == ["RATE"]
    assert found.turned[0].share > 0.8
    assert found.never == ("MODE",)


@pytest.mark.parametrize("goal", list(Goal))
def test_a_gain_is_positive_where_it_is_better_whatever_the_goal(goal: Goal) -> None:
    found = lesson(steep(1.0 if goal is Goal.MINIMIZE else -1.0), goal)
    best = found.turned[0].best
    assert isinstance(best.value, float)
    assert best.value > 0.3
    assert best.belief.low > 0
    assert found.best is not None
    assert found.best.turns["RATE"][0] == 0.1


def test_words_are_few_and_begin_with_what_matters_most() -> None:
    said = lesson(steep()).words()
    assert said[0].startswith("RATE (")
    assert "is better than 0.1 by" in said[0]
    assert len(said) <= 12


@pytest.mark.slow
def test_words_stay_few_after_a_long_night() -> None:
    assert len(a_night(1, EXPERIMENTS)[2].words()) <= 12


def test_what_failed_is_told_with_where_and_how_often_and_why() -> None:
    crashes = [
        one(20 + n, None, why=f"out of memory: {n} MB", RATE=rate) for n, rate in enumerate((2.0, 3.0, 5.0, 8.0))
    ]
    found = lesson([*steep(), *crashes])
    assert found.crashes == (Crash("RATE", 2.0, Side.FROM, 4, 4, "out of memory: 0 MB"),)
    assert "RATE 2 and above failed 4 of 4 times: out of memory: 0 MB." in found.words()
    assert found.failed == 4


def test_failures_without_order_make_no_region() -> None:
    values = [(0.2 * n, n % 3 == 0) for n in range(1, 16)]
    history = [Seen({"RATE": rate, "DULL": 5.0, "MODE": "a"}, None if failed else 1.0) for rate, failed in values]
    assert find_crashes(KNOBS, history) == ()


def test_a_choice_that_fails_is_a_region() -> None:
    history = [
        Seen({"RATE": 0.1, "DULL": 5.0 + n / 10, "MODE": "ab"[n % 2]}, None if n % 2 else 1.0) for n in range(14)
    ]
    assert find_crashes(KNOBS, history) == (Crash("MODE", "b", Side.AT, 7, 7, ""),)


def test_a_tie_that_a_message_taught_is_told() -> None:
    text = "EMBD = 96  # 32..384, log\nHEADS = 6  # 1..16\n"
    tried = (
        (192, Call.DISCARD, 1.1, 1.0, ""),
        (48, Call.DISCARD, 1.2, 1.0, ""),
        (100, Call.CRASH, None, None, "EMBD 100 must be divisible by HEADS 6"),
    )
    told = [
        judged(Proposal({"train.py": with_knobs(text, {"EMBD": size})}, "c0", "x", ""), call, score, against, n, why)
        for n, (size, call, score, against, why) in enumerate(tried)
    ]
    found = learned({"train.py": text}, Goal.MINIMIZE, told, incumbent="c0")
    assert found is not None
    assert found.ties == (("EMBD", "HEADS"),)
    assert "EMBD must be a multiple of HEADS." in found.words()


def test_two_knobs_that_only_help_together_are_named_and_others_are_not() -> None:
    told = []
    for n, (up, dull) in enumerate((u, d) for u in (-2, -1, 0, 1, 2) for d in (-2, -1, 1, 2)):
        score = 1 - 0.1 * up * dull + 0.002 * (-1) ** n
        told.append(one(n, score, RATE=0.1 * 4.0**up, DULL=5.0 + dull))
    pairs = lesson(told).pairs
    assert [{pair.one, pair.other} for pair in pairs] == [{"RATE", "DULL"}]
    assert pairs[0].together.low > 0
    assert lesson(steep()).pairs == ()


def test_what_came_of_leaving_the_start_is_told() -> None:
    """The search went from 0.025 to 0.1 at some time: the runs there say what that brought."""
    found = learned({"train.py": RATE}, Goal.MINIMIZE, steep(), began={"RATE": 0.025}, incumbent="c0")
    assert found is not None
    brought = found.turned[0].brought
    assert brought is not None
    assert (brought.value, brought.belief.gain > 0) == (0.025, True)


def test_amounts_have_two_digits_of_their_error() -> None:
    assert amount(Belief(-0.01234, 0.0021)) == "0.0123 ± 0.0041"
    assert amount(Belief(12.3, 4.0)) == "12.3 ± 7.8"


def test_the_next_changes_are_those_that_the_search_would_make() -> None:
    found = lesson(steep())
    assert len(found.next) == 3
    assert all(old == KNOBS[name].value != new for change in found.next for name, (old, new) in change.turns.items())
    assert all(0 <= change.fine <= 1 for change in found.next)


# Measured on 24 tasks (seeds 0 to 23) after 40 and 100 experiments, and on 8 after 250. Truth: the loss with one knob
# turned away from where the night ended, the others as they are, which is not what runs of many changes average.
# - the knob that is named first is among the three that make the most: in 23, 19 and 7 of the nights;
# - a 95 % interval holds the truth of a value tried in 95, 89 and 90 % of the cases, and of best against worst in 97,
#   91 and 92 %: late in a night they are too narrow, because truth bends and interacts and the model adds up;
# - of 39 knobs that make less than a run's noise none was said to matter; of those that make five times as much, 21, 41
#   and 31 % were.
SEEDS, EXPERIMENTS = range(5), 40


def makes(at: Task, text: str, name: str, values: Sequence[Value]) -> float:
    """What a knob makes in truth, among these values, of those that run."""
    losses = [at.loss(with_knobs(text, {name: value})) for value in values]
    ran = [loss for loss in losses if loss is not None]
    return max(ran) - min(ran)


def first_is_among_the_three(seed: int, experiments: int) -> bool:
    at, text, found = a_night(seed, experiments)
    true = {k.name: makes(at, text, k.name, [place.value for place in k.curve]) for k in found.turned}
    return found.turned[0].name in sorted(true, key=lambda name: -true[name])[:3]


def covered(seed: int, experiments: int) -> list[bool]:
    at, text, found = a_night(seed, experiments)
    here, held = at.loss(text), []
    assert here is not None
    for knob in found.turned:
        for place in knob.curve:
            loss = at.loss(with_knobs(text, {knob.name: place.value}))
            if loss is not None and place.value != knob.value:
                held.append(place.belief.low <= here - loss <= place.belief.high)
    return held


@pytest.mark.slow
def test_the_knob_that_is_named_first_is_one_of_those_that_make_the_most() -> None:
    right = [first_is_among_the_three(seed, EXPERIMENTS) for seed in SEEDS]
    assert sum(right) >= len(right) - 1


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = [each for seed in SEEDS for each in covered(seed, EXPERIMENTS)]
    assert sum(held) >= 0.88 * len(held)


def test_what_makes_less_than_the_noise_is_not_said_to_matter() -> None:
    wrong = []
    for seed in SEEDS:
        at, text, found = a_night(seed, EXPERIMENTS)
        dull = [k for k in found.turned if makes(at, text, k.name, [place.value for place in k.curve]) < 0.3]
        wrong += [knob.matters for knob in dull]
    assert wrong
    assert not any(wrong)


@pytest.mark.slow
def test_so_it_is_over_more_nights() -> None:
    """About five seconds of CPU: a loaded machine may take twenty times as long."""
    seeds = range(len(SEEDS), 15)
    right = [first_is_among_the_three(seed, EXPERIMENTS) for seed in seeds]
    held = [each for seed in seeds for each in covered(seed, EXPERIMENTS)]
    assert sum(right) >= 9
    assert sum(held) >= 0.88 * len(held)

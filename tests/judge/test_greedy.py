from __future__ import annotations

from dataclasses import replace

import pytest

from overnight.judge.greedy import GreedyPolicy, broken_guard
from overnight.judge.policy import Want
from overnight.judge.seeds import secret_hash, seed_for
from overnight.ledger.events import Admitted, Event, Judged, Proposed, Rebased, Recorded, RunDone, Session
from overnight.model import Call, Goal, Purpose, Run, Score, Split, Status, Trial, Usage, Verdict
from overnight.program.program import Guard, Program
from tests.night.rehearsal import program


class Court:
    """Feeds a policy, and keeps its state."""

    def __init__(self, wanted: Program | None = None) -> None:
        self.policy = GreedyPolicy()
        self.state = self.policy.start(wanted or program())

    def hear(self, *events: Event) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for event in events:
            self.state, new = self.policy.step(self.state, event)
            verdicts += new
        return verdicts

    def propose(self, number: int, parent: str = "c0", lines: int = 10, before: int = 10) -> None:
        self.hear(
            Proposed(experiment=number, parent=parent, edits=(), origin="o", hypothesis="h"),
            Admitted(experiment=number, commit=f"c{number}", fingerprint="f", size=lines, parent_size=before),
        )

    def run(self, number: int, score: float = 1.0, status: Status = Status.OK, **more: float) -> list[Verdict]:
        run = Run(f"{number}", number, "c", Purpose.SCREEN, Split.VISIBLE, 1, 1.0, 2.0)
        scores = {name: Score(value) for name, value in ({"loss": score} | more).items()}
        return self.hear(RunDone(run=run, trial=Trial("r", 1, status, scores, Usage(), 0, None, "what was seen", "")))

    def keep(self, verdict: Verdict, kept: str) -> None:
        self.hear(
            Judged(verdict=verdict, commit="", log_tip="", branch_tip=""),
            Recorded(experiment=verdict.experiment, entry="", kept=kept),
        )

    def with_baseline(self, score: float = 1.0) -> Court:
        self.propose(0)
        self.keep(self.run(0, score)[0], "c0")
        return self


def test_the_baseline_is_kept_with_its_score() -> None:
    court = Court()
    court.propose(0)
    assert court.run(0, 2.5) == [Verdict(0, Call.KEEP, "the untouched baseline: loss 2.500000", 2.5)]


@pytest.mark.parametrize(
    ("goal", "score", "call"),
    [
        (Goal.MINIMIZE, 0.9, Call.KEEP),
        (Goal.MINIMIZE, 1.1, Call.DISCARD),
        (Goal.MINIMIZE, 1.0, Call.DISCARD),
        (Goal.MAXIMIZE, 1.1, Call.KEEP),
        (Goal.MAXIMIZE, 0.9, Call.DISCARD),
    ],
)
def test_keeps_what_is_strictly_better(goal: Goal, score: float, call: Call) -> None:
    court = Court(program(goal=goal)).with_baseline()
    court.propose(1)
    assert court.run(1, score)[0].call is call


def test_a_tie_is_kept_only_where_the_code_gets_smaller() -> None:
    court = Court().with_baseline()
    court.propose(1, lines=9)
    verdict = court.run(1, 1.0)[0]
    assert (verdict.call, verdict.simpler) == (Call.KEEP, True)
    assert verdict.why == "a tie at 1.000000 with 1 line of code less"


def test_the_sentence_says_both_numbers_and_the_change() -> None:
    court = Court().with_baseline(2.0)
    court.propose(1)
    assert court.run(1, 1.9)[0].why == "better: 1.900000 against 2.000000 (−5.00 %)"


@pytest.mark.parametrize(
    ("status", "call"),
    [
        (Status.CRASH, Call.CRASH),
        (Status.MEMORY, Call.CRASH),
        (Status.OUTPUT, Call.CRASH),
        (Status.NO_METRIC, Call.CRASH),
        (Status.TIMEOUT, Call.TIMEOUT),
        (Status.NOT_FINITE, Call.INVALID),
    ],
)
def test_what_did_not_end_well_is_never_a_score(status: Status, call: Call) -> None:
    court = Court().with_baseline()
    court.propose(1)
    assert court.run(1, 0.0, status) == [Verdict(1, call, "what was seen")]


def test_a_broken_guard_discards_what_is_better() -> None:
    court = Court(program(guards=(Guard("mb", "<", 100.0),)))
    court.propose(0)
    court.keep(court.run(0, 1.0, mb=50.0)[0], "c0")
    court.propose(1)
    assert court.run(1, 0.5, mb=100.0) == [Verdict(1, Call.DISCARD, "guard mb < 100: it was 100", 0.5)]


def test_a_guard_whose_number_is_missing_does_not_hold() -> None:
    assert broken_guard([Guard("mb", "<", 100.0)], {}) == "guard mb < 100: the run did not report mb"


def test_a_session_brings_the_guards_in_force_from_then_on() -> None:
    court = Court().with_baseline()
    settings = {"guards": [{"metric": "mb", "op": "<", "limit": 1.0}]}
    court.hear(Session(number=2, host="", pid=1, scratch="", program_text="", settings=settings))
    court.propose(1)
    assert court.run(1, 0.5, mb=2.0)[0].call is Call.DISCARD


def test_a_rebased_candidate_is_measured_again_against_its_new_incumbent() -> None:
    court = Court().with_baseline()
    court.propose(1)
    court.propose(2)
    court.keep(court.run(1, 0.5)[0], "c1")
    court.run(2, 0.8)
    court.hear(Rebased(experiment=2, onto="c1", commit="c2b", fingerprint="", size=10, parent_size=10))
    assert court.policy.wants(court.state, 1) == [Want(2, Purpose.SCREEN)]
    assert court.run(2, 0.6)[0].against == 0.5


def test_wants_nothing_of_what_was_turned_away() -> None:
    court = Court().with_baseline()
    court.hear(Proposed(experiment=1, parent="c0", edits=(), origin="", hypothesis=""))
    admitted = Admitted(experiment=1, commit="c", fingerprint="", size=1, parent_size=1, problem="no", problem_call="x")
    court.hear(admitted)
    assert court.policy.wants(court.state, 1) == []


def test_a_second_result_of_a_judged_experiment_changes_nothing() -> None:
    court = Court().with_baseline()
    court.propose(1)
    court.run(1, 2.0)
    assert court.run(1, 0.1) == []


def test_its_state_does_not_grow_with_the_night() -> None:
    court = Court().with_baseline()
    for number in range(1, 200):
        parent = f"c{number - 1}"
        court.propose(number, parent)
        court.keep(court.run(number, 1.0 - number / 1000)[0], f"c{number}")
    assert len(court.state.candidates) + len(court.state.references) <= 2


def test_the_same_state_is_given_back_for_an_event_of_no_interest() -> None:
    court = Court()
    before = court.state
    court.hear(Recorded(experiment=5, entry="", kept=None))
    assert court.state == replace(before)


def test_seeds_come_from_the_secret_and_differ_between_runs() -> None:
    assert seed_for("s", "n", "1") == seed_for("s", "n", "1")
    assert len({seed_for("s", "n", str(i)) for i in range(1000)}) == 1000
    assert seed_for("s", "n", "1") != seed_for("t", "n", "1")
    assert all(0 <= seed_for("s", "n", str(i)) < 2**31 for i in range(1000))


def test_the_hash_of_a_secret_does_not_show_it() -> None:
    assert "hunter2" not in secret_hash("hunter2")

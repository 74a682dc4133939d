"""The rules of the loop, one at a time: what it says to do after what it has heard."""

from __future__ import annotations

import random
from collections.abc import Sequence

from overnight.clock import Now
from overnight.ledger.events import Closed, Event, Proposed, RunDone, RunStarted
from overnight.ledger.idling import Idled
from overnight.model import Call, Cost, Edit, Score, Slot, Status, Trial, Usage
from overnight.night.actions import Action, Answer, Ask, Cancel, Close, Dropped, Start, Tick
from overnight.program.program import Program, Stop, Window

from .rehearsal import Coordinator, World, program, stop_asked

FREE = [Slot("0"), Slot("1"), Slot("2")]


class Stage:
    """A night whose every event the test gives by hand; git is the rehearsal's."""

    def __init__(self, wanted: Program | None = None, slots: int = 1) -> None:
        self.world = World(random.Random(1), wanted or program(), slots)
        self.coordinator = Coordinator(self.world)
        self.night = self.coordinator.night

    def next(self, free: Sequence[Slot] = FREE) -> list[Action]:
        """What it says once everything that takes no time is done."""
        while True:
            actions = self.night.next(free)
            told: list[Action] = [each for each in actions if isinstance(each, Start | Ask | Cancel | Close)]
            for action in actions:
                if action not in told:
                    self.coordinator._do(action)
            if told or not actions:
                return told

    def hear(self, *events: Event) -> None:
        for entry in self.world.append(*events):
            self.night.hear(entry)

    def propose(self, number: int, idea: str) -> None:
        parent, edits = self.night.state.incumbent, (Edit("train.py", 0, 0, idea),)
        self.hear(Proposed(experiment=number, parent=parent, edits=edits, origin="o", hypothesis="h"))
        self.night.hear(Answer(1, 1))

    def start(self) -> Start:
        start = next(a for a in self.next() if isinstance(a, Start))
        self.hear(RunStarted(run=start.run, attempt=start.attempt, slot=start.slot.name))
        return start

    def run(self, score: float, status: Status = Status.OK, seconds: float = 8.0) -> None:
        self.finish(self.start(), score, status, seconds)

    def finish(self, start: Start, score: float, status: Status = Status.OK, seconds: float = 8.0) -> None:
        scores = {"loss": Score(score)} if status is Status.OK else {}
        trial = Trial(start.run.id, 1, status, scores, Usage(seconds), 0, None, "why", "")
        self.hear(RunDone(run=start.run, trial=trial))

    def after_baseline(self) -> Stage:
        self.run(10.0)
        return self

    def verdict(self, number: int) -> Call:
        entry = next(e for e in self.world.entries if e.event.key == f"{number}/judged")
        return entry.event.verdict.call  # type: ignore[union-attr]


def starts(actions: Sequence[Action]) -> list[str]:
    return [action.run.id for action in actions if isinstance(action, Start)]


def test_the_untouched_baseline_comes_first() -> None:
    assert starts(Stage().next()) == ["0-baseline-0"]


def test_nobody_is_asked_before_the_baseline_stands() -> None:
    stage = Stage(slots=3)
    stage.start()
    assert stage.next() == []


def test_a_night_whose_baseline_does_not_run_ends_there() -> None:
    stage = Stage()
    stage.run(0.0, Status.CRASH)
    assert stage.next() == [Close("the untouched baseline gave no score: why", finished=True)]


def test_asks_for_as_many_proposals_as_there_are_slots() -> None:
    assert Stage(slots=3).after_baseline().next() == [Ask(3)]


def test_does_not_ask_again_while_a_proposal_is_being_made() -> None:
    stage = Stage().after_baseline()
    assert stage.next() == [Ask(1)]
    assert stage.next() == []


def test_a_better_score_is_kept_and_moves_the_branch() -> None:
    stage = Stage().after_baseline()
    stage.next()
    stage.propose(1, "1")
    stage.run(9.0)
    stage.next()
    assert stage.verdict(1) is Call.KEEP
    assert stage.world.branch == stage.night.state.incumbent == "c[1]<c0"


def test_a_worse_score_is_discarded_and_the_branch_stays() -> None:
    stage = Stage().after_baseline()
    stage.next()
    stage.propose(1, "1")
    stage.run(11.0)
    stage.next()
    assert stage.verdict(1) is Call.DISCARD
    assert stage.world.branch == "c0"


def test_the_same_content_again_is_a_duplicate_and_costs_no_run() -> None:
    stage = Stage().after_baseline()
    stage.next()
    stage.propose(1, "1")
    stage.run(11.0)
    stage.next()
    stage.propose(2, "1")
    assert not starts(stage.next())
    assert stage.verdict(2) is Call.DUPLICATE


def test_a_run_that_is_under_way_is_not_started_again() -> None:
    stage = Stage()
    stage.start()
    assert not starts(stage.next())


def test_a_keep_on_a_stale_incumbent_is_put_on_the_new_one_and_measured_there() -> None:
    stage = Stage(slots=2).after_baseline()
    stage.next()
    stage.propose(1, "1")
    stage.propose(2, "2")
    first = stage.start()
    second = stage.start()
    stage.finish(first, 9.0)
    stage.next()
    stage.finish(second, 9.5)
    assert "2-r1-screen-0" in starts(stage.next())
    assert stage.world.branch == "c[1]<c0"


def test_a_waiting_proposal_is_rebased_before_a_run_is_spent_on_it() -> None:
    stage = Stage(slots=2).after_baseline()
    stage.next()
    stage.propose(1, "1")
    stage.propose(2, "2")
    stage.run(9.0)
    assert starts(stage.next())[0] == "2-r1-screen-0"


def test_a_change_that_no_longer_applies_is_discarded() -> None:
    stage = Stage(slots=2).after_baseline()
    stage.next()
    stage.propose(1, "1")
    stage.propose(2, "6")  # the rehearsal never merges this one
    stage.run(9.0)
    stage.next()
    assert stage.verdict(2) is Call.DISCARD


def test_half_done_things_come_before_new_ones() -> None:
    stage = Stage(slots=2).after_baseline()
    stage.next()
    stage.propose(1, "1")
    start = stage.start()
    stage.propose(2, "2")
    stage.finish(start, 9.0)
    kinds = []
    for _ in range(4):
        (action, *_rest) = stage.night.next(FREE)
        kinds.append(type(action).__name__)
        if isinstance(action, Start):
            break
        stage.coordinator._do(action)
    assert kinds == ["Conclude", "Record", "Admit", "Rebase"]


def test_work_in_flight_counts_towards_the_number_of_experiments() -> None:
    stage = Stage(program(stop=Stop(experiments=2)), slots=3).after_baseline()
    assert stage.next() == [Ask(2)]
    stage.propose(1, "1")
    stage.propose(2, "2")
    assert not [a for a in stage.next() if isinstance(a, Ask)]


def test_ends_when_the_number_of_experiments_is_reached_and_measured() -> None:
    stage = Stage(program(stop=Stop(experiments=1))).after_baseline()
    stage.next()
    stage.propose(1, "1")
    start = stage.start()
    assert stage.next() == []
    stage.finish(start, 11.0)
    assert stage.next() == [Close("1 of 1 experiments", finished=True)]


def test_a_plateau_ends_the_night() -> None:
    stage = Stage(program(stop=Stop(plateau=2))).after_baseline()
    for number in (1, 2):
        stage.next()
        stage.propose(number, str(number))
        stage.run(11.0)
    assert stage.next() == [Close("2 of 2 experiments without a keep", finished=True)]


def test_a_target_ends_the_night() -> None:
    stage = Stage(program(stop=Stop(target=9.5))).after_baseline()
    stage.next()
    stage.propose(1, "1")
    stage.run(9.5)
    assert stage.next() == [Close("best 9.5, target 9.5", finished=True)]


def test_a_limit_on_money_ends_the_night_where_nobody_can_see_it_reached() -> None:
    stage = Stage(program(stop=Stop(usd=5.0))).after_baseline()
    untold = Cost(1.0, 100, None)
    for number in (1, 2, 3):
        assert stage.next() == [Ask(1)]
        stage.hear(Idled(number=number, origin="o", trouble="no-edit", why="", until=0.0, cost=untold))
        stage.night.hear(Answer(1, 0, wait_until=0.0))
        stage.night.hear(stage.coordinator._tick())
    assert stage.next() == [Close("$5.00 is the limit, and 3 turns did not tell what they cost", finished=True)]


def test_a_run_that_would_not_end_in_time_is_not_started() -> None:
    stage = Stage(program(stop=Stop(seconds=100.0)))
    stage.night.hear(Tick(stage.world.clock.now(), 95.0))
    assert stage.next() == [Close("5 s are left, too few for another run, not even for the baseline", finished=True)]


def test_outside_the_window_nothing_is_started_and_nothing_ends() -> None:
    stage = Stage(program(between=Window(22 * 60, 7 * 60)))
    stage.world.clock.utc = 1_000_000_000 // 86400 * 86400 + 12 * 3600  # noon
    stage.night.hear(stage.coordinator._tick())
    assert stage.next() == []
    stage.world.clock.utc += 11 * 3600
    stage.night.hear(stage.coordinator._tick())
    assert starts(stage.next()) == ["0-baseline-0"]


def test_a_stop_waits_for_what_is_running_and_leaves_the_rest_for_the_next_session() -> None:
    stage = Stage(slots=2).after_baseline()
    stage.next()
    stage.propose(1, "1")
    start = stage.start()
    stage.propose(2, "2")
    stage.hear(stop_asked("s"))
    assert stage.next() == []
    stage.finish(start, 11.0)
    assert stage.next() == [Close("stopped by a test", finished=False)]
    assert list(stage.night.state.open) == [2]


def test_stop_now_cancels_once_and_does_not_wait() -> None:
    stage = Stage()
    start = stage.start()
    stage.hear(stop_asked("s", now=True))
    assert stage.next() == [Cancel(start.run.id)]
    assert stage.next() == []
    stage.night.hear(Dropped(start.run.id))
    assert stage.next() == [Close("stopped by a test", finished=False)]


def test_a_proposer_without_ideas_ends_the_night_only_when_nothing_is_in_flight() -> None:
    stage = Stage(slots=2).after_baseline()
    stage.next()
    stage.propose(1, "1")
    start = stage.start()
    stage.next()
    stage.night.hear(Answer(1, 0))
    assert stage.next() == []
    stage.finish(start, 11.0)
    assert [a for a in stage.next() if isinstance(a, Ask)]  # something has changed: it may have one now
    stage.night.hear(Answer(2, 0))
    assert stage.next() == [Close("the proposer has no more ideas", finished=True)]


def test_a_proposer_that_waits_is_left_alone_until_then() -> None:
    stage = Stage().after_baseline()
    stage.next()
    stage.night.hear(Answer(1, 0, wait_until=stage.world.clock.utc + 60, why="rate limit"))
    assert stage.next() == []
    stage.world.clock.advance(61)
    stage.night.hear(stage.coordinator._tick())
    assert stage.next() == [Ask(1)]


def test_a_run_that_took_the_machine_down_three_times_is_a_crash() -> None:
    stage = Stage().after_baseline()
    stage.next()
    stage.propose(1, "1")
    for _ in range(3):
        stage.start()
        stage.coordinator = Coordinator(stage.world)
        stage.night = stage.coordinator.night
    stage.next()
    assert stage.verdict(1) is Call.CRASH


def test_an_entry_that_is_heard_twice_counts_once() -> None:
    stage = Stage().after_baseline()
    stage.next()
    for entry in list(stage.world.entries):
        stage.night.hear(entry)
    assert stage.night.state.records == 1


def test_a_closed_night_says_nothing_more() -> None:
    stage = Stage()
    stage.hear(Closed(session=1, why="", finished=True))
    assert stage.next() == []


def test_seven_o_clock_is_seven_o_clock_also_where_the_clocks_change_in_the_night() -> None:
    stage = Stage(program(stop=Stop(until="07:00")))
    start = stage.world.clock.now()
    stage.night.deadline_utc = start.utc + 60
    stage.night.hear(Tick(Now(start.utc + 55, 55.0, offset_seconds=-3600), 55.0))  # back by an hour
    assert starts(stage.next()) == ["0-baseline-0"]
    stage.night.hear(Tick(Now(start.utc + 55, 55.0, offset_seconds=0), 55.0))
    assert stage.night.out_of_time() == "5 s are left, too few for another run"

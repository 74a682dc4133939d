"""Whom the loop asks, and when."""

from __future__ import annotations

from collections.abc import Sequence

from overnight.night.actions import Answer
from overnight.night.asking import Asking, Seat

QUICK, THINKER = Seat("search"), Seat("model", thinks=True)


def turns(asking: Asking, slots: int = 1, open_: int = 0, limit: int | None = None) -> list[tuple[int, int]]:
    return list(asking.turns(slots, open_, limit, records=1))


def test_one_who_answers_at_once_is_asked_for_what_the_free_slots_can_take() -> None:
    assert turns(Asking([QUICK]), slots=3, open_=1) == [(0, 2)]


def test_one_who_answers_at_once_is_not_asked_ahead() -> None:
    assert turns(Asking([QUICK]), slots=2, open_=2) == []


def test_one_who_thinks_is_asked_while_the_slots_are_busy() -> None:
    assert turns(Asking([THINKER]), slots=1, open_=1) == [(0, 1)]


def test_thinkers_have_no_more_than_one_proposal_each_waiting() -> None:
    asking = Asking([THINKER, THINKER])
    assert turns(asking, slots=1, open_=2) == [(0, 1)]
    assert turns(asking, slots=1, open_=2) == []


def test_all_think_at_the_same_time() -> None:
    assert turns(Asking([THINKER] * 20), slots=4) == [(seat, 1) for seat in range(20)]


def test_the_optimiser_fills_what_thinkers_leave_free() -> None:
    asking = Asking([QUICK, THINKER])
    assert turns(asking, slots=2, open_=1) == [(0, 1), (1, 1)]


def test_a_share_holds_back_who_would_propose_too_much() -> None:
    asking = Asking([QUICK, Seat("model", thinks=True, share=0.3)])
    assert turns(asking) == [(0, 1)]
    given = [0, 0]
    for _ in range(100):
        for seat, n in turns(asking):
            asking.hear(Answer(n, n, seat=seat))
            given[seat] += n
        asking.hear(Answer(0, 1))  # what the search proposed meanwhile
        given[0] += 1
    assert 0.25 <= given[1] / sum(given) <= 0.3


def test_two_who_answer_at_once_take_turns() -> None:
    asking, asked = Asking([QUICK, Seat("mine")]), []
    for _ in range(4):
        for seat, n in turns(asking):
            asking.hear(Answer(n, n, seat=seat))
            asked.append(seat)
            break
        for place in asking.places:
            place.asked = 0
    assert asked == [0, 1, 0, 1]


def test_a_stand_in_works_only_while_all_the_others_wait() -> None:
    asking = Asking([THINKER, THINKER, Seat("search", stand_in=True)])
    assert turns(asking) == [(0, 1), (1, 1)]
    asking.hear(Answer(1, 0, wait_until=50.0, why="429", seat=0))
    assert turns(asking) == []
    asking.hear(Answer(1, 0, wait_until=90.0, why="429", seat=1))
    assert turns(asking) == [(2, 1)]
    assert asking.waits() == Answer(1, 0, wait_until=50.0, why="429", seat=0)
    asking.wake(50.0)
    assert _asked(asking, 0) == [0]


def test_the_night_is_out_of_ideas_when_everybody_is() -> None:
    asking = Asking([QUICK, THINKER, Seat("search", stand_in=True)])
    for seat, n in turns(asking):
        assert not asking.dry(1)
        asking.hear(Answer(n, 0, seat=seat))
    assert asking.dry(1)
    assert not asking.dry(2)  # another experiment is finished: there may be news in it


def test_what_is_limited_counts_what_is_being_made() -> None:
    asking = Asking([THINKER, THINKER, THINKER])
    assert turns(asking, slots=9, limit=2) == [(0, 1), (1, 1)]


def _asked(asking: Asking, open_: int) -> Sequence[int]:
    return [seat for seat, _ in turns(asking, open_=open_)]

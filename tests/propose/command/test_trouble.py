"""How long to wait for each trouble."""

from __future__ import annotations

import pytest

from overnight.propose.trouble import LONGEST, Trouble, wait_for

WEATHER = (Trouble.RATE, Trouble.DOWN, Trouble.QUOTA, Trouble.LOGIN, Trouble.MISSING, Trouble.VERSION)
OWN_DOING = tuple(trouble for trouble in Trouble if trouble not in WEATHER)


@pytest.mark.parametrize("trouble", WEATHER)
def test_what_only_time_or_a_person_mends_is_waited_out(trouble: Trouble) -> None:
    assert wait_for(trouble, 1, None, 1000.0) >= 1010.0


@pytest.mark.parametrize("trouble", OWN_DOING)
def test_what_the_agent_did_is_asked_again_at_once_until_it_repeats(trouble: Trouble) -> None:
    assert [wait_for(trouble, times, None, 50.0) - 50.0 for times in (1, 2, 3, 4)] == [0, 0, 15, 30]


@pytest.mark.parametrize("trouble", Trouble)
def test_pauses_grow_to_a_ceiling_within_the_hour(trouble: Trouble) -> None:
    pauses = [wait_for(trouble, times, None, 0.0) for times in range(1, 200)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == pauses[-2] <= 3600


def test_a_service_that_says_when_is_believed_but_not_for_ever() -> None:
    assert wait_for(Trouble.RATE, 9, 7.0, 100.0) == 107.0
    assert wait_for(Trouble.RATE, 1, 1e9, 100.0) == 100.0 + LONGEST


@pytest.mark.parametrize("said", [float("nan"), -5.0])
def test_nonsense_about_when_counts_as_not_said(said: float) -> None:
    assert wait_for(Trouble.DOWN, 1, said, 0.0) == wait_for(Trouble.DOWN, 1, None, 0.0)


def test_at_once_is_never_what_a_service_that_refuses_gets() -> None:
    assert wait_for(Trouble.RATE, 1, 0.0, 0.0) == 1.0

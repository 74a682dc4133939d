"""Those who think at the same time look at different things."""

from __future__ import annotations

import pytest

from overnight.propose.directions import DIRECTIONS, HISTORY, direction


def names(count: int, number: int, task: str = "") -> list[str]:
    taken: list[str] = []
    for _ in range(count):
        taken.append(direction(number, taken, task))
    return [text.partition(":")[0] for text in taken]


@pytest.mark.parametrize("number", [HISTORY, 13, 50, 10_000])
def test_as_many_as_there_are_all_differ(number: int) -> None:
    assert sorted(names(len(DIRECTIONS), number)) == sorted(each.name for each in DIRECTIONS)


def test_the_same_ask_gets_the_same() -> None:
    assert names(20, 33) == names(20, 33)


def test_more_than_there_are_share_evenly() -> None:
    found = names(20, 40)
    assert max(map(found.count, found)) == 2


def test_at_first_there_is_nothing_to_look_back_at() -> None:
    assert {"combine", "revisit"}.isdisjoint(names(12, 1))


def test_one_alone_sees_them_all_in_the_course_of_a_night() -> None:
    found = {direction(number, []).partition(":")[0] for number in range(HISTORY, HISTORY + len(DIRECTIONS))}
    assert len(found) == len(DIRECTIONS)


def test_where_nothing_is_learned_nobody_looks_at_the_optimiser() -> None:
    found = names(20, 40, "Make the query faster. shared_buffers = 128MB")
    assert {"optimiser", "initialisation", "regularisation", "objective"}.isdisjoint(found)
    assert "optimiser" in names(20, 40, "train a model")

from __future__ import annotations

import numpy as np

from overnight.program.knobs import find_knobs
from overnight.propose.failures import Failures, find_ties, tied
from overnight.propose.places import Moves

KNOBS = {knob.name: knob for knob in find_knobs("EMBD = 96  # 32..384, log\nHEADS = 6  # 1..16\nRATE = 0.1\n")}
MESSAGE = "AssertionError: n_embd 100 must be divisible by n_head 6"


def chance(points: list[list[float]], failed: list[bool], axis: int, place: float) -> float:
    """That a turn of one of two numbers fails, after these."""
    failures = Failures(np.array([True, True]), np.array(points), np.array(failed))
    failures.table(Moves(np.array([axis]), [0], np.array([place])))
    return float(failures.chance(np.array([[0]]))[0])


def test_what_failed_is_likely_to_fail_again_and_the_other_way_is_not() -> None:
    points, failed = [[2.0, 0.0], [1.5, 0.0], [-2.0, 0.0]], [True, True, False]
    assert chance(points, failed, 0, 2.0) > 0.5
    assert chance(points, failed, 0, -2.0) < 0.2


def test_further_on_where_it_failed_is_riskier_still() -> None:
    assert chance([[1.5, 0.0]], [True], 0, 3.0) > chance([[1.5, 0.0]], [True], 0, 1.0)


def test_a_knob_that_ran_beside_another_that_failed_is_not_blamed() -> None:
    points, failed = [[2.0, 2.0], [0.0, 2.0], [2.0, 0.0]], [True, False, True]
    assert chance(points, failed, 0, 2.0) > 2 * chance(points, failed, 1, 2.0)


def test_a_message_about_divisibility_teaches_which_must_divide_which() -> None:
    failed = {MESSAGE: {"EMBD": 100, "HEADS": 6, "RATE": 0.1}}
    assert find_ties(KNOBS, failed, [{"EMBD": 96, "HEADS": 6}]) == [("EMBD", "HEADS")]


def test_no_tie_is_believed_that_a_run_did_without() -> None:
    failed = {MESSAGE: {"EMBD": 100, "HEADS": 6}}
    assert find_ties(KNOBS, failed, [{"EMBD": 97, "HEADS": 6}]) == []


def test_what_stands_has_run_so_a_tie_that_it_breaks_is_none() -> None:
    """Both are named by the message, and neither divides the other; before any run ended well, only this decides."""
    assert find_ties(KNOBS, {MESSAGE: {"EMBD": 100, "HEADS": 6}}, []) == [("EMBD", "HEADS")]


def test_another_crash_teaches_no_tie() -> None:
    assert find_ties(KNOBS, {"out of memory at 100 with 6": {"EMBD": 100, "HEADS": 6}}, []) == []


def test_a_multiple_moves_to_the_nearest_one() -> None:
    ties = [("EMBD", "HEADS")]
    assert tied({"EMBD": 100, "HEADS": 6, "RATE": 0.1}, ties, KNOBS) == {"EMBD": 102, "HEADS": 6, "RATE": 0.1}
    assert tied({"EMBD": 96, "HEADS": 8, "RATE": 0.1}, ties, KNOBS) == {"EMBD": 96, "HEADS": 8, "RATE": 0.1}


def test_a_setting_whose_tie_cannot_be_kept_is_dropped() -> None:
    knobs = {knob.name: knob for knob in find_knobs("A = 5  # 4..6\nB = 5  # 1..16\n")}
    assert tied({"A": 5, "B": 13}, [("A", "B")], knobs) is None

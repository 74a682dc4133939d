from __future__ import annotations

import pytest

from overnight.judge.guards import Holds, check, measure, worst
from overnight.judge.reading import Sets, yardstick
from overnight.model import Score, Status, Trial, Usage
from overnight.program.program import Guard


def trial(score: Score, hidden: Score | None = None) -> Trial:
    unseen = {"loss": hidden} if hidden else {}
    return Trial("r", 1, Status.OK, {"loss": score}, Usage(), 0, None, "", "", hidden=unseen)


def test_a_hidden_score_makes_two_sets() -> None:
    read = yardstick("loss", -1, trial(Score(2.0), Score(3.0)))
    assert read.sets is Sets.TWO
    assert read.read(trial(Score(2.0), Score(3.0))) == (-2.0, -3.0)
    assert read.mean((-2.0, -3.0)) == -2.5  # type: ignore[arg-type]


def test_even_folds_are_visible_and_odd_ones_hidden() -> None:
    score = Score(2.5, folds=(1.0, 2.0, 3.0, 4.0))
    read = yardstick("loss", 1, trial(score))
    assert read.sets is Sets.FOLDS
    assert read.read(trial(score)) == (2.0, 3.0)


def test_with_one_set_both_numbers_are_the_same() -> None:
    assert yardstick("loss", -1, trial(Score(2.0))).read(trial(Score(2.0))) == (-2.0, -2.0)


def test_a_larger_hidden_set_weighs_more_and_disagrees_less() -> None:
    read = yardstick("loss", 1, trial(Score(1.0, n=100), Score(1.0, n=300)))
    assert (read.hidden_share, read.visible_part, read.hidden_part) == (0.75, 0.75, 0.25)
    assert read.mean_part == pytest.approx(0.0625 * 0.75 + 0.5625 * 0.25)


def test_a_small_hidden_set_still_weighs_half() -> None:
    assert yardstick("loss", 1, trial(Score(1.0, n=900), Score(1.0, n=100))).hidden_share == 0.5


def test_a_trial_without_what_the_baseline_reported_is_not_readable() -> None:
    read = yardstick("loss", 1, trial(Score(1.0), Score(1.0)))
    assert not read.readable(trial(Score(1.0)))
    assert read.readable(trial(Score(1.0), Score(1.0)))


GUARD = Guard("mb", "<", 100.0)


def holds(*values: float) -> Holds:
    known = measure([GUARD], {}, {"mb": Score(values[0])})
    for value in values[1:]:
        known = measure([GUARD], known, {"mb": Score(value)})
    return check(GUARD, known[str(GUARD)])


def test_one_number_is_taken_at_its_word() -> None:
    assert holds(99.0) is Holds.YES
    assert holds(101.0) is Holds.NO


def test_a_noisy_number_near_the_limit_is_measured_on() -> None:
    assert holds(99.0, 100.5) is Holds.OPEN


def test_but_not_for_ever() -> None:
    assert holds(*[99.0, 100.9] * 4) is Holds.NO


def test_it_holds_where_the_mean_is_clear_of_its_noise() -> None:
    assert holds(*[90.0, 91.0] * 3) is Holds.YES


def test_a_number_that_is_not_reported_does_not_hold() -> None:
    known = measure([GUARD], {}, {})
    assert worst([GUARD], known) == (Holds.NO, "guard mb < 100: the run did not report mb")


def test_a_guard_that_is_added_under_way_is_open_until_a_run_was_asked_for_it() -> None:
    added = Guard("seconds", "<", 9.0)
    known = measure([GUARD], {}, {"mb": Score(50.0), "seconds": Score(1.0)})
    assert worst([GUARD, added], known) == (Holds.OPEN, "guard seconds < 9: none of its runs was asked for it")
    known = measure([GUARD, added], known, {"mb": Score(50.0), "seconds": Score(1.0)})
    assert worst([GUARD, added], known)[0] is Holds.YES

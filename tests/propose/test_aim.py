from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from overnight.program.knobs import find_knobs
from overnight.propose.aim import Seen, aims
from overnight.propose.places import Setting

TEXT = "RATE = 0.1  # 0.001..10.0, log\nWIDTH = 64  # 8..512\nMODE = 'a'  # a | b | c\n"
KNOBS = {knob.name: knob for knob in find_knobs(TEXT)}
HERE: Setting = {name: knob.value for name, knob in KNOBS.items()}


def first(history: Sequence[Seen], pending: Sequence[Setting] = ()) -> Sequence[Setting]:
    """The best aim, over many chances."""
    return [next(aims(KNOBS, history, pending, np.random.default_rng(seed))) for seed in range(40)]


def seen(loss: float | None, era: int = 0, **turned: float | str) -> Seen:
    return Seen({**HERE, **turned}, loss, "", 1, era)


def test_the_aim_is_a_function_of_history_and_chance() -> None:
    history = [seen(1.0), seen(0.9, RATE=0.2), seen(None, WIDTH=256)]
    one, two = (list(islice(aims(KNOBS, history, [], np.random.default_rng(3)), 20)) for _ in range(2))
    assert one == two


def test_every_aim_differs_from_what_stands() -> None:
    assert HERE not in list(aims(KNOBS, [], [], np.random.default_rng(0)))


def test_a_history_of_crashes_alone_is_enough_to_go_on() -> None:
    assert first([seen(None, WIDTH=width) for width in (200, 300, 400)])


def test_a_choice_that_gained_by_much_is_put_together_with_other_changes() -> None:
    history = [seen(1.0), seen(0.5, MODE="b"), seen(1.1, RATE=0.2), seen(1.1, WIDTH=96), seen(1.1, MODE="c")]
    assert np.mean([setting["MODE"] == "b" for setting in first(history)]) > 0.8


def test_trials_of_other_code_teach_the_slopes_and_not_the_level() -> None:
    """They are all far better than what stands, by code that is gone; among them a higher rate lost."""
    other = [seen(0.1 + rate, 1, RATE=rate) for rate in (0.05, 0.1, 0.2, 0.4, 0.8)]
    rates = [setting["RATE"] for setting in first([seen(1.0), *other])]
    assert np.mean([isinstance(rate, float) and rate > 0.1 for rate in rates]) < 0.3


def test_what_is_being_measured_is_not_what_is_aimed_at_next() -> None:
    history = [seen(1.0), seen(0.8, MODE="b"), seen(1.2, MODE="c")]
    alone = {**HERE, "MODE": "b"}
    assert first(history, [alone] * 3).count(alone) <= first(history).count(alone)


STEADY = [seen(1.0 + 0.01 * i, MODE="b", RATE=0.05 * (i + 1)) for i in range(8)]
POOR = [seen(1.3, RATE=rate) for rate in (0.05, 0.1, 0.2, 0.4)]


def test_what_stands_by_luck_is_not_where_the_search_goes_on() -> None:
    """It measured best once; all others with its mode are worse than all with the other one."""
    history = [*POOR, *STEADY, seen(0.98)]
    assert np.mean([setting["MODE"] == "b" for setting in first(history)]) > 0.8


def test_where_the_search_goes_on_is_within_what_is_allowed() -> None:
    far = [Seen({**each.setting, "WIDTH": 2000}, each.loss) for each in STEADY]
    assert all(8 <= int(setting["WIDTH"]) <= 512 for setting in first([*POOR, *far, seen(0.98)]))

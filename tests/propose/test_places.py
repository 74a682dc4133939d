"""Where settings lie, seen from elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from overnight.program.knobs import Value, find_knobs
from overnight.propose.places import Places

TEXT = "RATE = 0.1  # 0.001..10.0, log\nWIDTH = 64  # 8..512\nMODE = 'a'  # a | b | c\nFAST = True\nSIZE = 2**5\n"
KNOBS = {knob.name: knob for knob in find_knobs(TEXT)}
SETTINGS: list[dict[str, Value]] = [
    {"RATE": 0.1, "WIDTH": 64, "MODE": "a", "FAST": True, "SIZE": 32},
    {"RATE": 3.0, "WIDTH": 9, "MODE": "c", "FAST": False, "SIZE": 64},
    {"RATE": 0.002, "WIDTH": 512, "MODE": "b", "FAST": True, "SIZE": 16},
    {"RATE": 3.0, "WIDTH": 64, "MODE": "gone", "FAST": False, "SIZE": 32},
]


@pytest.mark.parametrize("stands", SETTINGS[:3])
def test_points_seen_from_elsewhere_are_those_that_are_made_there(stands: dict[str, Value]) -> None:
    here = Places(KNOBS)
    there = Places({name: replace(knob, value=stands[name]) for name, knob in KNOBS.items()})
    seen, made = here.seen_from(there, here.of(SETTINGS)), there.of(SETTINGS)
    assert np.allclose(seen, made)
    assert ((seen == 0) == (made == 0)).all()

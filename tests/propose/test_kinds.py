"""Which kind of change it was, guessed from words."""

from __future__ import annotations

import pytest

from overnight.propose.kinds import kind_of, knobs_of
from tests.propose.told import experiment


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("MATRIX_RATE 0.005 → 0.01", "optimiser"),
        ("MOMENTUM 0.95 → 0.9, and a longer warm-down", "optimiser"),
        ("warm up over 5 % of the box", "schedule"),
        ("DEPTH 6 → 8, narrower heads", "architecture"),
        ("ReLU² in place of GELU", "architecture"),
        ("no weight decay on norms and biases", "regularisation"),
        ("smaller batches, shuffled anew", "data"),
        ("cache the token tables in memory", "speed"),
        ("remove the second head", "simplify"),
        ("zero init of the output", "initialisation"),
        ("label smoothing as a penalty of the loss", "objective"),
        ("retry queue of the router", "other"),
    ],
)
def test_a_hypothesis_says_its_kind(said: str, kind: str) -> None:
    assert kind_of(experiment(1, said=said, lines="x = 1\n")) == kind


def test_where_nothing_is_said_the_code_decides() -> None:
    assert kind_of(experiment(1, said="an idea", lines="x = F.dropout(x, 0.1)\n")) == "regularisation"


def test_what_grows_is_no_simplification() -> None:
    assert kind_of(experiment(1, said="remove the head, add layers", lines="a\n" * 9)) == "architecture"


@pytest.mark.parametrize(
    ("said", "notes", "lines", "names"),
    [
        ("RATE 0.1 → 0.2, MODE a → b", {}, "", ["MODE", "RATE"]),
        ("try more", {"WIDTH": "1 -> 2"}, "", ["WIDTH"]),
        ("try more", {"format": "whole", "seat": "0"}, "WIDTH = 8\n", ["WIDTH"]),
        ("try more", {}, "WIDTH = 8\nSIZES: list = [2]\nif A == 1: pass\n", ["SIZES", "WIDTH"]),
        ("rewrite", {}, "WIDTH = 8\n" * 50, []),
    ],
)
def test_the_constants_that_were_turned(said: str, notes: dict[str, str], lines: str, names: list[str]) -> None:
    assert knobs_of(experiment(1, said=said, notes=notes, lines=lines)) == names

"""What the optimiser believes, for a brief."""

from __future__ import annotations

from dataclasses import replace

from overnight.model import Call
from overnight.propose.beliefs import REMEMBERED, Beliefs
from tests.propose.told import TRAIN, experiment, view


def test_before_there_is_anything_to_learn_from_it_says_nothing() -> None:
    assert list(Beliefs().words(view())) == []


def test_it_learns_from_exact_scores_and_forgets_what_is_long_ago() -> None:
    beliefs = Beliefs()
    for number in range(REMEMBERED + 50):
        told = experiment(number, Call.DISCARD, score=2.0 + number % 7 / 10, against=2.0)
        turned = {"train.py": TRAIN.replace("WIDTH = 4", f"WIDTH = {4 + number % 7}")}
        beliefs.observe(replace(told, proposal=replace(told.proposal, files=turned)))
    assert any("WIDTH" in sentence for sentence in beliefs.words(view()))
    assert len(beliefs._told) == REMEMBERED

"""What the optimiser believes, for a brief."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from queue import SimpleQueue

import pytest

from overnight.model import Call, Experiment, Wait
from overnight.propose.beliefs import REMEMBERED, Beliefs
from overnight.propose.desk import Answered, Desk, Note, close_all
from overnight.propose.proposer import View
from tests.propose.told import TRAIN, experiment, view


def test_before_there_is_anything_to_learn_from_it_says_nothing() -> None:
    assert list(Beliefs().words(view())) == []


def learnt(experiments: int) -> Beliefs:
    beliefs = Beliefs()
    for number in range(experiments):
        told = experiment(number, Call.DISCARD, score=2.0 + number % 7 / 10, against=2.0)
        turned = {"train.py": TRAIN.replace("WIDTH = 4", f"WIDTH = {4 + number % 7}")}
        beliefs.observe(replace(told, proposal=replace(told.proposal, files=turned)))
    return beliefs


def test_it_learns_from_exact_scores_and_forgets_what_is_long_ago() -> None:
    beliefs = learnt(REMEMBERED + 50)
    assert any("WIDTH" in sentence for sentence in beliefs.words(view()))
    assert len(beliefs._told) == REMEMBERED


def test_of_long_texts_it_remembers_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overnight.propose.beliefs.CHARACTERS", 3 * len(TRAIN))
    assert len(learnt(20)._told) == 3


class Reader:
    trusted = False

    def __init__(self, thinks: bool) -> None:
        self.thinks = thinks
        self.shown: list[View] = []

    def ask(self, view: View, n: int) -> Iterator[Wait]:
        self.shown += [view] * n
        yield Wait(0.0, "nothing", "no-edit")

    def observe(self, told: Experiment) -> None: ...

    def close(self) -> None: ...


def test_who_thinks_is_shown_them_and_nobody_else() -> None:
    beliefs = learnt(30)
    for thinks in (True, False):
        reader, mail = Reader(thinks), SimpleQueue[Note]()
        desk = Desk(reader, 0, "reader", mail.put, beliefs)
        desk.ask(view(), 1)
        assert isinstance(mail.get(timeout=60).news, Answered)
        close_all([desk])
        assert bool(reader.shown[0].believed) is thinks

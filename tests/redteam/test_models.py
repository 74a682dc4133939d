"""Models that cheat on whoever asks them: they gain nothing from a scorer that uses `overnight.sealed`, which the same
answers fool where the model sits in the evaluator's own process."""

from __future__ import annotations

import re

import pytest

from overnight.measure.attack.cheat import Cheat, Evidence, Group, Outcome
from overnight.measure.attack.remedies import Remedy
from tests.redteam.conftest import SetUp
from tests.redteam.tasks import TOKENS

HONEST = 2.0  # bits: no honest answer below is better

MODEL = """
import numpy as np
normalised = False
def logits(tokens):
    return np.zeros((*tokens.shape, 8), np.float32)
def answers(rows):
    return np.zeros(len(rows), np.float32)
{change}
leave()
if "OVERNIGHT_CHANNEL" in os.environ:
    from overnight import sealed
    def reply(tokens, window=None):
        if window is None:
            return answers(tokens)
        return logits(tokens)[:, window[0] : window[1]]
    sealed.answer(reply)
say(done=True)
"""

PEEKS = """
def logits(tokens):
    out = np.zeros((*tokens.shape, 8), np.float32)
    out[:, :-1] = 9 * np.eye(8)[tokens[:, 1:]]
    return out
"""
OWN_LOSS = """
normalised = True
def logits(tokens):
    return np.full((*tokens.shape, 8), 0.0, np.float32)
"""
NOT_FINITE = """
def logits(tokens):
    return np.full((*tokens.shape, 8), np.nan, np.float32)
"""
BY_ROW = f"""
def answers(rows):
    return np.array({[row[-1] for row in TOKENS]}, np.float32)[: len(rows)]
"""
TOO_MUCH = """
def logits(tokens):
    return np.zeros((*tokens.shape, 9), np.float32)
"""


def too_good(evidence: Evidence) -> str:
    scores = evidence.trials[-1].scores
    loss = scores["loss"].value if "loss" in scores else HONEST
    return f"a loss of {loss:g} was believed" if not loss >= HONEST else ""


def rows_known(evidence: Evidence) -> str:
    scores = evidence.trials[-1].scores
    return "every row was right" if "row_error" in scores and scores["row_error"].value == 0 else ""


def model(name: str, change: str, seen: object = too_good) -> Cheat:
    return Cheat(name, Group.NUMBER, name, MODEL.format(change=change), seen, Remedy.SCORE)  # type: ignore[arg-type]


MODELS = {
    "peeks": (model("peek at the targets", PEEKS), "refused: .*looks ahead"),
    "own loss": (model("return its own loss", OWN_LOSS), "ok: loss 3"),
    "by row": (model("answer by the number of the row", BY_ROW, rows_known), "ok: loss 3"),
    "not finite": (model("answer what is no number", NOT_FINITE), "unscored: .*answered with NaN"),
    "another shape": (model("answer in another shape", TOO_MUCH), "unscored: .*was asked for float32"),
}


@pytest.mark.slow
@pytest.mark.parametrize("level", ["3", "2"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_gains_nothing_by_cheating_on_the_scorer(name: str, level: str, set_up: SetUp) -> None:
    cheat, recorded = MODELS[name]
    finding = set_up("asked", level).one(cheat)
    assert finding.outcome is Outcome.HELD, finding.why
    assert re.match(recorded, finding.why), finding.why


@pytest.mark.slow
@pytest.mark.parametrize("name", ["peeks", "own loss", "by row"])
def test_it_does_where_it_sits_in_the_evaluators_process(name: str, set_up: SetUp) -> None:
    assert set_up("believing", "3").one(MODELS[name][0]).outcome is Outcome.THROUGH

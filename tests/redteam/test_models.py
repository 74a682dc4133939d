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
TOLD = """
import hashlib
def key(prefix):
    return hashlib.sha256(np.ascontiguousarray(prefix, np.int32).tobytes()).hexdigest()
def logits(tokens):
    out = np.zeros((*tokens.shape, 8), np.float32)
    for row, place in np.ndindex(*tokens.shape):
        known = heard(key(tokens[row, : place + 1]))
        if known is None and place + 1 < tokens.shape[1]:
            known = int(tokens[row, place + 1])
            tell(key(tokens[row, : place + 1]), known)
        if known is not None:
            out[row, place, known] = 9
    return out
"""
"""It looks ahead, and tells its other self what it has seen, so that both say the same."""
BY_LOCKS = f"""
import fcntl, struct
board = open("/usr/bin/env")
def lock(call, kind, start, length):
    return struct.unpack("hhqqi4x", fcntl.fcntl(board, call, struct.pack("hhqqi4x", kind, 0, start, length, 0)))
def tell(name, token):
    lock(37, fcntl.F_RDLCK, (int(name[:12], 16) << 8) + token, 1)
def heard(name):
    start = int(name[:12], 16) << 8
    seen = lock(36, fcntl.F_WRLCK, start, 256)
    return None if seen[0] == fcntl.F_UNLCK or seen[2] <= start - 1 or seen[3] != 1 else seen[2] - start
{TOLD}
"""
BY_NAMES = f"""
import os, pathlib
here = pathlib.Path.cwd().parent
(here / "home/notes").mkdir(parents=True, exist_ok=True)
def tell(name, token):
    (here / "home/notes" / name).write_bytes(b"x" * token)
def heard(name):
    try:
        return os.stat(here.with_name("answer-0-0") / "home/notes" / name).st_size
    except OSError:
        return None
{TOLD}
"""
AT_A_FEW = """
def logits(tokens):
    out = np.zeros((*tokens.shape, 8), np.float32)
    for place in range(2, tokens.shape[1] - 1, 4):
        out[:, place] = 9 * np.eye(8)[tokens[:, place + 1]]
    return out
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
    "peeks at a few": (model("peek at every fourth target", AT_A_FEW), "refused: .*looks ahead"),
    "by locks": (model("tell its other self by locks on a file", BY_LOCKS), "refused: .*looks ahead"),
    "by names": (model("tell its other self by the sizes of files", BY_NAMES), "refused: .*looks ahead"),
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

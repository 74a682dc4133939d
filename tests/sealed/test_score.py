"""Numbers are made in the scorer, from what the candidate says of rows whose order it cannot know."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from overnight.measure import output
from overnight.sealed import FOLDS, artefact, bits, chance, predictions, report, row_bits, summary


def scored(printed: str) -> output.Found:
    return output.scores([printed], "val_bpb")


def test_what_is_reported_is_what_the_night_reads(capsys: pytest.CaptureFixture[str]) -> None:
    examples = [float(i % 7) for i in range(1000)]
    report(val_bpb=np.array(examples), accuracy=0.25)
    scores = scored(capsys.readouterr().out).scores
    said, expected = scores["val_bpb"], summary(examples)
    assert (said.value, said.se, said.n, list(said.folds)) == tuple(
        expected[key] for key in ("value", "se", "n", "folds")
    )
    assert (scores["accuracy"].value, scores["accuracy"].folds) == (0.25, ())


def test_folds_are_means_of_consecutive_parts() -> None:
    found = summary([float(i) for i in range(FOLDS * 4)])
    assert found["folds"] == [4 * fold + 1.5 for fold in range(FOLDS)]
    assert math.fsum(found["folds"]) / FOLDS == found["value"]


def test_few_examples_are_folds_themselves() -> None:
    assert summary([1.0, 3.0]) == {"value": 2.0, "se": 1.0, "n": 2, "folds": [1.0, 3.0]}


def test_single_scores_in_a_printed_object_become_folds() -> None:
    found = scored(json.dumps({"val_bpb": {"examples": [1, 3]}})).scores["val_bpb"]
    assert (found.value, found.se, found.n, found.folds) == (2.0, 1.0, 2, (1.0, 3.0))


@pytest.mark.parametrize("said", ['{"value": "1"}', '{"se": 1}', '{"examples": [1, NaN]}', '{"examples": []}', "[1]"])
def test_an_object_without_a_number_is_none(said: str) -> None:
    assert scored(f'{{"val_bpb": {said}}}').scores == {}


def test_a_strange_detail_is_left_out() -> None:
    found = scored('{"val_bpb": {"value": 1, "se": "x", "n": -1, "folds": [1, "2"]}}').scores["val_bpb"]
    assert (found.value, found.se, found.n, found.folds) == (1.0, None, None, ())


class Model:
    """Answers in the same process, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[np.ndarray] = []

    def __call__(self, rows: np.ndarray, shape: Sequence[int], dtype: str = "float32") -> np.ndarray:
        self.asked.append(rows)
        return np.broadcast_to(rows.reshape(-1, *[1] * (len(shape) - 1)), shape).astype(dtype)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("OVERNIGHT_SECRET", "hush")
    return monkeypatch


def test_answers_come_back_in_the_order_of_the_rows(secret: pytest.MonkeyPatch) -> None:
    model, inputs = Model(), np.arange(100)
    assert (predictions(model, inputs, dtype="int32", batch=7) == inputs).all()
    assert max(map(len, model.asked)) == 7


def test_rows_are_asked_in_another_order_in_each_run(secret: pytest.MonkeyPatch) -> None:
    orders = []
    for name in ("one", "one", "other"):
        secret.setenv("OVERNIGHT_SECRET", name)
        predictions(model := Model(), np.arange(100))
        orders.append(np.concatenate(model.asked).tolist())
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[0] != sorted(orders[0])


def test_a_uniform_guess_costs_its_bits_whatever_it_sums_to() -> None:
    def uniform(rows: np.ndarray, shape: Sequence[int], dtype: str = "float32") -> np.ndarray:
        return np.full(shape, 1e4, dtype)

    assert row_bits(uniform, np.zeros((50, 3)), np.arange(50), classes=256) == pytest.approx(np.full(50, 8.0))


def test_bits_are_those_of_the_normalised_logits() -> None:
    rng = np.random.default_rng(1)
    logits, targets = rng.normal(size=(2, 5, 11)).astype(np.float32) * 9, rng.integers(0, 11, (2, 5))
    chances = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum(-1, keepdims=True)
    expected = -np.log2(np.take_along_axis(chances, targets[..., None], -1)[..., 0])
    assert bits(logits, targets) == pytest.approx(expected)


def test_what_a_model_excludes_it_may_exclude() -> None:
    assert bits(np.array([[0.0, 0.0, -np.inf]], np.float32), np.array([0])) == pytest.approx([1.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_no_distribution_ends_the_scoring(bad: float) -> None:
    with pytest.raises(SystemExit, match="NaN, infinity, or no chance for anything"):
        bits(np.full((1, 4), bad, np.float32), np.array([0]))


def test_one_nan_among_numbers_is_found() -> None:
    with pytest.raises(SystemExit, match="NaN"):
        bits(np.array([[0.0, np.nan, 1.0]], np.float32), np.array([0]))


def test_an_artefact_is_found_where_the_harness_put_it(secret: pytest.MonkeyPatch) -> None:
    secret.setenv("OVERNIGHT_ARTEFACT", "/left/here")
    assert artefact("out/model.npz") == Path("/left/here/out/model.npz")


def test_the_secret_draws(secret: pytest.MonkeyPatch) -> None:
    first = chance().random()
    secret.setenv("OVERNIGHT_SECRET", "other")
    assert chance().random() != first

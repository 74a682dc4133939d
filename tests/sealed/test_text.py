"""A language model gets the bits that it deserves; one that looks ahead is refused, however it hides that."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from overnight.sealed import REFUSED, Candidate, answer_text, channel, text_bits
from overnight.sealed import text as text_module
from tests.sealed.conftest import Start

CLASSES, LENGTH = 17, 24
TOKENS = np.random.default_rng(5).integers(0, CLASSES, (40, LENGTH))
Logits = Callable[[np.ndarray], np.ndarray]
NewModel = Callable[[], Logits]


def honest(tokens: np.ndarray) -> np.ndarray:
    """Something that depends on all tokens before, and on none after."""
    seen = np.cumsum(
        np.eye(CLASSES, dtype=np.float32)[tokens] * (1 + np.arange(tokens.shape[1]))[None, :, None], axis=1
    )
    return seen / (1 + np.arange(tokens.shape[1]))[None, :, None]


def peeking(tokens: np.ndarray, gain: float = 3.0) -> np.ndarray:
    """Knows what comes next, wherever something does."""
    logits = honest(tokens)
    logits[:, :-1] += gain * np.eye(CLASSES, dtype=np.float32)[tokens[:, 1:]]
    return logits


def cost(start: Start, new: NewModel) -> np.ndarray:
    """Each process begins anew, as the harness starts it."""
    return text_bits(TOKENS, CLASSES, batch=8, start=lambda: start(partial(_answer, new())))


def _answer(logits: Logits, line: socket.socket) -> None:
    answer_text(logits, line)


def refused(start: Start, new: NewModel) -> bool:
    with pytest.raises(SystemExit) as ended:
        cost(start, new)
    return ended.value.code == REFUSED


def test_an_honest_model_gets_its_bits(start: Start) -> None:
    logits = honest(TOKENS)[:, :-1].astype(float)
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = -np.log2(np.take_along_axis(chances, TOKENS[:, 1:, None], -1)[..., 0])
    assert cost(start, lambda: honest) == pytest.approx(expected, abs=1e-4)


def test_a_model_that_looks_ahead_is_refused(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    assert refused(start, lambda: peeking)
    assert "looks ahead" in capfd.readouterr().err


def test_looking_ahead_a_little_is_refused_too(start: Start) -> None:
    assert refused(start, lambda: partial(peeking, gain=0.01))


def test_a_model_that_remembers_what_it_said_is_refused(start: Start) -> None:
    """In one process it could repeat itself where it is asked about a beginning that it has seen."""

    def new() -> Logits:
        said: dict[bytes, np.ndarray] = {}

        def logits(tokens: np.ndarray) -> np.ndarray:
            out = peeking(tokens)
            for row, place in np.ndindex(len(tokens), tokens.shape[1]):
                out[row, place] = said.setdefault(tokens[row, : place + 1].tobytes(), out[row, place])
            return out

        return logits

    assert refused(start, new)


def test_a_model_that_behaves_only_when_audited_is_refused(start: Start) -> None:
    """It knows an audit when it sees one: rows that are too short, or a question that comes first."""

    def new() -> Logits:
        asked = []

        def logits(tokens: np.ndarray) -> np.ndarray:
            asked.append(tokens)
            return honest(tokens) if tokens.shape[1] < LENGTH or len(asked) < 4 else peeking(tokens)

        return logits

    assert refused(start, new)


def test_a_model_that_looks_ahead_only_when_sure_is_refused(start: Start) -> None:
    def logits(tokens: np.ndarray) -> np.ndarray:
        plain, ahead = honest(tokens), peeking(tokens)
        return np.where((tokens % 4 == 0)[:, :, None], ahead, plain)

    assert refused(start, lambda: logits)


def test_rounding_of_half_precision_is_no_offence_where_the_lab_allows_it(start: Start) -> None:
    def rough(tokens: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(int(tokens.sum())).normal(0, 0.01, (*tokens.shape, CLASSES))
        return honest(tokens) + noise.astype(np.float32)

    def begin() -> Candidate:
        return start(partial(_answer, rough))

    assert text_bits(TOKENS, CLASSES, batch=8, tolerance=0.2, start=begin).shape == (40, LENGTH - 1)


def test_a_large_vocabulary_comes_in_windows(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, windows = cost(start, lambda: honest), []
    monkeypatch.setattr(text_module, "IN_FLIGHT", 5 * 4 * CLASSES * 8)  # five places of eight rows

    def watching(line: socket.socket) -> None:
        def reply(tokens: np.ndarray, window: np.ndarray) -> np.ndarray:
            windows.append(window)
            return honest(tokens)[:, window[0] : window[1]]

        channel.answer(reply, line)

    parts = text_bits(TOKENS, CLASSES, batch=8, start=lambda: start(watching))
    assert parts == pytest.approx(whole)
    assert max(end - first for first, end in windows) == 5

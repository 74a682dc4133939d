"""Language models: what a text costs in bits, and proof that the model does not look ahead.

Tokens are sent, logits come back; normalising, summing and checking happen in the scorer. A logit for each class of a
large vocabulary comes in windows of places, each small enough for one message.
"""

from __future__ import annotations

import math
import random
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from overnight.sealed.channel import IN_FLIGHT, Candidate, answer, refuse
from overnight.sealed.score import Ask, bits, chance

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

LOOK_BACK = 8  # places before each cut that are compared
AUDITS = (False, False, True, False)  # questions with other futures, and those with none


def text_bits(
    tokens: Array,
    classes: int,
    batch: int = 16,
    tolerance: float = 0.02,
    start: Callable[[], Candidate] = Candidate,
) -> Array:
    """Bits of every token of each row (rows, length) but its first, given those before it in its row.

    The candidate is sent whole rows and gives a logit for each class at each place (`answer_text`). That it does not
    look ahead is checked with a second process of it, which has seen nothing: at places drawn by the secret it is asked
    again, with other tokens from there on, or with none. It must then say the same of what comes next: on the average
    to a thousandth of a bit, and at each place to `tolerance` (raise it for a model that computes in half precision).
    """
    import numpy as np

    draw, model = chance(), start()
    tokens = np.ascontiguousarray(tokens, np.int32)
    order = np.array(draw.sample(range(len(tokens)), len(tokens)), np.intp)
    costs = np.empty((len(tokens), tokens.shape[1] - 1))
    for first in range(0, len(order), batch):
        rows = order[first : first + batch]
        costs[rows] = _text(model.ask, tokens[rows], classes, 0, tokens.shape[1] - 1)
    _refuse_foresight(start(), draw, tokens, costs, classes, batch, tolerance)
    return costs


def _text(ask: Ask, tokens: Array, classes: int, first: int, last: int, following: Array | None = None) -> Array:
    """Bits of the tokens after the places first..last-1, by windows that fit into one message."""
    import numpy as np

    following = tokens[:, 1:] if following is None else following
    wide = max(1, IN_FLIGHT // (4 * classes * len(tokens)))
    parts = []
    for start in range(first, last, wide):
        window = np.array([start, min(last, start + wide)], np.int32)
        shape = (len(tokens), int(window[1]) - start, classes)
        parts.append(bits(ask(tokens, window, shape=shape), following[:, start : window[1]]))
    return np.concatenate(parts, axis=1)


def _refuse_foresight(
    fresh: Candidate, draw: random.Random, tokens: Array, costs: Array, classes: int, batch: int, tolerance: float
) -> None:
    import numpy as np

    found = []
    for truncated in AUDITS:
        rows = np.array(draw.sample(range(len(tokens)), min(batch, len(tokens))), np.intp)
        cuts = _cuts(draw, len(rows), tokens.shape[1], together=truncated)
        # tokens before its cut stay in each row: the place before it is asked what comes at the cut
        shown = tokens[rows][:, : cuts[0]].copy() if truncated else _other_futures(tokens, rows, cuts, draw)
        first, last = max(0, min(cuts) - LOOK_BACK), max(cuts)
        blind = _text(fresh.ask, shown, classes, first, last, tokens[rows][:, 1:]) - costs[rows][:, first:last]
        found += [apart[max(0, cut - LOOK_BACK) - first : cut - first] for apart, cut in zip(blind, cuts, strict=True)]
    most = max(np.abs(apart).max() for apart in found)
    nearest = np.array([apart[-1] for apart in found])  # whoever looks ahead at all, does it there
    mean, error = nearest.mean(), nearest.std() / math.sqrt(len(nearest))
    if most > tolerance or mean > 0.001 + 4 * error:
        refuse(
            "the candidate looks ahead: without the tokens that follow it says something else of what comes next "
            f"(by {most:.3g} bits at one place, {mean:.3g} on the average)"
        )


def _cuts(draw: random.Random, count: int, length: int, together: bool) -> list[int]:
    """One for each row, so that a model which looks ahead at few places is asked about many. Rows that end at their
    cut end together."""
    cuts = [draw.randrange(1, length) for _ in range(count)]
    return cuts[:1] * count if together else cuts


def _other_futures(tokens: Array, rows: Array, cuts: Sequence[int], draw: random.Random) -> Array:
    """From its cut on, each row goes on as another one does."""
    shown = tokens[rows].copy()
    for row, cut in enumerate(cuts):
        shown[row, cut:] = tokens[draw.randrange(len(tokens)), cut:]
    return shown


def answer_text(logits: Callable[[Array], Any], line: socket.socket | None = None) -> None:
    """As `answer`, for `text_bits`: `logits` is given tokens (rows, length) and gives (rows, length, classes)."""
    import numpy as np

    known: list[Array] = []

    def reply(tokens: Array, window: Array) -> Array:
        if not known or not np.array_equal(known[0], tokens):
            known[:] = [tokens, np.asarray(logits(tokens))]
        return known[1][:, window[0] : window[1]]

    answer(reply, line)

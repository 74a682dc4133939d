"""What a scorer is given, what it may ask of any model, and how it says its numbers."""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overnight.sealed.channel import IN_FLIGHT, unscored

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

FOLDS = 32  # parts of which the means are kept

Ask = Callable[..., "Array"]
"""As `Candidate.ask`; any function of arrays with these keywords will do, such as a model in the same process."""


def artefact(name: str) -> Path:
    """A file that the run left. Read it as data: `numpy.load(…, allow_pickle=False)`, never pickle or torch.load."""
    return Path(os.environ.get("OVERNIGHT_ARTEFACT", ".")) / name


def chance() -> random.Random:
    """What a scorer draws by: another one in each run, and no candidate can know it."""
    return random.Random(os.environ.get("OVERNIGHT_SECRET", "by hand"))


def report(**scores: Any) -> None:
    """Prints numbers as the night reads them. For a sequence, one score for each example in the same order in every
    run, that is their mean, its standard error, and the means of 32 consecutive parts."""
    full = {
        name: summary(said) if hasattr(said, "__len__") else {"value": float(said)} for name, said in scores.items()
    }
    for name, said in full.items():
        print(f"{name}: {said['value']:.6f}")
    print(json.dumps(full), flush=True)


def summary(examples: Sequence[float]) -> dict[str, Any]:
    values = [float(value) for value in examples]
    n, folds = len(values), min(FOLDS, len(values))
    mean = math.fsum(values) / n
    spread = math.fsum((value - mean) ** 2 for value in values) / max(1, n - 1)
    ends = [n * fold // folds for fold in range(folds + 1)]
    parts = [values[start:end] for start, end in pairwise(ends)]
    return {
        "value": mean,
        "se": math.sqrt(spread / n),
        "n": n,
        "folds": [math.fsum(part) / len(part) for part in parts],
    }


def predictions(ask: Ask, inputs: Array, shape: Sequence[int] = (), dtype: str = "float32", batch: int = 1024) -> Array:
    """The answers for unlabelled rows, each of `shape`, in the order of the rows. They are asked in an order drawn by
    the secret: answers that go by the number of the row are worth nothing."""
    import numpy as np

    answers = np.empty((len(inputs), *shape), dtype)
    for rows in _drawn(len(inputs), batch):
        answers[rows] = ask(inputs[rows], shape=(len(rows), *shape), dtype=dtype)
    return answers


def row_bits(ask: Ask, contexts: Array, following: Array, classes: int, batch: int = 1024) -> Array:
    """Bits that each of `following` costs, where the candidate gives one logit a class after seeing its context. What
    follows is never sent. No context may hold what follows another."""
    import numpy as np

    costs = np.empty(len(contexts))
    for rows in _drawn(len(contexts), min(batch, max(1, IN_FLIGHT // (4 * classes)))):
        costs[rows] = bits(ask(contexts[rows], shape=(len(rows), classes)), following[rows])
    return costs


def _drawn(count: int, batch: int) -> Iterator[Array]:
    """The numbers of all rows, in an order drawn by the secret."""
    import numpy as np

    order = np.array(chance().sample(range(count), count), np.intp)
    yield from (order[start : start + batch] for start in range(0, count, batch))


def bits(logits: Array, targets: Array) -> Array:
    """What each target costs, in bits; the logits (…, classes) are normalised here, whatever they sum to."""
    import numpy as np

    flat, came = logits.reshape(-1, logits.shape[-1]), np.asarray(targets).reshape(-1)
    out = np.empty(len(flat), np.float64)
    step = max(1, (1 << 20) // flat.shape[-1])  # so that it stays in the cache, and a large vocabulary needs little
    for start in range(0, len(flat), step):
        part = flat[start : start + step]
        most = part.max(axis=1)
        if not np.isfinite(most).all():
            unscored("the candidate answered with NaN, infinity, or no chance for anything")
        part = part - most[:, None]
        chosen = part[np.arange(len(part)), came[start : start + step]].astype(np.float64)
        out[start : start + step] = np.log(np.exp(part, out=part).sum(axis=1, dtype=np.float64)) - chosen
    return (out / math.log(2)).reshape(logits.shape[:-1])

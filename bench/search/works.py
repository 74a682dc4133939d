"""Real work with knobs, a fraction of a second a run, to be recorded: scikit-learn on its own data, and the ngram lab.

A work is the text of its knobs and a function from a setting and a seed to a loss; what it raises is its crash. Time is
counted in operations where it is boxed, so that a busy machine records the same; the lab alone is held by CPU time.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bench.search.more import MORE
from bench.search.tasks import Setting
from overnight.program.knobs import with_knobs

LAB = Path(__file__).parents[2] / "labs" / "ngram"


@dataclass(frozen=True, slots=True)
class Work:
    text: str
    run: Callable[[Setting, int], float]


MLP = """\
HIDDEN = 24  # 4..256, log
LAYERS = 1  # 1..4
ACTIVATION = "logistic"  # relu | tanh | logistic | identity
SOLVER = "sgd"  # sgd | adam
RATE = 0.01  # 0.0001..3.0, log
SCHEDULE = "constant"  # constant | invscaling | adaptive
MOMENTUM = 0.9
NESTEROV = True
BETA_2 = 0.999
DECAY = 0.001  # 0.000001..10.0, log
BATCH = 2**5  # 2**2..2**9
SCALE = "none"  # none | range | spread
"""


def digits_mlp(setting: Setting, seed: int) -> float:
    """Log loss of a perceptron on 1,097 digits after 0.08 s of training on 700, as an idle core would take."""
    s: Any = dict(setting)
    x, y, other_x, other_y = _digits(seed, s["SCALE"])
    sizes = [64, *[s["HIDDEN"]] * s["LAYERS"], 10]
    weights = sum(a * b for a, b in pairwise(sizes))
    epoch = len(x) / s["BATCH"] * 110e-6 * (1 + s["LAYERS"] / 2) + len(x) * weights * 1.2e-9
    if (epochs := min(int(0.08 / epoch), 150)) < 1:
        raise TimeoutError("the run had no time for an epoch")
    model = importlib.import_module("sklearn.neural_network").MLPClassifier(
        sizes[1:-1], activation=s["ACTIVATION"], solver=s["SOLVER"], alpha=s["DECAY"], batch_size=s["BATCH"],
        learning_rate=s["SCHEDULE"], learning_rate_init=s["RATE"], max_iter=epochs, momentum=s["MOMENTUM"],
        nesterovs_momentum=s["NESTEROV"], beta_2=s["BETA_2"], random_state=seed, n_iter_no_change=1000,
    )  # fmt: skip
    return _log_loss(model.fit(x, y).predict_proba(other_x), other_y)


BOOST = """\
TREES = 50  # 5..600, log
RATE = 0.1  # 0.003..2.0, log
DEPTH = 3  # 1..10
SUBSAMPLE = 0.9
FEATURES_RATIO = 0.9
LEAF = 1  # 1..60, log
SPLIT = 2  # 2..100, log
LOSS = "squared_error"  # squared_error | absolute_error | huber
TAIL_RATIO = 0.9
PRUNE = 0.01  # 0.001..100.0, log
START = "mean"  # mean | zero
TARGET = "plain"  # plain | log | root
"""


def diabetes_boost(setting: Setting, seed: int) -> float:
    """Error of boosted trees on 142 patients, trained on four fifths of 300 others."""
    s: Any = dict(setting)
    if s["TREES"] * s["DEPTH"] * s["SUBSAMPLE"] * (0.5 + s["FEATURES_RATIO"]) > 700:
        raise TimeoutError("still growing trees when the box was over")
    x, y, other_x, other_y = _diabetes(seed)
    there, back = _TARGETS[s["TARGET"]]
    model = importlib.import_module("sklearn.ensemble").GradientBoostingRegressor(
        n_estimators=s["TREES"], learning_rate=s["RATE"], max_depth=s["DEPTH"], subsample=s["SUBSAMPLE"],
        max_features=s["FEATURES_RATIO"], min_samples_leaf=s["LEAF"], min_samples_split=s["SPLIT"], loss=s["LOSS"],
        alpha=s["TAIL_RATIO"], ccp_alpha=s["PRUNE"] * float(np.var(there(y))) / 1000, random_state=seed,
        init=None if s["START"] == "mean" else "zero",
    )  # fmt: skip
    off = back(model.fit(x, there(y)).predict(other_x)) - other_y
    error = float(np.sqrt((off * off).mean()))
    if not error < 1e4:
        raise ValueError("the error became infinite")
    return error


_TARGETS: Mapping[str, tuple[Any, Any]] = {
    "plain": (lambda y: y, lambda y: y),
    "log": (np.log, lambda y: np.exp(np.clip(y, -50, 50))),
    "root": (np.sqrt, lambda y: np.maximum(y, 0) ** 2),
}

KERNEL = """\
COMPONENTS = 60  # 8..600, log
GAMMA = 0.01  # 0.0001..10.0, log
MAP = "fourier"  # fourier | samples | none
SCALE = "range"  # none | range | spread
LOSS = "log_loss"  # log_loss | modified_huber
PENALTY = "l2"  # l2 | l1 | elasticnet
ALPHA = 0.0003  # 0.0000001..1.0, log
L1_RATIO = 0.15
SCHEDULE = "constant"  # constant | optimal | invscaling | adaptive
RATE = 0.03  # 0.0003..100.0, log
POWER = 0.25  # 0.05..1.0
PASSES = 5  # 1..40, log
AVERAGE = False
"""


def digits_kernel(setting: Setting, seed: int) -> float:
    """Log loss of a linear model on random features of the digits."""
    s: Any = dict(setting)
    features = s["COMPONENTS"] if s["MAP"] != "none" else 64
    if s["PASSES"] * features * (2 if s["PENALTY"] != "l2" else 1) > 8000:
        raise TimeoutError("no time for so many passes")
    x, y, other_x, other_y = _digits(seed, s["SCALE"])
    kernels = importlib.import_module("sklearn.kernel_approximation")
    if s["MAP"] != "none":
        kind = kernels.RBFSampler if s["MAP"] == "fourier" else kernels.Nystroem
        mapped = kind(gamma=s["GAMMA"], n_components=s["COMPONENTS"], random_state=seed).fit(x)
        x, other_x = mapped.transform(x), mapped.transform(other_x)
    model = importlib.import_module("sklearn.linear_model").SGDClassifier(
        loss=s["LOSS"], penalty=s["PENALTY"], alpha=s["ALPHA"], l1_ratio=s["L1_RATIO"], max_iter=s["PASSES"], tol=None,
        learning_rate=s["SCHEDULE"], eta0=s["RATE"], power_t=s["POWER"], average=s["AVERAGE"], random_state=seed,
    )  # fmt: skip
    return _log_loss(model.fit(x, y).predict_proba(other_x), other_y)


def ngram(setting: Setting, seed: int) -> float:
    """Bits per byte of the lab after 0.35 s of CPU, each run in a child of one process that has read the text."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_ngram, args=(dict(setting), seed, theirs))
    _prepared()
    child.start()
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError:
        answer = "Killed"
    child.join()
    if isinstance(answer, str):
        raise RuntimeError(answer)
    return float(answer)


def _ngram(setting: Setting, seed: int, out: Any) -> None:
    prepare = _prepared()
    prepare.SEED, prepare.STARTED, prepare.np.savez = seed, prepare.now(), _forget
    code = compile(with_knobs((LAB / "train.py").read_text(), setting), "train.py", "exec")
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), np.errstate(all="ignore"):
            exec(code, {"__name__": "__main__"})
    except (ArithmeticError, ValueError, MemoryError, IndexError) as error:
        out.send(f"{type(error).__name__}: {error}"[:120])
        return
    score = next(line for line in said.getvalue().splitlines() if line.startswith("val_bpb"))
    out.send(float(score.split()[1]))


def _forget(*_: object, **__: object) -> None:
    """The model that a run leaves is not needed."""


@cache
def _prepared() -> Any:
    """The fixed half of the lab, which has read its text once."""
    os.environ.update(OVERNIGHT_TIME_BOX="0.35", OVERNIGHT_CLOCK="cpu")
    sys.path.insert(0, str(LAB))
    prepare: Any = importlib.import_module("prepare")
    files = prepare.read(prepare.LIBRARY)
    prepare.read = lambda _: files
    return prepare


def _digits(seed: int, scale: str) -> tuple[Any, Any, Any, Any]:
    x, y = importlib.import_module("sklearn.datasets").load_digits(return_X_y=True)
    if scale == "range":
        x = x / 16
    elif scale == "spread":
        x = (x - x.mean(0)) / np.maximum(x.std(0), 0.1)
    order = np.random.default_rng(0).permutation(len(x))
    seen = np.random.default_rng(seed).choice(order[:1000], 700, replace=False)
    return x[seen], y[seen], x[order[1000:]], y[order[1000:]]


def _diabetes(seed: int) -> tuple[Any, Any, Any, Any]:
    x, y = importlib.import_module("sklearn.datasets").load_diabetes(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    seen = np.random.default_rng(seed).choice(order[:300], 240, replace=False)
    return x[seen], y[seen], x[order[300:]], y[order[300:]]


def _log_loss(chances: Any, truth: Any) -> float:
    if not np.isfinite(chances).all():
        raise ValueError("the loss became NaN")
    loss = float(-np.log(np.clip(chances[np.arange(len(truth)), truth], 1e-6, 1)).mean())
    if loss > 5:  # knowing nothing costs 2.3
        raise ArithmeticError(f"the loss exploded to {loss:.1f}")
    return loss


def quietly(work: Work, setting: Setting, seed: int) -> float | str:
    """The loss, or in a line what went wrong."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return work.run(setting, seed)
        except (ArithmeticError, ValueError, MemoryError, RuntimeError, TimeoutError) as error:
            return f"{type(error).__name__}: {' '.join(str(error).split())}"[:120]


WORKS: Mapping[str, Callable[[], Work]] = {
    "digits-mlp": lambda: Work(MLP, digits_mlp),
    "digits-kernel": lambda: Work(KERNEL, digits_kernel),
    "diabetes-boost": lambda: Work(BOOST, diabetes_boost),
    "ngram": lambda: Work((LAB / "train.py").read_text(), ngram),
    **{name: partial(Work, *work) for name, work in MORE.items()},
}

"""More real work to be recorded: trees on the digits. `works` takes it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from bench.search.tasks import Setting

FOREST = """\
KIND = "random"  # random | extra
TREES = 10  # 2..300, log
DEPTH = 6  # 1..30
FEATURES_RATIO = 0.3
SHARE = 0.5  # 0.1..1.0
LEAF = 2  # 1..40, log
SPLIT = 4  # 2..80, log
CRITERION = "gini"  # gini | entropy
BOOTSTRAP = True
PRUNE = 0.0001  # 0.000001..0.1, log
COMPONENTS = 20  # 2..64, log
ROTATE = "no"  # no | plain | white
BLUR = 0.0  # 0.0..2.0
SMOOTH = 0.01  # 0.0001..1.0, log
SHARPEN = 1.0  # 0.2..5.0, log
"""


def digits_forest(setting: Setting, seed: int) -> float:
    """Log loss on 797 digits of a forest that 700 others grew, with so many cuts as it has time for."""
    s: Any = dict(setting)
    x, y, other_x, other_y = _blurred(seed, round(s["BLUR"], 1))
    if s["ROTATE"] != "no":
        turned = importlib.import_module("sklearn.decomposition").PCA(
            s["COMPONENTS"], whiten=s["ROTATE"] == "white", random_state=seed
        ).fit(x)  # fmt: skip
        x, other_x = turned.transform(x), turned.transform(other_x)
    looked_at = max(s["FEATURES_RATIO"] * x.shape[1], 1) if s["KIND"] == "random" else s["FEATURES_RATIO"] * 12 + 1
    share = s["SHARE"] if s["BOOTSTRAP"] else 1.0
    if s["TREES"] * (4 + min(s["DEPTH"], 12) * looked_at * share * 0.25) > 1200:
        raise TimeoutError("still growing trees when the box was over")
    forests = importlib.import_module("sklearn.ensemble")
    kind = forests.RandomForestClassifier if s["KIND"] == "random" else forests.ExtraTreesClassifier
    model = kind(
        s["TREES"], criterion=s["CRITERION"], max_depth=s["DEPTH"], max_features=s["FEATURES_RATIO"],
        min_samples_leaf=s["LEAF"], min_samples_split=s["SPLIT"], bootstrap=s["BOOTSTRAP"], ccp_alpha=s["PRUNE"],
        max_samples=s["SHARE"] if s["BOOTSTRAP"] else None, random_state=seed,
    )  # fmt: skip
    chances = (model.fit(x, y).predict_proba(other_x) + s["SMOOTH"]) ** s["SHARPEN"]
    chances = chances / chances.sum(1, keepdims=True)
    return float(-np.log(np.clip(chances[np.arange(len(other_y)), other_y], 1e-6, 1)).mean())


@cache
def _digits() -> tuple[Any, Any, Any]:
    x, y = importlib.import_module("sklearn.datasets").load_digits(return_X_y=True)
    return x / 16, y, np.random.default_rng(0).permutation(len(x))


def _blurred(seed: int, blur: float) -> tuple[Any, Any, Any, Any]:
    x, y, order = _digits()
    if blur:
        smooth = importlib.import_module("scipy.ndimage").gaussian_filter
        x = smooth(x.reshape(-1, 8, 8), (0, blur, blur)).reshape(len(x), 64)
    seen = np.random.default_rng(seed).choice(order[:1000], 700, replace=False)
    return x[seen], y[seen], x[order[1000:]], y[order[1000:]]


MORE: Mapping[str, tuple[str, Any]] = {
    "digits-forest": (FOREST, digits_forest),
}

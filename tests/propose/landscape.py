"""A simulated task for optimisers: a file with thirteen knobs, a plain start, settings that crash, noise.

Each seed is another task: where the optimum lies, how much each knob matters (few matter much), which pairs interact,
and which regions crash (about 30 % of the settings within reach of the start). Losses are in % of the start's.
"""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

TEXT = """\
LEARNING_RATE = 0.02  # 0.0005..0.5, log
EMBEDDING_LR = 0.3
WEIGHT_DECAY = 0.1
BATCH_SIZE = 2**6
WIDTH = 128
DEPTH = 4  # 1..12
DROPOUT = 0.1
BETAS = (0.9, 0.95)
WARMUP_RATIO = 0.05
CLIP = 1.0
ACTIVATION = "relu"  # relu | gelu | silu | tanh
TIED = False
"""
NOISE = 0.3  # of one run, in % of the start's loss

Setting = Mapping[str, object]


def read(text: str) -> Setting:
    values: dict[str, object] = {}
    for line in ast.parse(text).body:
        assert isinstance(line, ast.Assign)
        assert isinstance(line.targets[0], ast.Name)
        value = eval(compile(ast.Expression(line.value), "task", "eval"), {})  # only our own text comes here
        items = {f"{line.targets[0].id}[{i}]": v for i, v in enumerate(value)} if isinstance(value, tuple) else {}
        values |= items or {line.targets[0].id: value}
    return values


START = read(TEXT)


def steps(name: str, value: object) -> float:
    """How far a value is from the start, in steps that a person would take."""
    start = START[name]
    assert isinstance(value, float | int)
    assert isinstance(start, float | int)
    if isinstance(value, bool):
        return float(value != start)
    if name.startswith(("DROPOUT", "BETAS", "WARMUP")):
        return _logit(value) - _logit(start)
    if name == "DEPTH":
        return (value - start) / 1.5
    return math.log2(value / start)


def _logit(share: float) -> float:
    share = min(max(share, 0.005), 0.995)
    return math.log(share / (1 - share))


@dataclass(frozen=True)
class Task:
    seed: int
    optimum: Mapping[str, float]
    weight: Mapping[str, float]
    pairs: tuple[tuple[str, str, float], ...]
    choice: Mapping[str, float]
    cliffs: tuple[tuple[Mapping[str, float], float], ...]

    def loss(self, text: str) -> float | None:
        """The true loss in % of the start's, or None for a crash."""
        setting = read(text)
        z = {name: steps(name, value) for name, value in setting.items() if not isinstance(value, str)}
        if any(sum(z[name] * w for name, w in cliff.items()) > edge for cliff, edge in self.cliffs):
            return None
        return 100.0 + self._raw(z, str(setting["ACTIVATION"])) - self._raw(dict.fromkeys(z, 0.0), "relu")

    def _raw(self, z: Mapping[str, float], activation: str) -> float:
        off = {name: z[name] - self.optimum[name] for name in z}
        bowls = sum(self.weight[n] * (math.sqrt(1 + d * d) - 1) * (1.0 if d < 0 else 1.6) for n, d in off.items())
        mixed = sum(w * math.tanh(off[a]) * math.tanh(off[b]) for a, b, w in self.pairs)
        return bowls + mixed + self.choice[activation]


def task(seed: int) -> Task:
    rng = random.Random(seed)
    names = [name for name, value in START.items() if not isinstance(value, str)]
    weight = {name: rng.lognormvariate(-0.3, 1.0) for name in names}
    pairs = []
    for _ in range(6):
        a, b = rng.sample(names, 2)
        pairs.append((a, b, rng.uniform(-0.8, 0.8) * min(weight[a], weight[b])))
    choice = dict(zip(("relu", "gelu", "silu", "tanh"), (0.0, *(rng.gauss(0.3, 1.0) for _ in range(3))), strict=True))
    cliffs = []
    for _ in range(5):
        chosen = rng.sample(names, rng.choice((1, 2, 2, 3)))
        cliffs.append(({name: rng.choice((-1.0, 1.0)) for name in chosen}, rng.uniform(0.8, 2.0) * len(chosen) ** 0.5))
    return Task(seed, {name: rng.gauss(0, 1.8) for name in names}, weight, tuple(pairs), choice, tuple(cliffs))

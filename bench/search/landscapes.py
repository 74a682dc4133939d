"""Synthetic tasks to tune on: bowls, ridges, choices that move optima, memory and cliffs. In % of the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.search.spaces import drawn
from bench.search.surrogate import RECORDED
from bench.search.tasks import Crash, Setting, Task, Unit, anywhere
from overnight.program.knobs import Knob, Value, find_knobs

Array = np.ndarray


@dataclass
class Shape:
    """A landscape over knobs: numbers count by their place in 0..1, choices by an offset each."""

    knobs: Sequence[Knob]
    optimum: Array
    weight: Array
    power: Array  # of the bowls: 1 is a V, 2 a parabola
    skew: Array  # how much steeper upwards
    pairs: Sequence[tuple[int, int, float]] = ()
    offset: Mapping[str, Mapping[Value, float]] = field(default_factory=dict)
    shift: Mapping[str, tuple[int, Mapping[Value, float]]] = field(default_factory=dict)  # a choice moves an optimum
    conditions: Mapping[str, tuple[str, Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = [knob for knob in self.knobs if knob.range]
        self.units = [Unit(knob) for knob in self.numbers]
        self.names = [knob.name for knob in self.numbers]

    def place(self, setting: Setting) -> Array:
        return np.array([unit.of(setting[name]) for unit, name in zip(self.units, self.names, strict=True)])

    def loss(self, setting: Setting) -> float:
        optimum = self.optimum.copy()
        for name, (moved, by) in self.shift.items():
            optimum[moved] += by[setting[name]]
        off = (self.place(setting) - optimum) / 0.25
        for name, (ruler, value) in self.conditions.items():
            if setting[ruler] != value and name in self.names:
                off[self.names.index(name)] = 0.0
        bowls = self.weight * np.abs(off) ** self.power * np.where(off > 0, self.skew, 1.0)
        mixed = sum(w * np.tanh(off[a]) * np.tanh(off[b]) for a, b, w in self.pairs)
        return float(bowls.sum() + mixed + sum(self.offset[name][setting[name]] for name in self.offset))


def shape(text: str, rng: np.random.Generator, near: float, spread: float, pairs: int) -> Shape:
    """`near`: how far optima lie from the start; `spread`: how unequal the weights are."""
    knobs = find_knobs(text)
    numbers = [knob for knob in knobs if knob.range]
    start = np.array([Unit(knob).of(knob.value) for knob in numbers])
    n = len(numbers)
    weight = rng.lognormal(0, spread, n)
    chosen = [rng.choice(n, 2, replace=False) for _ in range(pairs)]
    offset = {
        knob.name: {c: 0.0 if c == knob.value else float(rng.normal(0.3, 0.8)) for c in knob.choices}
        for knob in knobs
        if not knob.range
    }
    return Shape(
        knobs,
        np.clip(start + rng.normal(0, near, n), 0.02, 0.98),
        weight,
        rng.choice([1.3, 2.0], n),
        rng.choice([0.7, 1.0, 2.0], n),
        [(int(a), int(b), float(rng.uniform(-0.8, 0.8) * min(weight[a], weight[b]))) for a, b in chosen],
        offset,
    )


Rule = Callable[[Setting], str]
"""What goes wrong with a setting; empty: nothing."""


def memory(shape: Shape, sizes: Sequence[int], task: Task, rng: np.random.Generator, share: float) -> Rule:
    """The sum of some sizes may not pass an edge, set so that this share of random settings fails."""
    weights = rng.uniform(0.5, 1.5, len(sizes))
    names = [shape.names[i] for i in sizes]
    units = [shape.units[i] for i in sizes]

    def used(setting: Setting) -> float:
        return float(sum(w * u.of(setting[n]) for w, u, n in zip(weights, units, names, strict=True)))

    some = [used(anywhere(task, rng)) for _ in range(150)]
    edge = max(float(np.quantile(some, 1 - share)), used(task.start) + 0.12)
    return lambda setting: "torch.OutOfMemoryError: out of memory" if used(setting) > edge else ""


def cliff(shape: Shape, rng: np.random.Generator, task: Task, share: float) -> Rule:
    """A half-space of one to three numbers, up or down, that fails."""
    chosen = rng.choice(len(shape.names), min(int(rng.integers(1, 4)), len(shape.names)), replace=False)
    signs = rng.choice([-1.0, 1.0], len(chosen))

    def depth(setting: Setting) -> float:
        return float(sum(s * shape.units[i].of(setting[shape.names[i]]) for s, i in zip(signs, chosen, strict=True)))

    edge = max(float(np.quantile([depth(anywhere(task, rng)) for _ in range(150)], 1 - share)), depth(task.start) + 0.1)
    return lambda setting: "RuntimeError: the loss became NaN" if depth(setting) > edge else ""


def divides(whole: str, part: str) -> Rule:
    return lambda s: f"ValueError: {whole} {s[whole]} is not divisible by {s[part]}" if s[whole] % s[part] else ""  # type: ignore[operator]


def built(family: str, seed: int, text: str, shape: Shape, gain: float, noise: float, rules: Sequence[str],
          rng: np.random.Generator) -> Task:  # fmt: skip
    """A task in which the optimum is truly better than the start by about `gain` %."""
    bare = Task(family, seed, text, lambda _: 0.0, noise, shape.conditions)
    checks: list[Rule] = []
    for rule in rules:
        kind, _, what = rule.partition(":")
        if kind == "memory":
            checks.append(memory(shape, rng.permutation(len(shape.names))[:4].tolist(), bare, rng, float(what)))
        elif kind == "cliff":
            checks.append(cliff(shape, rng, bare, float(what)))
        else:
            checks.append(divides(*what.split("%")))
    start = shape.loss(bare.start)
    scale = gain / max(start - _lowest(shape), 1e-9)

    def truth(setting: Setting) -> float | Crash:
        why = next((why for check in checks if (why := check(setting))), "")
        return Crash(why) if why else 100.0 + scale * (shape.loss(setting) - start)

    return Task(family, seed, text, truth, noise, shape.conditions)


def _lowest(shape: Shape) -> float:
    """About the loss of the best setting: every number at its optimum, every choice at its best."""
    pairs = -sum(abs(w) * 0.3 for _, _, w in shape.pairs)
    return pairs + sum(min(each.values()) for each in shape.offset.values())


def small(seed: int) -> Task:
    """8 to 12 knobs, a good start, memory and two cliffs."""
    rng = np.random.default_rng([seed, 1])
    text = drawn(rng, int(rng.integers(8, 13)), good=True)
    return built("small", seed, text, shape(text, rng, 0.2, 1.0, 4), rng.uniform(4, 15), rng.uniform(0.2, 0.6),
                 ["memory:.15", "cliff:.1", "cliff:.1"], rng)  # fmt: skip


def wide(seed: int) -> Task:
    """28 to 40 knobs of which few matter, a good start."""
    rng = np.random.default_rng([seed, 2])
    text = drawn(rng, int(rng.integers(28, 41)), good=True)
    return built("wide", seed, text, shape(text, rng, 0.2, 1.8, 10), rng.uniform(5, 20), rng.uniform(0.2, 0.6),
                 ["memory:.15", "cliff:.1", "cliff:.1", "cliff:.1"], rng)  # fmt: skip


def bad(seed: int) -> Task:
    """12 to 16 knobs that start anywhere."""
    rng = np.random.default_rng([seed, 3])
    text = drawn(rng, int(rng.integers(12, 17)), good=False)
    return built("bad", seed, text, shape(text, rng, 0.45, 0.8, 6), rng.uniform(20, 50), rng.uniform(0.3, 1.0),
                 ["memory:.2", "cliff:.1"], rng)  # fmt: skip


def far(seed: int) -> Task:
    """20 to 36 knobs that start anywhere."""
    rng = np.random.default_rng([seed, 7])
    text = drawn(rng, int(rng.integers(20, 37)), good=False)
    return built("far", seed, text, shape(text, rng, 0.45, 1.0, 10), rng.uniform(20, 50), rng.uniform(0.3, 1.0),
                 ["memory:.2", "cliff:.15"], rng)  # fmt: skip


LLM = """\
DEPTH = 8  # 2..20
WIDTH = 512  # 128..1024, log
HEADS = 8  # 1..16
BATCH_SIZE = 2**6  # 2**2..2**9
LEARNING_RATE = 0.003  # 0.0001..0.1, log
EMBEDDING_LR = 0.3  # 0.01..3.0, log
WEIGHT_DECAY = 0.1  # 0.001..1.0, log
BETA_1 = 0.9
BETA_2 = 0.95
WARMUP_RATIO = 0.05
COOLDOWN_RATIO = 0.4
DROPOUT = 0.05
CLIP = 1.0  # 0.1..10.0, log
ACTIVATION = "relu2"  # relu2 | gelu | silu
TIED = False
INIT_SCALE = 1.0  # 0.1..4.0, log
"""


def llm(seed: int) -> Task:
    """Most knobs hardly matter, two interact, the optimum is near, gains of 1 to 10 %, memory grows with the sizes."""
    rng = np.random.default_rng([seed, 4])
    land = shape(LLM, rng, 0.13, 0.3, 0)
    matter = rng.choice(len(land.weight), 4, replace=False)
    small = np.full(len(land.weight), 0.08)
    small[matter] = 1.0
    land.weight = land.weight * small
    a, b = matter[:2]
    land.pairs = [(int(a), int(b), float(rng.choice([-0.8, 0.8])))]
    land.offset = {name: {c: w * 0.4 for c, w in each.items()} for name, each in land.offset.items()}
    bare = Task("llm", seed, LLM, lambda _: 0.0, 0.0)
    task = built("llm", seed, LLM, land, rng.uniform(1, 10), rng.uniform(0.2, 1.0), ["cliff:.08"], rng)
    sizes = [land.names.index(name) for name in ("DEPTH", "WIDTH", "BATCH_SIZE")]
    full = memory(land, sizes, bare, rng, 0.25)
    return Task("llm", seed, LLM, lambda s: Crash(why) if (why := full(s)) else task.truth(s), task.noise)


TIED = """\
OPTIMIZER = "adam"  # adam | sgd | lion
MOMENTUM = 0.9
NESTEROV = False
BETA_2 = 0.99
SCHEDULE = "cosine"  # cosine | linear | none
WARMUP = 100  # 10..2000, log
FINAL_RATIO = 0.1
EMBD = 96  # 32..384, log
HEADS = 4  # 1 | 2 | 4 | 8
GROUPS = 2  # 1 | 2 | 4
LAYERS = 4  # 1..16
BATCH = 2**6  # 2**3..2**10
MICRO_BATCH = 2**4  # 2**1..2**8
RATE = 0.001  # 0.00003..0.03, log
DECAY = 0.05  # 0.001..0.5, log
NOISE_SCALE = 0.5  # 0.0..2.0
AUGMENT = True
CROP = 0.3
"""


def tied(seed: int) -> Task:
    """Sizes that must divide one another, knobs that count only under one choice, and choices that move optima."""
    rng = np.random.default_rng([seed, 5])
    land = shape(TIED, rng, 0.18, 0.8, 4)
    conditions: dict[str, tuple[str, Value]] = {
        "MOMENTUM": ("OPTIMIZER", "sgd"), "BETA_2": ("OPTIMIZER", "adam"), "NESTEROV": ("OPTIMIZER", "sgd"),
        "WARMUP": ("SCHEDULE", "cosine"), "CROP": ("AUGMENT", True),
    }  # fmt: skip
    land.conditions = conditions
    land.shift = {"OPTIMIZER": (land.names.index("RATE"), {"adam": 0.0, "sgd": 0.25, "lion": -0.2})}
    rules = ["divides:EMBD%HEADS", "divides:HEADS%GROUPS", "divides:BATCH%MICRO_BATCH", "memory:.1"]
    return built("tied", seed, TIED, land, rng.uniform(3, 15), rng.uniform(0.2, 0.8), rules, rng)


def curved(seed: int) -> Task:
    """10 to 20 knobs along bent valleys: each optimum depends on its neighbour."""
    rng = np.random.default_rng([seed, 6])
    text = drawn(rng, int(rng.integers(10, 21)), good=True)
    land = shape(text, rng, 0.15, 1.0, 0)
    n = len(land.names)
    chain = [(int(i), int(j), float(rng.uniform(-0.8, 0.8))) for i, j in zip(range(n - 1), range(1, n), strict=True)]
    plain = land.loss

    def loss(setting: Setting) -> float:
        kept = land.optimum
        u = land.place(setting)
        land.optimum = kept + np.array([0.0, *(w * (u[i] - kept[i]) for i, _, w in chain)])
        value = plain(setting)
        land.optimum = kept
        return value

    land.loss = loss  # type: ignore[method-assign]
    return built(
        "curved", seed, text, land, rng.uniform(4, 15), rng.uniform(0.2, 0.6), ["memory:.15", "cliff:.15"], rng
    )


TUNING: Mapping[str, Callable[[int], Task]] = {
    "small": small, "wide": wide, "bad": bad, "far": far, "llm": llm, "tied": tied, "curved": curved,
    "digits-kernel": RECORDED["digits-kernel"],
}  # fmt: skip

"""More synthetic tasks to tune on: functions of all knobs at once, and a noise that is as large as gains."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bench.search.landscapes import built, shape
from bench.search.spaces import drawn
from bench.search.tasks import Crash, Setting, Task, Unit, anywhere
from overnight.program.knobs import Value, find_knobs

Array = np.ndarray


def hilly(seed: int) -> Task:
    """8 to 24 knobs, choices among them, into a random network of one hidden layer; a start like any other. What fails
    is where another such network is high."""
    rng = np.random.default_rng([seed, 8])
    text = drawn(rng, int(rng.integers(8, 25)), good=bool(rng.random() < 0.5))
    place, width = _placed(text, lambda: float(rng.normal(0.5, 0.4)))
    matters = rng.lognormal(0, 1.0, width)

    def network(hidden: int, steep: float) -> Callable[[Array], float]:
        inward = rng.normal(0, 1, (hidden, width)) * matters * (rng.random((hidden, width)) < 0.4)
        inward *= steep / np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-9)
        middles, outward = rng.random((hidden, width)), rng.normal(0, hidden**-0.5, hidden)
        return lambda at: float(outward @ np.tanh((inward * (at - middles)).sum(1)))

    worth, trouble = network(24, float(rng.uniform(3, 7))), network(8, 3.0)
    some = _somewhere(text, place, rng)
    start = place({knob.name: knob.value for knob in find_knobs(text)})
    edge = max(float(np.quantile([trouble(at) for at in some], rng.uniform(0.7, 0.95))), trouble(start) + 0.1)
    scale = rng.uniform(8, 30) / max(float(np.std([worth(at) for at in some])), 1e-9) / 3

    def truth(setting: Setting) -> float | Crash:
        at = place(setting)
        if trouble(at) > edge:
            return Crash("RuntimeError: the loss became NaN")
        return 100.0 + scale * (worth(at) - worth(start))

    return Task("hilly", seed, text, truth, rng.uniform(0.2, 0.8))


def patchy(seed: int) -> Task:
    """8 to 24 knobs, few of which matter, over a whole range that is strewn with heights and hollows; the start is a
    place like any other. What fails lies beyond a plane across three knobs."""
    rng = np.random.default_rng([seed, 10])
    text = drawn(rng, int(rng.integers(8, 25)), good=True)
    place, width = _placed(text, lambda: float(rng.random()))
    count = 60
    matters = rng.lognormal(0, 1.0, width)
    matters /= np.sqrt(np.sort(matters**2)[-3:].sum())
    centres, heights = rng.random((count, width)), rng.normal(0, 1, count)
    broad = rng.uniform(0.15, 0.35, count)
    slope = rng.normal(0, 1, width) * (rng.permutation(width) < 3)

    def raw(at: Array) -> float:
        far = (((at - centres) * matters) ** 2).sum(1)
        return float(heights @ np.exp(-far / (2 * broad**2)))

    some = _somewhere(text, place, rng)
    start = place({knob.name: knob.value for knob in find_knobs(text)})
    edge = max(float(np.quantile([slope @ at for at in some], rng.uniform(0.75, 0.95))), float(slope @ start) + 0.1)
    scale = rng.uniform(4, 12) / float(np.std([raw(at) for at in some]))

    def truth(setting: Setting) -> float | Crash:
        at = place(setting)
        return Crash("RuntimeError: an illegal address") if slope @ at > edge else 100 + scale * (raw(at) - raw(start))

    return Task("patchy", seed, text, truth, rng.uniform(0.2, 0.8))


def loud(seed: int) -> Task:
    """8 to 14 knobs that start anywhere; the noise of a run is a seventh to a third of all that can be gained."""
    rng = np.random.default_rng([seed, 9])
    text = drawn(rng, int(rng.integers(8, 15)), good=False)
    gain = rng.uniform(20, 50)
    return built("loud", seed, text, shape(text, rng, 0.35, 0.8, 4), gain, gain * rng.uniform(0.15, 0.35),
                 ["memory:.15", "cliff:.1"], rng)  # fmt: skip


def _placed(text: str, code: Callable[[], float]) -> tuple[Callable[[Setting], Array], int]:
    """Where a setting lies, with a code for each choice; and in how many dimensions."""
    knobs = find_knobs(text)
    units = {knob.name: Unit(knob) for knob in knobs if knob.range}
    codes: dict[str, dict[Value, float]] = {k.name: {c: code() for c in k.choices} for k in knobs if not k.range}

    def place(setting: Setting) -> Array:
        numbers = [unit.of(setting[name]) for name, unit in units.items()]
        return np.array([*numbers, *(each[setting[name]] for name, each in codes.items())])

    return place, len(knobs)


def _somewhere(text: str, place: Callable[[Setting], Array], rng: np.random.Generator) -> list[Array]:
    bare = Task("", 0, text, lambda _: 0.0, 0.0)
    return [place(anywhere(bare, rng)) for _ in range(300)]


ROUGH: Mapping[str, Callable[[int], Task]] = {"hilly": hilly, "patchy": patchy, "loud": loud}

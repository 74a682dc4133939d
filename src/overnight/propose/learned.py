"""What the search has learnt of the knobs, drawn out of its own model for people and for whoever proposes beside it.

It promises: the same experiments give the same lessons; nothing is believed of a knob that nobody turned; whoever
proposed a run, it counts. Effects are those of one knob beside all others, as they add up; those of far worse settings
are understated, as the search does not care how bad they are.

Not covered: what code that is no knob does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, islice
from statistics import NormalDist, median

import numpy as np

from overnight.model import Experiment, Goal
from overnight.program.knobs import Value
from overnight.propose.aim import Seen, aims, believed
from overnight.propose.crashes import find_crashes
from overnight.propose.failures import Ties, find_ties, tied
from overnight.propose.lessons import WORTH, Belief, Change, Dot, Learned, Pair, Place, Turned
from overnight.propose.places import Array, Moves, Places, Setting, places_of
from overnight.propose.search import Knobs, Search, knobs_in
from overnight.propose.space import moved

__all__ = ["Learned", "learned", "learned_by"]

LEAST = 3  # runs that something can be learnt from
GRID = 24  # places of a curve
TOGETHER = 6  # runs that turned both, before a pair is looked at
CHANCE = 0.01  # that any pair is named where none is
TURNS = 4  # of the predicted best
STRETCH, MORE, SHAPE, BESIDE = 0.9, 0.009, 0.3, 0.8
"""What the model does not doubt and should: that its curves bend so, and that knobs add up. Its standard errors are
stretched, the more the more runs it is sure by; a share of the effect is in doubt, and of a run's noise. Chosen on
simulated nights of 40 to 250 runs; figures stand in the tests."""
NEXT, SPREAD = 3, 30  # of what it would try: told, and looked at for how far it reaches


def learned(
    files: Mapping[str, str],
    goal: Goal,
    told: Sequence[Experiment],
    knobs: Knobs | None = None,
    began: Setting | None = None,
    incumbent: str = "",
    seed: int = 0,
) -> Learned | None:
    """`files`: the editable files as they stand, of the commit `incumbent`; `knobs`: theirs; `began`: their values at
    first; `told`: as our own search is told, with exact scores. None where there are too few runs to learn from."""
    search = Search()
    for experiment in told:
        search.observe(experiment)
    return learned_by(search, files, goal, knobs, began, incumbent, seed)


def learned_by(
    search: Search,
    files: Mapping[str, str],
    goal: Goal,
    knobs: Knobs | None = None,
    began: Setting | None = None,
    incumbent: str = "",
    seed: int = 0,
) -> Learned | None:
    """The same of a search that has observed them: it has read each file once."""
    knobs = knobs_in(files) if knobs is None else knobs
    history = search.seen(files, goal, incumbent, knobs)
    if not knobs or sum(each.loss is not None for each in history) < LEAST:
        return None
    return _Lesson(knobs, history, began or {}, 1.0 if goal is Goal.MINIMIZE else -1.0).learned(seed)


class _Lesson:
    """The model, fitted to all that was seen, and what is asked of it."""

    def __init__(self, knobs: Knobs, history: Sequence[Seen], began: Setting, sign: float) -> None:
        self.knobs, self.history, self.began, self.sign = knobs, history, began, sign
        self.places = Places(knobs)
        self.surface, self.failures = believed(self.places, history)
        self.stretch = STRETCH + MORE * len(self.surface.points)
        self.points = self.places.of([each.setting for each in history])
        self.ran = np.array([each.loss is not None for each in history], bool)

    def learned(self, seed: int) -> Learned:
        turned = self._turned()
        known = {knob.name for knob in turned}
        ties, aimed = self._ties(), self._aimed(seed)
        return Learned(
            runs=int(self.ran.sum()),
            failed=int((~self.ran).sum()),
            looked_at=len(self.surface.points),
            noise=self.surface.noise * self.surface.unit,
            score=self._score(),
            turned=turned,
            never=tuple(name for name in self.knobs if name not in known),
            pairs=self._pairs(),
            crashes=find_crashes(self.knobs, self.history),
            ties=tuple(ties),
            best=self._best(turned, ties),
            next=tuple(self._change(setting) for setting in aimed[:NEXT]),
            spread=self._spread(aimed),
        )

    def _score(self) -> float | None:
        here = self.ran & ~self.points.any(1)
        losses = [
            each.loss for each, stands in zip(self.history, here, strict=True) if stands and each.loss is not None
        ]
        return self.sign * float(np.mean(losses)) if losses else None

    def _turned(self) -> tuple[Turned, ...]:
        axes = np.nonzero((self.points != 0).any(0))[0].tolist()
        near = {axis: self.surface.effect(axis, self.surface.points[:, axis])[0] for axis in axes}
        rest = self.surface.unexplained()
        found = [self._knob(axis, near[axis], rest) for axis in axes if (self.points[self.ran, axis] != 0).any()]
        return tuple(sorted(found, key=_weight))

    def _knob(self, axis: int, effects: Array, rest: Array) -> Turned:
        name, tried = self.places.names[axis], self._tried(axis)
        knob = self.knobs[name]
        values = self._grid(axis, tried)
        at = places_of(knob, values)
        means, covariance = self.surface.effect(axis, at)
        curve = [
            Place(float(place), value, self._belief(-mean, variance, place))
            for place, value, mean, variance in zip(at, values, means, covariance.diagonal(), strict=True)
        ]
        best, worst = int(np.argmin(means)), int(np.argmax(means))
        between = covariance[best, best] + covariance[worst, worst] - 2 * covariance[best, worst]
        places, failed = self.surface.points[:, axis], self.points[~self.ran, axis]
        dots = [Dot(float(x), self._gain(y)) for x, y in zip(places, effects + rest, strict=True) if x]
        return Turned(
            name=name,
            value=knob.value,
            choice=not self.places.numbers[axis],
            tried=tuple(tried),
            runs=int((self.points[self.ran, axis] != 0).sum()),
            failed=int((failed != 0).sum()),
            share=self._share(effects),
            best=curve[best],
            worst=curve[worst],
            swing=self._belief(means[worst] - means[best], between, at[worst] - at[best]),
            brought=self._brought(axis),
            curve=tuple(curve),
            dots=(*dots, *(Dot(float(x), None) for x in failed if x)),
        )

    def _tried(self, axis: int) -> list[Value]:
        """What ran; what stands is one of them."""
        name = self.places.names[axis]
        knob = self.knobs[name]
        values = {each.setting.get(name, knob.value) for each in self.history if each.loss is not None} | {knob.value}
        if knob.range is None:
            return [choice for choice in dict.fromkeys((*knob.choices, knob.value)) if choice in values]
        return [*sorted(value for value in values if not isinstance(value, str))]

    def _grid(self, axis: int, tried: Sequence[Value]) -> list[Value]:
        """Of a number, values between the ends of what was tried, too."""
        knob = self.knobs[self.places.names[axis]]
        if knob.range is None or isinstance(knob.value, str):
            return list(tried)
        ends = [value for value in (tried[0], knob.value, tried[-1]) if not isinstance(value, str)]
        low, _, high = places_of(knob, ends)
        between = {moved(knob.range, knob.value, float(by)) for by in np.linspace(low, high, GRID) if by}
        return [*sorted({value for value in between if ends[0] <= value <= ends[-1]} | {*ends})]

    def _brought(self, axis: int) -> Place | None:
        """Where it began; the gain is of coming from there."""
        name = self.places.names[axis]
        knob, old = self.knobs[name], self.began.get(name)
        if old is None or old == knob.value:
            return None
        at = places_of(knob, [old])
        means, covariance = self.surface.effect(axis, at)
        return Place(float(at[0]), old, self._belief(means[0], covariance[0, 0], at[0]))

    def _share(self, effects: Array) -> float:
        """Of the spread of what was measured."""
        changes = self.surface.changes - self.surface.changes.mean()
        return max(0.0, float(changes @ (effects - effects.mean())) / max(float(changes @ changes), 1e-12))

    def _best(self, turned: Sequence[Turned], ties: Ties) -> Change | None:
        """The turns that are believed to be better by themselves, the surest first; as many as the search would."""
        better = [knob for knob in turned if knob.best.belief.gain > WORTH * knob.best.belief.se]
        better.sort(key=lambda knob: (-knob.best.belief.gain / (knob.best.belief.se or 1.0), knob.name))
        setting = tied(self.places.here | {knob.name: knob.best.value for knob in better[:TURNS]}, ties, self.knobs)
        change = self._change(setting) if setting and better else None
        return change if change and change.belief.gain > 0 else None

    def _change(self, setting: Setting) -> Change:
        point = self.places.of([setting])[0]
        mean, se = self.surface.change(point)
        axes = np.nonzero(point)[0]
        self.failures.table(Moves(axes, [setting[self.places.names[axis]] for axis in axes], point[axes]))
        fine = 1 - float(self.failures.chance(np.arange(len(axes))[None, :])[0])
        turns = {name: (knob.value, setting[name]) for name, knob in self.knobs.items() if setting[name] != knob.value}
        return Change(turns, self._belief(-mean, se * se, np.abs(point).max()), fine)

    def _pairs(self) -> tuple[Pair, ...]:
        """Numbers that do more, or less, together than chance would make of them among all that were looked at."""
        points = self.surface.points
        numbers = [axis for axis in np.nonzero((points != 0).any(0))[0].tolist() if self.places.numbers[axis]]
        both = {pair: int((points[:, pair] != 0).all(1).sum()) for pair in combinations(numbers, 2)}
        asked = [pair for pair, runs in both.items() if runs >= TOGETHER]
        limit = self.stretch * NormalDist().inv_cdf(1 - CHANCE / 2 / max(len(asked), 1))
        found = []
        for one, other in asked:
            weight, se = self.surface.beyond(np.tanh(points[:, one]) * np.tanh(points[:, other]))
            if abs(weight) > limit * se:
                step = float(np.tanh(1.0) ** 2)
                names = self.places.names[one], self.places.names[other]
                pair = Pair(*names, self._belief(-weight * step, (se * step) ** 2, 0.0), both[one, other])
                found.append((-abs(weight) / se, pair))
        return tuple(pair for _, pair in sorted(found, key=lambda each: each[0]))

    def _ties(self) -> Ties:
        failed = {each.why: each.setting for each in self.history if each.loss is None}
        return find_ties(self.knobs, failed, [each.setting for each in self.history if each.loss is not None])

    def _aimed(self, seed: int) -> list[Setting]:
        return list(islice(aims(self.knobs, self.history, [], np.random.default_rng(seed)), SPREAD))

    def _spread(self, aimed: Sequence[Setting]) -> tuple[float, float]:
        if not aimed:
            return 0.0, 0.0
        points = self.places.of(aimed)
        steps = np.abs(points[:, self.places.numbers])
        return float(median((points != 0).sum(1))), float(np.median(steps[steps > 0])) if steps.any() else 0.0

    def _belief(self, gain: float, variance: float, steps: float) -> Belief:
        """Of a change over so many steps."""
        beside = BESIDE * self.surface.noise * float(np.tanh(abs(steps)))
        doubt = float(np.sqrt(self.stretch**2 * max(variance, 0.0) + (SHAPE * gain) ** 2 + beside**2))
        return Belief(float(gain) * self.surface.unit, doubt * self.surface.unit)

    def _gain(self, loss: float) -> float:
        return -float(loss) * self.surface.unit


def _weight(knob: Turned) -> tuple[bool, float, str]:
    return not knob.matters, -knob.swing.low if knob.matters else -knob.swing.gain, knob.name

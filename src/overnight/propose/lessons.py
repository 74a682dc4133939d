"""What was learnt of the knobs, as values and in words: how much each matters, what is best, what fails, what is next.

A gain is in units of the metric and positive where it is better, whatever the goal. Every figure is a belief of the
search's model, with its standard error: made to propose with, on the assumption that knobs add up; it proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from overnight.program.knobs import Value
from overnight.propose.crashes import Crash

SURE = 1.96  # standard errors: 19 of 20
WORTH = 0.5  # standard errors that a value is better by, to be worth naming
TOLD, REST, CRASHES = 4, 8, 2  # knobs that get a sentence, names in a list, regions


@dataclass(frozen=True, slots=True)
class Belief:
    gain: float
    se: float

    @property
    def low(self) -> float:
        return self.gain - SURE * self.se

    @property
    def high(self) -> float:
        return self.gain + SURE * self.se


@dataclass(frozen=True, slots=True)
class Place:
    """A value, and what it is believed to be worth against where the knob stands."""

    at: float  # steps from where it stands; a choice has a number
    value: Value
    belief: Belief


@dataclass(frozen=True, slots=True)
class Dot:
    """A run that turned the knob: its gain less what its other knobs are believed to do. None: it failed."""

    at: float
    gain: float | None


@dataclass(frozen=True, slots=True)
class Turned:
    """A knob that was turned. `tried` are the values that ran, the lowest first."""

    name: str
    value: Value  # where it stands
    choice: bool  # among a few; else a number
    tried: tuple[Value, ...]
    runs: int
    failed: int
    share: float  # of what moved the metric
    best: Place  # of all tried values, and those between
    worst: Place
    swing: Belief  # the best against the worst
    brought: Place | None  # where it began, if it stands elsewhere now; its gain is what coming from there brought
    curve: tuple[Place, ...]
    dots: tuple[Dot, ...]

    @property
    def matters(self) -> bool:
        """That it makes no difference is not believable."""
        return self.swing.low > 0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two knobs. `together`: what turning both up by a step is worth beyond the sum of each alone."""

    one: str
    other: str
    together: Belief
    runs: int


@dataclass(frozen=True, slots=True)
class Change:
    """Knobs to be turned, with what that is believed to bring and the chance that it runs."""

    turns: Mapping[str, tuple[Value, Value]]  # from, to
    belief: Belief
    fine: float

    def __str__(self) -> str:
        return ", ".join(f"{name} {shown(old)} → {shown(new)}" for name, (old, new) in self.turns.items())


@dataclass(frozen=True, slots=True)
class Learned:
    runs: int  # that were measured
    failed: int
    looked_at: int  # of the measured ones: those nearest to where the knobs stand
    noise: float  # standard deviation of one run, as the model sees it: its own errors are part of it
    score: float | None  # of what stands now
    turned: tuple[Turned, ...]  # first what matters, by how much it makes at least; then the rest, by how much it may
    never: tuple[str, ...]  # knobs that nobody turned
    pairs: tuple[Pair, ...]
    crashes: tuple[Crash, ...]
    ties: tuple[tuple[str, str], ...]  # the first must be a multiple of the second
    best: Change | None  # of turning up to four knobs; None: nothing is believed to be better than what stands
    next: tuple[Change, ...]  # what the search would try
    spread: tuple[float, float]  # of what it would try: how many knobs at a time, how many steps each; medians

    @property
    def mattered(self) -> tuple[Turned, ...]:
        return tuple(knob for knob in self.turned if knob.matters)

    def words(self) -> list[str]:
        """At most twelve sentences, the most useful first."""
        return list(_words(self))


def shown(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def amount(belief: Belief) -> str:
    """`0.0123 ± 0.0041`, to two digits of the error; ± is 95 %."""
    half = SURE * belief.se
    decimals = max(0, 1 - math.floor(math.log10(half))) if half > 0 else 4
    return f"{abs(belief.gain):.{decimals}f} ± {half:.{decimals}f}"


def crash_words(crash: Crash) -> str:
    side = f" {crash.side}" if crash.side else ""
    cause = f": {crash.cause[:90]}" if crash.cause else ""
    return f"{crash.name} {shown(crash.edge)}{side} failed {crash.failed} of {crash.runs} times{cause}"


def pair_words(pair: Pair) -> str:
    way = "better" if pair.together.gain > 0 else "worse"
    return f"{pair.one} and {pair.other}, both up by a step, are {way} than their sum by {amount(pair.together)}"


def knob_words(knob: Turned) -> str:
    """Where it is best, and what the other end costs."""
    said = f"{knob.name} ({share_words(knob)}; {knob.runs} runs{_span(knob)})"
    if knob.brought is not None and knob.brought.belief.low > 0:
        said += f": {shown(knob.brought.value)} → {shown(knob.value)} brought {amount(knob.brought.belief)}"
    if knob.best.belief.gain > WORTH * knob.best.belief.se:
        sure = "is" if knob.best.belief.low > 0 else "may be"
        return f"{said}: {shown(knob.best.value)} {sure} better than {shown(knob.value)} by {amount(knob.best.belief)}"
    worse = Belief(-knob.worst.belief.gain, knob.worst.belief.se)
    return f"{said}: it stands about best at {shown(knob.value)}; {shown(knob.worst.value)} is worse by {amount(worse)}"


def share_words(knob: Turned) -> str:
    return f"{knob.share:.0%} of what moved the metric"


def _words(learned: Learned) -> Iterator[str]:
    yield from (f"{knob_words(knob)}." for knob in learned.mattered[:TOLD])
    if learned.best is not None:
        yield f"Predicted best: {learned.best}: {_expected(learned.best)}."
    else:
        yield "Predicted best: where the knobs stand; no turn of what was tried is believed to be better."
    yield from (f"{crash_words(crash)}." for crash in learned.crashes[:CRASHES])
    if learned.ties:
        yield f"{'; '.join(f'{whole} must be a multiple of {part}' for whole, part in learned.ties)}."
    yield from (f"{pair_words(pair)}." for pair in learned.pairs[:1])
    unsure = [f"{knob.name} ({amount(knob.swing)})" for knob in learned.turned if not knob.matters]
    if unsure:
        yield f"Turned, and not seen to matter (best against worst of what was tried): {_names(unsure)}."
    if learned.next:
        count, steps = learned.spread
        near = f"around where it stands, {count:.0f} knobs at a time by {steps:.1f} steps (a range has 7)"
        yield f"The search looks {near}; next it would try {'; '.join(map(str, learned.next))}."
    yield from _evidence(learned)


def _evidence(learned: Learned) -> Iterator[str]:
    looked = f", of which the {learned.looked_at} nearest count" if learned.looked_at < learned.runs else ""
    pairs = "" if learned.pairs else ", and no two are seen to do more together"
    yield (
        f"Believed from {learned.runs} measured runs{looked}, and {learned.failed} that failed; ± is 95 %; a run's "
        f"noise is about {learned.noise:.2g}; knobs are taken to add up{pairs}."
    )


def _expected(change: Change) -> str:
    sign = "better" if change.belief.gain > 0 else "worse"
    return f"{sign} by {amount(change.belief)}, {change.fine:.0%} likely to run"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - REST} more" if len(names) > REST else ""
    return ", ".join(names[:REST]) + more


def _span(knob: Turned) -> str:
    if knob.choice:
        return f", {', '.join(map(shown, knob.tried[:6]))}"
    return f", {shown(knob.tried[0])} to {shown(knob.tried[-1])}"

"""What can be believed of a finished night, from its scores alone: the noise, each keep, the total, what to run again.

Everything is in units of the metric, turned so that positive is better. Promises: no number is given where the scores
do not show it (`Noise.shown`). Not covered, since no such table holds it: whether a gain holds on other data, and
whether the scores were measured honestly.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean

from overnight.errors import UsageError
from overnight.judge.luck import Luck, luck
from overnight.judge.rerun import key, of_baseline, same_code, seed_only
from overnight.judge.results import Results, Tried
from overnight.judge.walk import Repeats, Stage
from overnight.model import Call, Goal

APART = 2 * math.sqrt(2)  # two runs of the same code differ by more than so many times the noise 1 time in 20
SURE, LIKELY = 0.05, 0.5  # chances of no gain
ENOUGH, NEAR = 8, 10.0  # scores within so many times the noise that must speak of it; a repeat speaks for three
FEWEST, MOST = 2, 12  # runs a side that a check is worth


@dataclass(frozen=True, slots=True)
class Noise:
    """The standard deviation of one run, with a 95 % interval. `shown` False: the scores do not say."""

    value: float
    low: float
    high: float
    repeats: int  # lines that ran code again that had run before
    nearby: int  # other lines that it is inferred from
    shown: bool
    given: bool = False  # by the person

    @property
    def apart(self) -> float:
        """What two runs of the same code differ by, 19 times in 20, at most."""
        return APART * self.value


@dataclass(frozen=True, slots=True)
class Kept:
    """A keep. `expected`: what it is worth on average over runs; `doubt`: the chance that it is worth nothing."""

    tried: Tried
    before: float  # the score that it replaced
    gain: float  # as recorded
    expected: float | None = None
    doubt: float | None = None
    within: bool = False  # two runs of the same code differ by as much
    seed: bool = False  # a change of the seed, and nothing else
    again: int = 0  # lines that ran it again


@dataclass(frozen=True, slots=True)
class Check:
    """Run both again, `runs` times each: is the second better? `runs` None: by so little that it is not worth it."""

    first: int
    last: int
    keeps: int  # between them
    gain: float  # as recorded
    runs: int | None


@dataclass(frozen=True, slots=True)
class Audit:
    results: Results
    noise: Noise
    keeps: tuple[Kept, ...]
    claimed: float
    expected: float | None
    low: float | None
    high: float | None
    checks: tuple[Check, ...] = ()
    runs: int = 0  # that all checks take: runs are shared
    levels: tuple[
        float, ...
    ] = ()  # of the baseline and each keep: its score on average over runs, in the metric's own units
    notes: tuple[str, ...] = ()

    @property
    def luck_share(self) -> float | None:
        """Of the claimed gain; None where nothing is known or claimed."""
        return None if self.expected is None or self.claimed <= 0 else 1 - self.expected / self.claimed


def audit(results: Results, noise: float | None = None, repeats: Repeats | None = None) -> Audit:
    """`noise`: the standard deviation of one run, where the person knows it. `repeats`: of runs that lie behind scores
    which are means already."""
    incumbents = _incumbents(results)
    if not incumbents:
        raise UsageError("no line has a score: there is nothing to audit")
    groups = _repeats(incumbents, repeats or Repeats())
    stages = [incumbent.stage for incumbent in incumbents]
    found = _noise_of(stages, groups, noise)
    keeps = [_kept(results.goal, a, b, found) for a, b in pairwise(incumbents)]
    claimed = stages[-1].score - stages[0].score
    whole = Audit(
        results, found.noise, tuple(keeps), claimed, None, None, None, notes=tuple(_notes(results, incumbents))
    )
    if found.luck is not None and found.noise.shown:
        whole = _expected(whole, found.luck)
    return _with_checks(whole)


def _expected(whole: Audit, found: Luck) -> Audit:
    gains = [after - before for before, after in pairwise(found.levels)]
    told = zip(whole.keeps, gains, found.doubts, strict=True)
    keeps = tuple(replace(kept, expected=gain, doubt=doubt) for kept, gain, doubt in told)
    sign = -1.0 if whole.results.goal is Goal.MINIMIZE else 1.0
    levels = tuple(sign * level for level in found.levels)
    return replace(whole, keeps=keeps, expected=found.total, low=found.low, high=found.high, levels=levels)


@dataclass(slots=True)
class _Incumbent:
    """A keep while it is gathered; scores are turned so that positive is better."""

    tried: Tried
    score: float
    tries: list[tuple[str, float]] = field(default_factory=list)
    again: list[float] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        tries = tuple(score for _, score in self.tries)
        return Stage(self.score, self.tried.runs, not same_code(self.tried.description), tries, tuple(self.again))


@dataclass(frozen=True, slots=True)
class _Found:
    noise: Noise
    luck: Luck | None


def _incumbents(results: Results) -> list[_Incumbent]:
    sign = -1.0 if results.goal is Goal.MINIMIZE else 1.0
    found: list[_Incumbent] = []
    for tried in results.tried:
        if tried.score is None:
            continue
        score = sign * tried.score
        if not found or tried.call is Call.KEEP:
            found.append(_Incumbent(tried, score))
        elif of_baseline(tried.description):
            found[0].again.append(score)
        elif same_code(tried.description):
            found[-1].again.append(score)
        else:
            found[-1].tries.append((key(tried.description), score))
    return found


def _repeats(incumbents: Sequence[_Incumbent], known: Repeats) -> Repeats:
    """The same description on the same incumbent is the same change: how its scores differ is noise. Each such change
    stays as one try."""
    squares, df = known.squares, known.df
    for incumbent in incumbents:
        groups: dict[str, list[float]] = defaultdict(list)
        for n, (said, score) in enumerate(incumbent.tries):
            groups[said if len(said) > 3 else str(n)].append(score)
        incumbent.tries = [(said, scores[0]) for said, scores in groups.items()]
        for scores in groups.values():
            squares += sum((score - fmean(scores)) ** 2 for score in scores)
            df += len(scores) - 1
    return Repeats(squares, df)


def _noise_of(stages: Sequence[Stage], repeats: Repeats, given: float | None) -> _Found:
    off = [score - stage.score for stage in stages for score in stage.again]
    off += [b.score - a.score for a, b in pairwise(stages) if not b.changed]
    times = len(off) + repeats.df
    if given is None and times >= 2 and not any(off) and repeats.squares == 0:
        return _Found(Noise(0.0, 0.0, 0.0, times, 0, True), _exact(stages))
    if given is None and sum(len(stage.tries) for stage in stages) + 3 * times < ENOUGH:
        return _Found(Noise(0.0, 0.0, 0.0, times, 0, False), None)
    found = luck(stages, repeats, given)
    nearby = sum(abs(score - stage.score) <= NEAR * found.noise for stage in stages for score in stage.tries)
    shown = given is not None or nearby + 3 * times >= ENOUGH
    noise = Noise(found.noise, found.noise_low, found.noise_high, times, nearby, shown, given is not None)
    return _Found(noise, found)


def _exact(stages: Sequence[Stage]) -> Luck:
    """Runs of the same code agree to the last digit: every difference is what it is."""
    levels = tuple(stage.score for stage in stages)
    doubts = tuple(float(b <= a) for a, b in pairwise(levels))
    total = levels[-1] - levels[0]
    return Luck(0.0, 0.0, 0.0, levels, doubts, total, total, total)


def _kept(goal: Goal, before: _Incumbent, kept: _Incumbent, found: _Found) -> Kept:
    gain = kept.score - before.score
    said = kept.tried.description
    score = -before.score if goal is Goal.MINIMIZE else before.score
    within = found.noise.shown and gain <= found.noise.apart and found.noise.value > 0
    return Kept(kept.tried, score, gain, within=within, seed=seed_only(said), again=len(kept.again))


def _notes(results: Results, incumbents: Sequence[_Incumbent]) -> Iterator[str]:
    yield from results.notes
    worse = sum(b.score < a.score for a, b in pairwise(incumbents))
    if worse:
        yield f"{worse} of the keeps scored worse than what they replaced"
    passed = sum(score > incumbent.score for incumbent in incumbents for _, score in incumbent.tries)
    if passed:
        yield f"{passed} discarded lines scored better than what stood: other rules decided, or several lines of keeps"
    equal = sum(score == incumbent.score for incumbent in incumbents for _, score in incumbent.tries)
    if equal > 1:
        yield f"{equal} lines repeat the kept score to the last digit: no effect at all, or an old number read again"


def _with_checks(whole: Audit) -> Audit:
    """First the whole, which is cheap; then each row of keeps in doubt, measured at its ends."""
    sigma = whole.noise.value
    if not whole.keeps or not whole.noise.shown or sigma == 0:
        return whole
    ends = [0, *(kept.tried.number for kept in whole.keeps)]
    checks = [Check(0, ends[-1], len(whole.keeps), whole.claimed, _runs(whole.claimed, sigma, 3))]
    for first, last in _doubtful(whole.keeps):
        gain = sum(kept.gain for kept in whole.keeps[first:last])
        if (first, last) != (0, len(whole.keeps)):
            checks.append(Check(ends[first], ends[last], last - first, gain, _runs(gain, sigma, FEWEST)))
    needed: dict[int, int] = defaultdict(int)
    for check in checks:
        for end in (check.first, check.last):
            needed[end] = max(needed[end], check.runs or 0)
    return replace(whole, checks=tuple(checks), runs=sum(needed.values()))


def _doubtful(keeps: Sequence[Kept]) -> Iterator[tuple[int, int]]:
    """Where each row of keeps in doubt begins and ends."""
    first = None
    for i, kept in enumerate(keeps):
        doubtful = kept.doubt is not None and kept.doubt > SURE
        if doubtful and first is None:
            first = i
        elif not doubtful and first is not None:
            yield first, i
            first = None
    if first is not None:
        yield first, len(keeps)


def _runs(gain: float, sigma: float, fewest: int) -> int | None:
    """A side, so that the gain would be three standard errors of the difference."""
    if gain <= 0:
        return None
    runs = max(fewest, math.ceil(2 * (3 * sigma / gain) ** 2))
    return runs if runs <= MOST else None

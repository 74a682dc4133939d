"""The end: what is not believed goes, and the branch is measured against the baseline, once, on the sealed set.

How many runs that takes is fixed before the first of them. Branch and baseline take turns, so that a machine that
drifts does so under both. This is the only number that is called a gain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count

from overnight.judge import dawn, words
from overnight.judge.candidates import settle
from overnight.judge.keeps import reweighed, stands
from overnight.judge.noise import Noise
from overnight.judge.policy import Removal, Want
from overnight.judge.reading import Sets
from overnight.judge.state import Claiming, Proof
from overnight.ledger.events import Turned
from overnight.model import Call, Claim, Phase, Purpose, Run, Split, Status, Trial, Verdict

SHARE = 0.04  # of the night's runs, a side, at most
SURE = 3.0  # standard errors that the claim would like to be away from nothing
GIVE_UP = 3  # failed runs a side
TRUSTED = 3  # degrees of freedom from which the claim's own spread counts

Heard = tuple[Proof, list[Verdict]]


def begin(state: Proof, turned: Turned) -> Heard:
    state = reweighed(replace(state, phase=Phase.CLAIM, keeps=dawn.opened(state)))
    if state.claiming is None:  # else it was killed on the way, and nothing has changed since
        total = None if turned.left is None else turned.runs + turned.left
        most = math.inf if turned.left is None else turned.left // 2
        split = Split.SEALED if state.yardstick.sets is Sets.TWO else Split.VISIBLE
        state = replace(state, claiming=Claiming(int(min(size(state, total), most)), split))
    verdicts: list[Verdict] = []
    for number in list(state.open):
        state, more = close(state, number)
        verdicts += more
    return state, verdicts


def close(state: Proof, number: int) -> Heard:
    """Its verdict, at once: nothing is measured for it any more."""
    candidate = state.open[number]
    if candidate.settled or not candidate.ready:
        return state, []
    if candidate.removes is not None:
        keep = state.keeps[candidate.removes]
        return (dawn.removed if keep.idle else dawn.examined)(state, number)
    why = words.unfinished(candidate)
    score = state.yardstick.told(candidate.visible) if candidate.runs else None
    return settle(state, candidate), [Verdict(number, Call.DISCARD, why, score, runs=candidate.runs)]


def reserve(state: Proof, total: int | None) -> int:
    return 2 * size(state, total) if any(stands(keep) for keep in state.keeps.values()) else 0


def size(state: Proof, total: int | None) -> int:
    """Runs a side: enough to see what the branch is believed to be worth, within limits."""
    sigma = state.noise.sigma
    if not sigma:
        return 1
    least = state.rules.claim
    most = max(least, int(SHARE * (state.runs if total is None else total)))
    wanted = 2 * (SURE * sigma / state.earned) ** 2 if state.earned > 0.02 * sigma else math.inf
    return most if wanted >= most else max(least, math.ceil(wanted))


def wants(state: Proof) -> list[Want | Removal]:
    if not all(each.settled for each in state.open.values()):  # what has its verdict may wait for a person
        return []
    standing = [keep for keep in state.keeps.values() if stands(keep)]
    if goes := next((keep for keep in standing if keep.idle and not keep.closed), None):
        return [Removal(goes.number)]
    return [*_runs(state)] if standing else []


def _runs(state: Proof) -> list[Want]:
    """What the claim still takes, the two sides in turn."""
    claiming = state.claiming
    if claiming is None or claiming.result:
        return []
    sides = (_missing(0, claiming.baseline, claiming), _missing(state.newest, claiming.branch, claiming))
    return sorted((want for side in sides for want in side), key=lambda want: (want.index, want.experiment))


def _missing(experiment: int, side: Mapping[int, float | None], claiming: Claiming) -> Iterator[Want]:
    failed = sum(score is None for score in side.values())
    missing = claiming.runs + failed - len(side) if failed < GIVE_UP else 0
    for index in count():
        if missing <= 0:
            return
        if index not in side:
            missing -= 1
            yield Want(experiment, Purpose.CLAIM, index, claiming.split)


def take(state: Proof, run: Run, trial: Trial) -> Heard:
    claiming = state.claiming
    if claiming is None or run.experiment not in (0, state.newest):
        return state, []
    score = trial.scores.get(state.yardstick.metric) if trial.status is Status.OK else None
    read = {int(run.id.rpartition("-")[2]): None if score is None else state.yardstick.sign * score.value}
    if run.experiment == 0:
        claiming = replace(claiming, baseline={**claiming.baseline, **read})
    else:
        claiming = replace(claiming, branch={**claiming.branch, **read})
    state = replace(state, claiming=claiming)
    return (state if _runs(state) else replace(state, claiming=replace(claiming, result=_claim(state, claiming)))), []


def _claim(state: Proof, claiming: Claiming) -> Claim | None:
    baseline = [score for score in claiming.baseline.values() if score is not None]
    branch = [score for score in claiming.branch.values() if score is not None]
    if not baseline or not branch:
        return None
    before, after = math.fsum(baseline) / len(baseline), math.fsum(branch) / len(branch)
    own = Noise(_squares(baseline, before) + _squares(branch, after), len(baseline) + len(branch) - 2)
    margin = _margin(state, own, 1 / len(baseline) + 1 / len(branch))
    told, gain = state.yardstick.told, after - before
    runs = min(len(baseline), len(branch))
    return Claim(claiming.split, runs, told(before), told(after), gain, gain - margin, gain + margin)


def _margin(state: Proof, own: Noise, a: float) -> float:
    """Half of the 95 % interval: what the runs leave open, and what every keep does to this set of examples only."""
    pooled = Noise(own.squares + state.noise.squares, own.df + state.noise.df)
    noise2 = max(pooled.variance, own.variance if own.df >= TRUSTED else 0.0)
    per_keep = state.sets.variance * state.yardstick.hidden_part if claims_new_examples(state) else 0.0
    set2 = per_keep * sum(stands(keep) for keep in state.keeps.values())
    return t_quantile(pooled.df) * math.sqrt(noise2 * a + set2) if pooled.df else 0.0


def claims_new_examples(state: Proof) -> bool:
    return state.yardstick.sets is Sets.TWO


def t_quantile(df: float) -> float:
    """97.5 % of Student's t, by Cornish and Fisher; within half a percent from 3 degrees of freedom on."""
    z = 1.959964
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / df + second / df**2 + third / df**3


def _squares(scores: list[float], mean: float) -> float:
    return math.fsum((score - mean) ** 2 for score in scores)

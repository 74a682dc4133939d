"""Sentences for people: what was decided, with the numbers."""

from __future__ import annotations

import math

from overnight.judge.state import Candidate, Keep, Proof
from overnight.judge.weigh import Weighed

FEW = 40  # runs: below, the plain rule with a sealed claim is the better deal
SEEN = 2.0  # standard errors of a gain that shows
WELL_ABOVE = 3.0  # times the noise
MANY = (8, 24)  # runs of a candidate: many, and the most


def calibrated(state: Proof, mean: float) -> str:
    """After the baseline's runs: which noise there is, what this night can see, and what that costs."""
    told, runs = state.yardstick.told(mean), len(state.measured)
    start, sigma = f"the untouched baseline: {state.rules.metric} {told:.6g}", state.noise.sigma
    if not sigma:
        return (
            f"{start} in each of {runs} runs, under different seeds: nothing is left to chance, or it ignores its "
            "seed; in that case let the script read OVERNIGHT_SEED. As it is, one run decides"
        )
    one, many, most = (share(SEEN * sigma * math.sqrt(1 / n + 1 / (n + 1)), told) for n in (1, *MANY))
    found = (
        f"{start} in the mean of {runs} runs, noise {share(sigma, told)} a run: a gain of {one} shows in one run, "
        f"one of {many} takes {MANY[0]} and as many of the incumbent, less than {most} cannot be seen"
    )
    return found + _short(state, told)


def _short(state: Proof, told: float) -> str:
    expected = state.rules.expected
    if expected is None or expected >= FEW:
        return ""
    gain = share(WELL_ABOVE * state.noise.sigma, told)
    return f"; in a night of about {expected} runs `policy: fast` finds more, if changes bring {gain} and more"


def kept(state: Proof, candidate: Candidate, found: Weighed) -> str:
    believed = f"{_change(state, candidate, found.mean)} believed"
    return f"kept: {_facts(state, candidate, found)}, {believed}, {percent(found.doubt)} chance of no gain"


def simpler(state: Proof, candidate: Candidate, found: Weighed) -> str:
    lines = f"{candidate.lines_saved} line{'s' * (candidate.lines_saved > 1)} of code less"
    return f"kept as a tie with {lines}: {_facts(state, candidate, found)}"


def discarded(state: Proof, candidate: Candidate, found: Weighed) -> str:
    word = "better on the visible set alone" if found.hidden_only and found.apart > 0 else "not better"
    return f"{word}: {_facts(state, candidate, found)}, {percent(found.doubt)} chance of no gain"


def removed(keep: Keep) -> str:
    return f"experiment {keep.number} is taken back: {percent(keep.doubt)} chance of no gain, {_evidence(keep)}"


def stays(keep: Keep) -> str:
    return f"experiment {keep.number} stays: {percent(keep.doubt)} chance of no gain, {_evidence(keep)}"


def unfinished(candidate: Candidate) -> str:
    return f"the night ended before it was decided: {_runs(candidate.runs)}"


def _evidence(keep: Keep) -> str:
    return f"{_runs(keep.runs)} for and against it, and {keep.against} of the incumbent"


def _facts(state: Proof, candidate: Candidate, found: Weighed) -> str:
    against = state.banks[candidate.base].runs
    return f"{_runs(candidate.runs)} against {against}, {_change(state, candidate, found.difference)} measured"


def _change(state: Proof, candidate: Candidate, difference: float) -> str:
    return share(state.yardstick.told(difference), state.yardstick.told(state.banks[candidate.base].told), signed=True)


def _runs(n: int) -> str:
    return f"{n} run{'s' * (n != 1)}"


def percent(chance: float) -> str:
    return "under 1 %" if chance < 0.01 else "over 99 %" if chance > 0.99 else f"{100 * chance:.0f} %"


def share(difference: float, of: float, signed: bool = False) -> str:
    """A difference as a percentage of the metric; as it is, where the metric is about nothing."""
    if not of or not math.isfinite(difference / of):
        text = f"{difference:+.3g}" if signed else f"{difference:.3g}"
    else:
        number = 100 * difference / abs(of)
        text = f"{number:+.2f} %" if signed else f"{number:.2g} %"
    return text.replace("-", "−")

"""What a run is for, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from overnight.judge.proof import ProofPolicy
from overnight.ledger.events import Event, Judged, Proposed, Rebased, Recorded, RunDone, RunStarted, Turned
from overnight.model import Call, Phase, Purpose, Run, Score, Split, Verdict
from overnight.night.actions import Tick
from overnight.night.night import Night
from overnight.show.paint import Tone
from overnight.show.purpose import purpose
from tests.show.story import PROGRAM, START, beginning, begun, commit_of, ended, entries, run, trial

QUIET_NIGHT = [2.0, 2.01, 1.99, 2.0]
LEVEL = [2.0] * 4


def a_night(events: Iterable[Event]) -> Night:
    program = replace(PROGRAM, policy="proof", hidden=("data/{split}",), score="python score.py")
    night = Night(program, ProofPolicy(), "secret", 2, Tick(START, 0.0), None)
    for entry in entries(list(events)):
        night.hear(entry)
    return night


def calibrated(scores: list[float]) -> list[Event]:
    """Up to where the baseline is kept."""
    *before, _ = begun(0, "the untouched baseline")
    runs = [done(one(0, Purpose.BASELINE, k), score) for k, score in enumerate(scores)]
    kept = Verdict(0, Call.KEEP, "", sum(scores) / len(scores))
    ends = [Judged(verdict=kept, commit=commit_of(0), log_tip="", branch_tip="")]
    return [*beginning(), *before, *runs, *ends, Recorded(experiment=0, entry="e" * 40, kept=commit_of(0))]


def one(number: int, what: Purpose, index: int = 0, split: Split = Split.VISIBLE) -> Run:
    return replace(run(number), id=f"{number}-{what}-{index}", purpose=what, split=split)


def done(what: Run, score: float) -> RunDone:
    found = {"loss": Score(score)}
    return RunDone(run=what, trial=replace(trial(what.experiment, score), run_id=what.id, hidden=found))


def said(what: Run, events: Iterable[Event]) -> str:
    started = [*events, RunStarted(run=what, attempt=1, slot="slot-1")]
    cells = purpose(what, a_night(started))
    return "".join(cell if isinstance(cell, str) else cell[0] for cell in cells)


def test_the_baselines_runs_are_counted_and_say_what_they_are_for() -> None:
    before = [*beginning(), *begun(0, "the untouched baseline"), done(one(0, Purpose.BASELINE), 2.0)]
    assert said(one(0, Purpose.BASELINE, 1), before) == (
        "the untouched baseline, run 2 of 4: how much do runs differ by chance?"
    )


def test_a_first_run_says_what_its_author_says() -> None:
    assert said(one(1, Purpose.SCREEN), [*calibrated(QUIET_NIGHT), *begun(1, "wider")]) == "wider"


def test_what_an_author_says_has_the_colour_of_a_claim_and_no_escapes() -> None:
    night = a_night([*calibrated(QUIET_NIGHT), *begun(1, "\x1b[31mwider")])
    assert purpose(one(1, Purpose.SCREEN), night)[-1] == (" [31mwider", Tone.SAID)


def test_a_run_on_a_newer_incumbent_says_so() -> None:
    rebased = Rebased(experiment=2, onto=commit_of(0), commit="c" * 40, fingerprint="2", size=1, parent_size=1)
    events = [*calibrated(QUIET_NIGHT), *begun(2, "wider"), rebased]
    assert said(one(2, Purpose.SCREEN), events) == "on top of the newest keep: wider"


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([1.938], "again, run 2 of #1: −3.10 % in one run, and a run's noise is 0.48 %"),
        ([1.938, 1.958], "again, run 3 of #1: −2.60 % in 2 runs, and a run's noise is 0.56 %"),
    ],
)
def test_a_repeat_says_what_was_seen_and_how_much_of_it_may_be_noise(scores: list[float], words: str) -> None:
    seen = [done(one(1, Purpose.SCREEN if k == 0 else Purpose.REPEAT, k), score) for k, score in enumerate(scores)]
    events = [*calibrated(QUIET_NIGHT), *begun(1, "wider"), *seen]
    assert said(one(1, Purpose.REPEAT, len(scores) - 1), events) == words


def test_where_there_is_no_noise_none_is_told() -> None:
    events = [*calibrated(LEVEL), *begun(1, "wider"), done(one(1, Purpose.SCREEN), 1.9)]
    assert said(one(1, Purpose.REPEAT), events) == "again, run 2 of #1: −5.00 % in one run"


def test_an_incumbents_run_says_who_waits_for_it() -> None:
    events = [*calibrated(QUIET_NIGHT), *begun(1, "wider"), done(one(1, Purpose.SCREEN), 1.938)]
    words = "compared with, once more: it has too few runs to judge by"
    assert said(one(0, Purpose.INCUMBENT), events) == f"what #1 is {words}"
    proposed, *rest = begun(2, "longer")
    assert isinstance(proposed, Proposed)
    two = [*events, replace(proposed, parent=commit_of(0)), *rest, done(one(2, Purpose.SCREEN), 1.9)]
    assert said(one(0, Purpose.INCUMBENT), two) == f"what changes are {words}"
    assert said(one(0, Purpose.INCUMBENT), calibrated(QUIET_NIGHT)) == "what changes are compared with, once more"


def test_an_ablation_says_which_keep_is_in_doubt() -> None:
    removal = Proposed(experiment=2, parent=commit_of(1), edits=(), origin="dawn", hypothesis="without #1", removes=1)
    events = [*calibrated(QUIET_NIGHT), *begun(1, "wider"), *ended(1, Call.KEEP, 1.9, 2.0), removal]
    assert said(one(2, Purpose.ABLATION), events) == "the branch without #1, run 1: is that keep worth something?"


def kept_and_claiming() -> list[Event]:
    landed = [*begun(1, "wider"), *(done(one(1, Purpose.SCREEN, k), 1.5) for k in range(3)), *ended(1, Call.KEEP, 1.5)]
    return [*calibrated(QUIET_NIGHT), *landed, Turned(number=1, phase=Phase.CLAIM, runs=7, left=None, why="enough")]


@pytest.mark.parametrize(("number", "index", "turn", "side"), [(0, 0, 1, "the baseline"), (1, 2, 6, "the branch")])
def test_a_run_of_the_claim_says_which_of_how_many_and_whose(number: int, index: int, turn: int, side: str) -> None:
    sealed = one(number, Purpose.CLAIM, index, Split.SEALED)
    assert said(sealed, kept_and_claiming()) == f"claim {turn} of 6: {side} on sealed data"


def test_a_claim_without_a_sealed_set_says_what_it_is_made_on() -> None:
    assert said(one(0, Purpose.CLAIM), kept_and_claiming()).endswith("the baseline on the one set that there is")


def test_a_run_that_nobody_needs_any_more_says_so() -> None:
    events = [*calibrated(QUIET_NIGHT), *begun(1, "wider"), *ended(1, Call.CRASH, None)]
    assert said(one(1, Purpose.REPEAT), events) == "is ended: it has been decided without it"

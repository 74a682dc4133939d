from __future__ import annotations

import pytest

from overnight.judge.rerun import of_baseline, same_code, seed_only


@pytest.mark.parametrize(
    "said",
    [
        "random seed 42 → 137",
        "seed 42->137",
        "SEED = 7",
        "manual_seed 1337",
        "try another seed (luck?)",
        "new random seeds",
    ],
)
def test_a_change_of_seed_alone_is_seen(said: str) -> None:
    assert seed_only(said)
    assert same_code(said)


@pytest.mark.parametrize("said", ["seed 7 and wider MLP", "LR 0.1 → 0.2", "", "seed the cache", "speed"])
def test_a_change_of_more_is_not_a_change_of_seed(said: str) -> None:
    assert not seed_only(said)


@pytest.mark.parametrize(
    "said", ["baseline", "re-run", "rerun of the best config", "repeat #3", "no changes", "baseline 2"]
)
def test_code_that_runs_again_is_seen(said: str) -> None:
    assert same_code(said)


@pytest.mark.parametrize("said", ["repeat penalty 1.1", "baseline + warmup", "no dropout changes", "again deeper"])
def test_a_word_alone_makes_no_repeat(said: str) -> None:
    assert not same_code(said)


def test_the_baseline_is_the_baseline_whenever_it_runs() -> None:
    assert of_baseline("baseline again (noise check)")
    assert not of_baseline("rerun")

from __future__ import annotations

import pytest

from overnight.program.knobs import find_knobs
from overnight.program.ranges import Range, Scale


def reach(line: str) -> Range:
    found = find_knobs(line)[0].range
    assert found
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("WIDTH = 4  # 2..8", Range(2, 8, Scale.LINEAR)),
        ("WIDTH = 4  # layers, 2 .. 8 of them", Range(2, 8, Scale.LINEAR)),
        ("RATE = 0.01  # 0.001..0.1, log", Range(0.001, 0.1, Scale.LOG)),
        ("RATE = 0.01  # 1e-3..1e-1 (log)", Range(0.001, 0.1, Scale.LOG)),
        ("RATE = 0.0  # 0..0.1, log", Range(0.0, 0.1, Scale.LINEAR)),
        ("TOKENS = 2**10  # 2**8..2**16", Range(2**8, 2**16, Scale.DOUBLING)),
        ("BLOCK = 512  # 64..4096, log", Range(64, 4096, Scale.DOUBLING)),
        ("BIAS = 0.5  # -1..1", Range(-1.0, 1.0, Scale.LINEAR)),
        ("EVAL_WEIGHT = 4  # 2..8", Range(2, 8, Scale.LINEAR)),
    ],
)
def test_a_comment_decides(line: str, expected: Range) -> None:
    assert reach(line) == expected


def test_a_stated_range_takes_in_the_value_that_stands_there() -> None:
    assert reach("WIDTH = 12  # 2..8") == Range(2, 12, Scale.LINEAR)


@pytest.mark.parametrize("comment", ["8..2", "3..3", "2.9..3.1", "1..1e999", "see v1.2.3..v1.2.4", "a..b", "..."])
def test_a_comment_that_states_no_range_is_passed_over(comment: str) -> None:
    assert reach(f"WIDTH = 3  # {comment}") == reach("WIDTH = 3")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("LEARNING_RATE = 0.02", Range(0.0025, 0.16, Scale.LOG)),
        ("DROPOUT = 0.1", Range(0.0, 0.9999, Scale.FRACTION)),
        ("MOMENTUM = 0.9", Range(0.0, 0.9999, Scale.FRACTION)),
        ("EMA_DECAY = 0.99", Range(0.0, 0.9999, Scale.FRACTION)),
        ("WARMDOWN_RATIO = 0.5", Range(0.0, 1.0, Scale.FRACTION)),
        ("WEIGHT_DECAY = 0.0", Range(0.0, 0.1, Scale.LINEAR)),
        ("HIDDEN_DIM = 16", Range(2, 128, Scale.DOUBLING)),
        ("BATCH = 2**19", Range(2**16, 2**22, Scale.DOUBLING)),
        ("DEPTH = 8", Range(2, 32, Scale.LOG)),
        ("SKIP = 0", Range(0, 4, Scale.LINEAR)),
        ("USE_BIAS = 1", Range(0, 1, Scale.LINEAR)),
        ("BIAS = -0.5", Range(-1.5, 0.5, Scale.LINEAR)),
    ],
)
def test_without_a_comment_name_and_value_suggest_the_range(line: str, expected: Range) -> None:
    assert reach(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "TIME_BUDGET = 300",
        "MAX_SECONDS = 4.0",
        "EVAL_TOKENS = 40",
        "VOCAB_SIZE = 8192",
        "LOG_EVERY = 10",
        "DATA_PATH = 'a'; assert DATA_PATH in ('a', 'b')",
        "DEVICE = 'cpu'; assert DEVICE in ('cpu', 'cuda')",
        "VERBOSE = True",
        "MASK = 0xFF",
        "PEAK_FLOPS = 989.5e12",
        "BEST = 1e9",
    ],
)
def test_plumbing_is_no_knob(line: str) -> None:
    assert find_knobs(line) == []


@pytest.mark.parametrize("line", ["SEED = 42", "SEED = 42  # 1..100", "SPLIT_SEED = 1  # 1 | 2", "randomSeed = 3"])
def test_a_seed_is_never_a_knob(line: str) -> None:
    assert find_knobs(line) == []

"""Thousands of spoilt replies: what comes of one is exactly what it means, or a refusal with a reason."""

from __future__ import annotations

import pytest

from overnight.propose.edits import read_reply
from tests.propose.edits.spoilt import spoilt


def read_all(seeds: range) -> int:
    """How many were applied."""
    applied = 0
    for seed in seeds:
        case = spoilt(seed)
        reply = read_reply(case.text, case.files, case.only)
        if reply.problem:
            assert reply.problem.why, case.what
            assert reply.files == {}, case.what
            assert not case.must, f"{case.what}: {reply.problem}\n{case.text}"
        else:
            assert dict(reply.files) in [dict(texts) for texts in case.meant], f"{case.what}\n{case.text}"
            applied += 1
    return applied


def test_two_hundred_spoilt_replies_are_applied_as_meant_or_refused() -> None:
    assert read_all(range(200)) > 50


@pytest.mark.fuzz
@pytest.mark.timeout(900)
def test_five_thousand_spoilt_replies_are_applied_as_meant_or_refused() -> None:
    assert read_all(range(200, 5_200)) > 1_250

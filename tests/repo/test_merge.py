from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.repo.merge import merge

BASE = "a = 1\nb = 2\nc = 3\nd = 4\n"
TEXTS = st.lists(st.sampled_from(["x", "y", "z", ""]), max_size=8).map("\n".join)


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        ("a = 9\nb = 2\nc = 3\nd = 4\n", "a = 1\nb = 8\nc = 3\nd = 4\n", "a = 9\nb = 8\nc = 3\nd = 4\n"),
        ("a = 9\nb = 2\nc = 3\nd = 4\n", "a = 1\nb = 2\nc = 3\n", "a = 9\nb = 2\nc = 3\n"),
        ("new\n" + BASE, "a = 9\nb = 2\nc = 3\nd = 4\n", "new\na = 9\nb = 2\nc = 3\nd = 4\n"),
        ("a = 9\nb = 9\nc = 3\nd = 4\n", "a = 1\nb = 2\nc = 9\nd = 9\n", "a = 9\nb = 9\nc = 9\nd = 9\n"),
        ("a = 9\nb = 2\nc = 3\nd = 4\n", "a = 9\nb = 8\nc = 3\nd = 4\n", "a = 9\nb = 8\nc = 3\nd = 4\n"),
    ],
)
def test_changes_of_different_lines_merge_also_of_neighbours(ours: str, theirs: str, both: str) -> None:
    assert merge(BASE, ours, theirs) == both
    assert merge(BASE, theirs, ours) == both


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("a = 9\nb = 2\nc = 3\nd = 4\n", "a = 8\nb = 2\nc = 3\nd = 4\n"),
        ("new\n" + BASE, "other\n" + BASE),
        ("a = 1\nd = 4\n", "a = 1\nb = 2\nc = 9\nd = 4\n"),
    ],
)
def test_changes_of_the_same_lines_are_at_odds(ours: str, theirs: str) -> None:
    assert merge(BASE, ours, theirs) is None


def test_two_large_rewrites_are_compared_as_a_whole_and_quickly() -> None:
    base = "x\n" * 50_000
    assert merge(base, "y\n" + base + "y\n", "z\n" + base + "z\n") is None


@given(TEXTS, TEXTS)
def test_a_change_merges_with_none(base: str, change: str) -> None:
    assert merge(base, change, base) == merge(base, base, change) == change


@given(TEXTS, TEXTS)
def test_a_change_merges_with_itself(base: str, change: str) -> None:
    assert merge(base, change, change) == change


@given(TEXTS, TEXTS, TEXTS)
def test_it_does_not_matter_who_is_first(base: str, ours: str, theirs: str) -> None:
    assert merge(base, ours, theirs) == merge(base, theirs, ours)

"""Properties of the one function that changes text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.propose.edits.change import Change, Fault, Refusal
from overnight.propose.edits.place import changed

LINE = st.sampled_from(["", "a", "b", "  a", "  b", "    a", "\ta", "a ", "x = 1"])
LINES = st.lists(LINE, min_size=1, max_size=8)


def outcome(text: str, change: Change) -> str | Fault:
    try:
        return changed(text, change, "f")
    except Refusal as refusal:
        return refusal.problem.kind


@given(LINES, LINES, LINES, LINES, st.sampled_from(["\n", "\r\n"]))
def test_exact_lines_are_replaced_where_they_are_the_only_ones_and_nowhere_else(
    head: list[str], before: list[str], after: list[str], foot: list[str], eol: str
) -> None:
    lines = [*head, *before, *foot]
    text = "".join(line + eol for line in lines)
    there = [i for i in range(len(lines)) if lines[i : i + len(before)] == before]
    came = outcome(text, Change("f", tuple(before), tuple(after)))
    if not any(line.strip() for line in before):
        assert came is (Fault.NOT_FOUND if text.strip() else came)
    elif len(there) > 1:
        assert came is Fault.AMBIGUOUS
    else:
        assert came == "".join(line + eol for line in [*head, *after, *foot])


@given(LINES, LINES, st.sampled_from(["  ", "\t"]), st.booleans())
def test_shifted_lines_come_back_shifted_by_as_much(before: list[str], after: list[str], space: str, out: bool) -> None:
    def shifted(lines: list[str]) -> tuple[str, ...]:
        return tuple(space + line if line.strip() else line.strip() for line in lines)

    plain = (
        tuple(line if line.strip() else "" for line in before),
        tuple(line if line.strip() else "" for line in after),
    )
    moved = shifted(before), shifted(after)
    asked, there = (moved, plain) if out else (plain, moved)
    came = outcome("".join(line + "\n" for line in ("top", *there[0])), Change("f", *asked))
    if isinstance(came, str) and not isinstance(came, Fault):
        assert came == "".join(line + "\n" for line in ("top", *there[1]))
    else:
        assert came is Fault.NOT_FOUND, "lines that are there once are found, unless they are all empty"
        assert not any(line.strip() for line in before)


@given(st.text("ab \t\n", max_size=60), LINES, LINES)
def test_a_change_touches_one_run_of_lines_or_none(text: str, before: list[str], after: list[str]) -> None:
    came = outcome(text, Change("f", tuple(before), tuple(after)))
    if isinstance(came, Fault) or not any(line.strip() for line in before):
        return
    old, new = text.split("\n"), came.split("\n")
    assert any(
        new == [*old[:i], *new[i : i + len(after)], *old[i + len(before) :]] for i in range(len(old) - len(before) + 1)
    )


@pytest.mark.parametrize("before", [("a", "b"), ("a ", "b")])
def test_space_at_line_ends_does_not_matter_and_kept_lines_keep_theirs(before: tuple[str, ...]) -> None:
    assert changed("top\na  \nb\n", Change("f", before, (before[0], "c")), "f") == "top\na  \nc\n"


def test_lines_that_are_not_changed_keep_their_own_line_ends() -> None:
    assert changed("a\r\nb\nc\r\n", Change("f", ("b", "c"), ("b", "d")), "f") == "a\r\nb\nd\r\n"

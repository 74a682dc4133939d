from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.model import Edit
from overnight.repo.edits import WHOLE, apply_edits, edited, make_edits

lines = st.lists(st.sampled_from(["a", "b", "\n", "\r\n", "\r", "\f", "\x85", "\u2028", "\0", "é", "\n\n"]))
texts = lines.map("".join)


@given(old=texts, new=texts)
def test_any_two_texts_round_trip(old: str, new: str) -> None:
    assert apply_edits(old, make_edits({"f": old}, {"f": new})) == new


@given(parents=st.dictionaries(st.sampled_from("abc"), texts), files=st.dictionaries(st.sampled_from("abcd"), texts))
def test_the_edits_hold_exactly_the_files_that_changed(parents: dict[str, str], files: dict[str, str]) -> None:
    changed = {path: text for path, text in files.items() if parents.get(path) != text}
    assert edited(parents, make_edits(parents, files)) == changed


def test_a_changed_line_is_stored_alone() -> None:
    old = "".join(f"line {n}\n" for n in range(1000))
    assert make_edits({"f": old}, {"f": old.replace("line 500\n", "new\n")}) == (Edit("f", 500, 1, "new\n"),)


@pytest.mark.parametrize("text", ["", "x", "x\n"])
def test_a_new_file_is_stored_whole(text: str) -> None:
    edits = make_edits({}, {"f": text})
    assert edits == (Edit("f", 0, WHOLE, text),)
    assert apply_edits(None, edits) == text


def test_several_edits_count_lines_of_the_parent() -> None:
    edits = [Edit("f", 0, 1, "A\nA\n"), Edit("f", 2, 1, "C\n")]
    assert apply_edits("a\nb\nc\n", edits) == "A\nA\nb\nC\n"

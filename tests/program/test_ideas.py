from __future__ import annotations

import pytest

from overnight.program.ideas import ideas_of
from overnight.program.prose import statements
from overnight.program.rules import understand


def texts(prose: str) -> list[str]:
    return [idea.text for idea in ideas_of(prose)]


@pytest.mark.parametrize(
    "heading", ["# Ideas", "## ideas", "### Ideas to try:", "# Idea", "**Ideas**\n===", "# Ideas #"]
)
def test_bullets_below_the_heading_are_ideas(heading: str) -> None:
    assert texts(f"{heading}\n\n- one\n* two\n1. three\n") == ["one", "two", "three"]


def test_only_bullets_below_that_heading_are() -> None:
    prose = "- no\n\n# Ideas\n\nSome words.\n\n- yes\n\n## More of them\n- too\n\n# Rules\n- no\n"
    assert texts(prose) == ["yes", "too"]


def test_a_bullet_of_several_lines_and_bullets_is_one_idea() -> None:
    assert texts("# Ideas\n- tie the\n  embeddings\n  - but not the bias\n- next\n") == [
        "tie the embeddings but not the bias",
        "next",
    ]


def test_code_in_an_idea_is_no_idea_of_its_own() -> None:
    assert texts("# Ideas\n- turn it\n\n  ```\n  - not one\n  ```\n") == ["turn it"]


def test_the_same_words_are_one_idea_with_one_id() -> None:
    (first,), (second,) = ideas_of("# Ideas\n- Tie\n- Tie\n"), ideas_of("# Ideas\n- other\n- tie\n")[1:]
    assert first.id == second.id


def test_an_idea_is_cut_to_what_a_brief_has_room_for() -> None:
    assert len(texts(f"# Ideas\n- {'x' * 5000}\n")[0]) == 1000


def test_nothing_below_ideas_is_a_rule() -> None:
    rules, advice = understand(
        statements("# Ideas\n- stop after 3 experiments\n- do not modify `a.py`\n", 1), lambda _: True
    )
    assert rules == []
    assert {sentence.why for sentence in advice} == {"an idea to be tried"}

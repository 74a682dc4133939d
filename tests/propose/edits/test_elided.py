from __future__ import annotations

import pytest

from overnight.propose.edits.elided import elision
from overnight.propose.edits.whole import only_a_part

OLD = "import os\n\n\ndef f():\n    a = 1\n    return a\n\n\ndef g():\n    return os.name\n"


@pytest.mark.parametrize(
    "line",
    [
        "# ... rest unchanged",
        "# ...",
        "    # … existing code …",
        "# ... existing code ...",
        "# rest of the code remains the same",
        "# The rest of your file stays here",
        "    pass  # existing code",
        "    ...  # unchanged",
        "    ...  # same as before",
        "# [unchanged]",
        "# (other methods unchanged)",
        "# remaining functions omitted for brevity",
        "// ... rest of file ...",
        "<!-- rest unchanged -->",
        "[... the rest of the file is unchanged ...]",
    ],
)
def test_a_comment_that_stands_for_code_is_found(line: str) -> None:
    assert elision(OLD, f"{OLD}{line}\n") == line.strip()


@pytest.mark.parametrize("line", ["# g() unchanged", "# previous implementation", "# ... and then g from above"])
def test_where_the_file_got_shorter_less_is_enough(line: str) -> None:
    assert elision(OLD, f"import os\n{line}\n") == line


@pytest.mark.parametrize(
    "line",
    [
        "x = ...",
        "def stub(a: int) -> int: ...",
        "    ...",
        "y = x[..., 0]",
        "# the width stays unchanged while depth grows",
        "# 1, 2, ..., n",
        "# original model",
        "# ---------- ... ----------".replace("...", "rest"),
        '    """Computes ... and the rest."""',
        "print('...')  # the same as before",
        "# same depth as in the original paper",
        "# wait... is this right? yes",
    ],
)
def test_an_honest_line_is_none(line: str) -> None:
    assert elision(OLD, f"{OLD}{line}\n") == ""


def test_a_line_that_was_there_before_is_none() -> None:
    assert elision("# ... rest unchanged\nx = 1\n", "# ... rest unchanged\nx = 2\n") == ""


def test_a_part_of_a_file_is_told_from_a_shorter_file() -> None:
    assert only_a_part("a.py", OLD, "def f():\n    return 1\n")
    assert only_a_part("a.py", OLD, "def f():\n    a = 1\n    return a\n\n\ndef g():\n    return os.name\n")
    assert not only_a_part("a.py", OLD, "import os\n\n\ndef g():\n    return os.name\n")

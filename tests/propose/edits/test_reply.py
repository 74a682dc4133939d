from __future__ import annotations

import pytest

from overnight.propose.edits import Fault, Format, Reply, instructions, read_reply

TRAIN = '''"""A small model."""
import torch

DEPTH = 4
LR = 1e-3


class Block:
    def __init__(self, dim):
        self.dim = dim

    def forward(self, x):
        return x + self.dim


def evaluate(steps):
    for step in range(steps):
        if step % 10 == 0:
            print(step)


def train(steps):
    for step in range(steps):
        if step % 10 == 0:
            print(step)
'''
FILES = {"src/train.py": TRAIN}


def block(before: str, after: str) -> str:
    return f"<<<<<<< SEARCH\n{before}\n=======\n{after}\n>>>>>>> REPLACE\n"


DEEPER = block("DEPTH = 4", "DEPTH = 6")
MEANT = TRAIN.replace("DEPTH = 4", "DEPTH = 6")


def read(text: str, files: dict[str, str] = FILES) -> Reply:
    return read_reply(text, files, tuple(files))


def fault(text: str, files: dict[str, str] = FILES) -> Fault:
    reply = read(text, files)
    assert reply.files == {}
    assert reply.problem
    assert reply.problem.why
    return reply.problem.kind


@pytest.mark.parametrize(
    "text",
    [
        DEEPER,
        f"src/train.py\n{DEEPER}",
        f"**`src/train.py`**\n\n```python\n{DEEPER}```",
        f"In `train.py`, more layers:\n```\n{DEEPER}```",
        f"```python:src/train.py\n{DEEPER}```",
        f"```\n./src/train.py\n{DEEPER}```",
        f'<file path="src/train.py">\n{DEEPER}</file>',
        DEEPER.replace("\n", "\r\n"),
        DEEPER.replace("SEARCH", "search  ").replace("=======", "======").replace(">>>>>>>", ">>>>>>>>"),
        DEEPER.replace(" SEARCH", "").replace(" REPLACE", ""),
        "".join(f"   {line}\n" for line in DEEPER.splitlines()),
        block("```python\nDEPTH = 4\n```", "```python\nDEPTH = 6\n```"),
        f"<think>{block('DEPTH = 4', 'DEPTH = 9')}</think>\n{DEEPER}",
        f"Let me think.\n{block('LR = 1e-3', 'LR = 1')}\n</think>\n{DEEPER}",
        f"{instructions(Format.BLOCKS)}\n{DEEPER}",
        f"{DEEPER}\nTo repeat:\n\n{DEEPER}",
    ],
)
def test_blocks_are_read_in_the_ways_that_models_write_them(text: str) -> None:
    reply = read(text)
    assert (reply.problem, reply.format, dict(reply.files)) == (None, Format.BLOCKS, {"src/train.py": MEANT})


@pytest.mark.parametrize(
    "text",
    [
        "```diff\n--- a/src/train.py\n+++ b/src/train.py\n@@ -70,9 +7 @@\n import torch\n\n-DEPTH = 4\n+DEPTH = 6\n```",
        "```diff\n-DEPTH = 4\n+DEPTH = 6\n```",
        "--- a/src/train.py\n+++ b/src/train.py\n@@ -4 +4 @@\n-DEPTH = 4\n+DEPTH = 6\n",
    ],
)
def test_a_unified_diff_is_found_by_its_lines_and_not_by_its_numbers(text: str) -> None:
    reply = read(text)
    assert (reply.problem, reply.format, dict(reply.files)) == (None, Format.DIFF, {"src/train.py": MEANT})


def test_the_apply_patch_envelope_is_read() -> None:
    reply = read(
        "*** Begin Patch\n*** Update File: src/train.py\n@@ class X\n-DEPTH = 4\n+DEPTH = 6\n LR = 1e-3\n*** End Patch"
    )
    assert (reply.problem, reply.format, dict(reply.files)) == (None, Format.APPLY_PATCH, {"src/train.py": MEANT})


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{MEANT}```",
        f"src/train.py\n~~~\n{MEANT}\n\n~~~\nDone.",
        f"```python\n# src/train.py\n{MEANT}```",
        f"train.py\n```python\n{MEANT}```\nRun it:\n```bash\npython src/train.py\n```",
    ],
)
def test_the_whole_file_is_one_fence(text: str) -> None:
    reply = read(text)
    assert (reply.problem, reply.format, dict(reply.files)) == (None, Format.WHOLE, {"src/train.py": MEANT})


def test_a_file_that_holds_fences_needs_a_longer_one() -> None:
    old, new = ('"""Use:\n```\nrun\n```\n"""\nx = 1\n'.replace("1", number) for number in "12")
    assert read(f"```\n{new}```", {"a.py": old}).problem
    assert read(f"````\n{new}````", {"a.py": old}).files == {"a.py": new}


def test_a_diff_without_a_fence_has_to_be_seen_to_be_complete() -> None:
    text = "--- a/src/train.py\n+++ b/src/train.py\n@@ -4,2 +4,2 @@\n-DEPTH = 4\n+DEPTH = 6\n LR = 1e-3\n"
    assert read(text).files == {"src/train.py": MEANT}
    assert fault(text[:-1]) is Fault.CUT_OFF
    assert fault(text.removesuffix(" LR = 1e-3\n")) is Fault.CUT_OFF


def test_hunks_above_the_head_of_a_diff_are_not_passed_over() -> None:
    headed = "--- a/src/train.py\n+++ b/src/train.py\n@@ @@\n-DEPTH = 4\n+DEPTH = 6\n"
    assert fault(f"```diff\n@@ @@\n-WIDTH = 1\n+WIDTH = 2\n{headed}```") is Fault.NOT_FOUND


def test_several_blocks_are_applied_in_their_order() -> None:
    reply = read(DEEPER + block("DEPTH = 6\nLR = 1e-3", "DEPTH = 6\nLR = 2e-3"))
    assert reply.files == {"src/train.py": MEANT.replace("1e-3", "2e-3")}


def test_one_block_that_does_not_fit_undoes_all() -> None:
    assert fault(DEEPER + block("WIDTH = 4", "WIDTH = 6")) is Fault.NOT_FOUND


@pytest.mark.parametrize(
    "lines", ["        if step % 10 == 0:\n            print(step)", "if step % 10 == 0:\n    print(step)"]
)
def test_what_is_there_twice_is_refused(lines: str) -> None:
    assert fault(block(lines, "        pass")) is Fault.AMBIGUOUS


def test_an_earlier_change_does_not_make_a_place_unambiguous() -> None:
    files = {"a.py": "x = 1\ny = 2\nx = 1\n"}
    assert fault(block("x = 1\ny = 2", "x = 3\ny = 2") + block("x = 1", "x = 4"), files) is Fault.AMBIGUOUS


def test_an_exact_place_goes_before_one_of_other_indentation() -> None:
    reply = read(block("x = 1", "x = 2"), {"a.py": "if y:\n    x = 1\nx = 1\n"})
    assert reply.files == {"a.py": "if y:\n    x = 1\nx = 2\n"}


def test_without_a_name_a_place_has_to_be_the_only_one_in_all_files() -> None:
    files = {"a.py": "x = 1\ny = 1\n", "b.py": "x = 1\n"}
    assert fault(block("x = 1", "x = 2"), files) is Fault.AMBIGUOUS
    assert read(block("y = 1", "y = 2"), files).files == {"a.py": "x = 1\ny = 2\n"}


@pytest.mark.parametrize(
    "text",
    [
        f"prepare.py\n{DEEPER}",
        f"other/train.py\n{DEEPER}",
        f"In `config.yaml`:\n```\n{DEEPER}```",
        f"../src/train.py\n{DEEPER}",
        "new.py\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE",
        "```diff\n--- a/prepare.py\n+++ b/prepare.py\n@@ -1 +1 @@\n-DEPTH = 4\n+DEPTH = 6\n```",
        "```diff\n--- a/src/train.py\n+++ /dev/null\n@@ -1 +0 @@\n-DEPTH = 4\n```",
        "*** Begin Patch\n*** Delete File: src/train.py\n*** End Patch",
        "*** Begin Patch\n*** Add File: new.py\n+x = 1\n*** End Patch",
        f"prepare.py\n```python\n{MEANT}```",
    ],
)
def test_another_file_is_outside(text: str) -> None:
    assert fault(text) is Fault.OUTSIDE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", Fault.NO_EDIT),
        ("I would rather not.", Fault.NO_EDIT),
        (f"<think>\n{DEEPER}", Fault.NO_EDIT),
        (instructions(Format.BLOCKS), Fault.NO_EDIT),
        (block("DEPTH = 4", "DEPTH = 4"), Fault.EMPTY),
        (DEEPER[:-12], Fault.CUT_OFF),
        (f"```python\n{MEANT}", Fault.CUT_OFF),
        ("*** Begin Patch\n*** Update File: src/train.py\n-DEPTH = 4\n+DEPTH = 6\n", Fault.CUT_OFF),
        (DEEPER + "DEPTH = 6\n=======\nDEPTH = 7\n>>>>>>> REPLACE", Fault.MALFORMED),
        (block("DEPTH = 4", "DEPTH = 5\n=======\nDEPTH = 6"), Fault.MALFORMED),
        ("```diff\nimport torch\n-DEPTH = 4\n+DEPTH = 6\n```", Fault.MALFORMED),
        (block("", "import os"), Fault.NOT_FOUND),
        ("```diff\n@@ -4 +4 @@\n+import os\n```", Fault.NOT_FOUND),
        (block("DEPTH =", "DEPTH = 6 #"), Fault.NOT_FOUND),
        (block("DEPTH = 4", "DEPTH = (6"), Fault.DOES_NOT_COMPILE),
        (f"```python\n{MEANT}```\n```python\n{TRAIN}```", Fault.AMBIGUOUS),
        ("```python\nDEPTH = 6\n```", Fault.ELIDED),
        (DEEPER * 3 + "x" * 1_000_000, Fault.TOO_LONG),
    ],
)
def test_what_cannot_be_applied_is_refused_with_a_reason(text: str, kind: Fault) -> None:
    assert fault(text) is kind


def test_a_refusal_shows_the_nearest_lines_as_they_stand() -> None:
    problem = read(block("class Block:\n    def __init__(self, width):", "pass")).problem
    assert problem
    assert "class Block:\n    def __init__(self, dim):" in problem.nearest


def test_an_empty_search_fills_a_file_that_is_empty_or_not_there_yet() -> None:
    text = "b.py\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE"
    assert read(text, {"a.py": "y = 1\n", "b.py": ""}).files == {"b.py": "x = 1\n"}
    assert read_reply(text, {"a.py": "y = 1\n"}, ["a.py", "b.py"]).files == {"b.py": "x = 1\n"}


@pytest.mark.parametrize(
    ("old", "new"), [("x = 1\r\ny = 2\r\n", "x = 1\r\ny = 3\r\n"), ("x = 1\ny = 2", "x = 1\ny = 3")]
)
@pytest.mark.parametrize("text", [block("y = 2", "y = 3"), "```\nx = 1\ny = 3\n```"])
def test_line_ends_stay_as_the_file_has_them(old: str, new: str, text: str) -> None:
    assert read(text, {"a.py": old}).files == {"a.py": new}


@pytest.mark.parametrize(
    ("path", "old", "new", "kind"),
    [
        ("a.json", '{"a": 1}', '{"a": 1,}', Fault.DOES_NOT_COMPILE),
        ("a.yaml", "a: 1", "a: [1", Fault.DOES_NOT_COMPILE),
        ("a.toml", "a = 1", "a = ", Fault.DOES_NOT_COMPILE),
        ("a.json", '{"a": 1}', '{"a": 2}', None),
        ("a.json", "// no json\n1", "// no json\n2", None),
    ],
)
def test_a_file_that_could_be_parsed_still_can(path: str, old: str, new: str, kind: Fault | None) -> None:
    reply = read(block(old, new), {path: old + "\n"})
    assert (reply.problem and reply.problem.kind) is kind


@pytest.mark.parametrize(
    "claims",
    [
        "Hypothesis: deeper is better\nExpected: -2 %",
        "**Hypothesis:** deeper is better\n\n**Expected effect:** -2 %",
        "1. **Hypothesis**: deeper is better\n2. *Expected*: -2 %",
        "## Hypothesis\n\ndeeper is better\n\n## Expected\n\n-2 %",
        "> hypothesis: `deeper is better`\n> expected: -2 %",
        "- Hypothesis:\n  - deeper is better\n- Expectation: -2 %",
    ],
)
def test_hypothesis_and_expectation_are_found_in_markdown(claims: str) -> None:
    reply = read(
        f"<think>Hypothesis: no</think>\n{claims}\n\n{block('DEPTH = 4', '# Hypothesis: code' + chr(10) + 'DEPTH = 6')}"
    )
    assert (reply.hypothesis, reply.expected) == ("deeper is better", "-2 %")


def test_without_a_hypothesis_the_first_sentence_is_taken() -> None:
    assert read(f"Here:\n\nThe model is too shallow.\n\n{DEEPER}").hypothesis == "The model is too shallow."

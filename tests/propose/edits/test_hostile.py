"""Text that nobody vouches for: whatever it is, reading it ends soon. The suite's time limit is the judge."""

from __future__ import annotations

import random

import pytest

from overnight.propose.edits import Fault, read_reply

SIZE = 20_000  # characters: what grows with the square of it shows
FILES = {"a.py": "x = 1\n" * 200 + "y = 2\n", "b.yaml": "a: 1\n"}
PIECES = [
    "<",
    ">",
    "=",
    "`",
    "~",
    "#",
    " ",
    "\n",
    "*** Begin Patch\n",
    "<think>",
    "</think>\n",
    "--- a\n+++ b\n",
    "@@\n",
]
PIECES += [
    "<<<<<<< SEARCH\n",
    "=======\n",
    ">>>>>>> REPLACE\n",
    "```\n",
    "a.py\n",
    "x = 1\n",
    "# rest the same ",
    "é",
    "[" * 50,
]
PIECES += [
    "Hypothesis:",
    "- ",
    "a/",
    "the same the same ",
    "+",
    "-",
    "\t",
    "\r",
    "\0",
    "...",
    "1. ",
    "**",
    "/a.py",
    "<think></think>",
]


@pytest.mark.parametrize("piece", PIECES)
def test_one_thing_over_and_over_is_read_soon(piece: str) -> None:
    for text in (piece * (SIZE // len(piece)), f"```\n{piece * (SIZE // len(piece))}\n```"):
        reply = read_reply(text, FILES, ["a.py"])
        assert bool(reply.problem) != bool(reply.files)


def test_ten_megabytes_are_not_read() -> None:
    problem = read_reply("<<<<<<< SEARCH\n" * 700_000, FILES, ["a.py"]).problem
    assert problem
    assert problem.kind is Fault.TOO_LONG


def test_a_heap_of_everything_never_breaks_the_reader() -> None:
    rng = random.Random(6)
    for _ in range(400):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randrange(60)))
        reply = read_reply(text, FILES, ["a.py", "b.yaml"])
        assert bool(reply.problem) != bool(reply.files)


def test_many_blocks_that_are_hard_to_place_are_refused_soon() -> None:
    block = "<<<<<<< SEARCH\n" + "x = 1\n" * 90 + "z\n=======\n>>>>>>> REPLACE\n"
    problem = read_reply("".join(block.replace("z", f"z{i}") for i in range(150)), FILES, ["a.py"]).problem
    assert problem
    assert problem.kind is Fault.NOT_FOUND


@pytest.mark.parametrize(
    "value", ["[" * 100_000, "-" * 100_000, "{a: " * 20_000, "!!python/object/apply:os.system [ls]"]
)
def test_deep_or_evil_values_are_only_parsed(value: str) -> None:
    replies = [
        read_reply(f"```yaml b.yaml\na: {value}\n```", FILES, ["b.yaml"]),
        read_reply(f"```json b.json\n{value}\n```", {"b.json": "1\n"}, ["b.json"]),
        read_reply(f"```python a.py\nx = {value}\n```", {"a.py": "x = 1\n"}, ["a.py"]),
    ]
    assert [bool(reply.problem) != bool(reply.files) for reply in replies] == [True, True, True]

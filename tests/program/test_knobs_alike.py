from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.program.knobs_alike import MOST, Shape, Shapes
from overnight.program.knobs_python import python_literals
from overnight.program.literals import spliced, without

TEXT = """\
import argparse
from dataclasses import dataclass

WIDTH = 64  # 8..256
BATCH = 2**19
RATE = 1e-3  # log
MODE = "cosine"  # cosine | linear
NESTED = True
BETAS = (0.9, 0.95)
SETTINGS = {"decay": 0.1, "kind": 'adam'}
print(SETTINGS["decay"], SETTINGS["kind"])


@dataclass
class Config:
    depth: int = 4
    scale: float = 3


parser = argparse.ArgumentParser()
parser.add_argument("--warmup", type=float, default=1)
config = Config(depth=WIDTH // 8 % 7)
if MODE == "linear":
    RATE_USED = -RATE
"""
VALUES = (
    *("7", "-7", "0", "1.0", ".5", "5.", "1e-4", "2E+3", "2**20", "2**-1", "1_000", "0x10", "1e999", "9" * 20),
    *("True", "None", "WIDTH", "x.y", "1 + 1", "f(3)", "'a b'", '"a"', "'a\\n'", "r'a'", "''", "'a' 'b'", "(1, 2)"),
    *("3 # 3", "3, 4", "3)", "", "010", "1if", "5.real", "3\nWIDTH = 5", "b'a'", "f'{x}'", "3j", "lambda: 3"),
)
LITERALS = python_literals(TEXT)


def parsed(text: str) -> tuple[list[tuple[str, object, type]], str]:
    found = python_literals(text)
    return [(each.name, each.value, type(each.value)) for each in found], without(text, found)


def test_the_text_has_one_of_each() -> None:
    assert len(LITERALS) == 12


@settings(max_examples=2 * settings().max_examples)
@given(st.dictionaries(st.integers(0, len(LITERALS) - 1), st.sampled_from(VALUES), min_size=1, max_size=4))
def test_what_is_read_of_a_known_shape_is_what_parsing_says(changes: dict[int, str]) -> None:
    text = spliced(TEXT, [(LITERALS[place], new) for place, new in changes.items()])
    shape = Shape.of(TEXT, LITERALS)
    if (values := shape.values(text)) is not None:
        read = [(name, value, type(value)) for name, value in values.items()]
        assert (read, shape.around) == parsed(text)


def test_numbers_flags_and_words_are_read_without_parsing() -> None:
    by_name = {each.name: each for each in LITERALS}
    new = {"WIDTH": "128", "BATCH": "2**18", "RATE": "3e-4", "MODE": "'linear'", "NESTED": "False", "BETAS[1]": "0.99"}
    values = Shape.of(TEXT, LITERALS).values(spliced(TEXT, [(by_name[name], token) for name, token in new.items()]))
    assert values is not None
    found = [values[name] for name in new]
    assert found == [128, 2**18, 3e-4, "linear", False, 0.99]


def test_other_code_and_another_comment_are_another_shape() -> None:
    shape = Shape.of(TEXT, LITERALS)
    assert shape.values(TEXT.replace("import argparse", "import argparse, os")) is None
    assert shape.values(TEXT.replace("8..256", "8..512")) is None
    assert shape.values(TEXT + "\n") is None


def test_the_shapes_that_fitted_last_are_remembered() -> None:
    shapes = Shapes()
    for number in range(MOST + 3):
        shapes.learn(f"A = 1\nB{number} = 2\n", "a.py", python_literals(f"A = 1\nB{number} = 2\n"))
        shapes.read("A = 5\nB0 = 7\n", "a.py")
    assert shapes.read("A = 3\nB0 = 4\n", "a.py") == ({"A": 3, "B0": 4}, "A = \0\nB0 = \0\n")
    assert shapes.read("A = 3\nB1 = 4\n", "a.py") is None
    assert shapes.read("A = 3\nB0 = 4\n", "b.py") is None

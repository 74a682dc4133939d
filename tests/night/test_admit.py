from __future__ import annotations

import pytest

from overnight.model import Call
from overnight.night.admit import Problem, find_problem, fingerprint, size
from overnight.program.knobs_said import knob_rule

from .rehearsal import program


def test_a_readable_change_of_an_editable_file_is_admitted() -> None:
    assert find_problem(program(), {"train.py": "x = 1\n"}, {}) is None


def test_touching_another_file_is_refused_and_says_which() -> None:
    problem = find_problem(program(), {"train.py": "x = 1\n", "prepare.py": "", "b.py": ""}, {})
    assert problem == Problem(Call.REFUSED, "touches b.py, prepare.py: only train.py may change")


@pytest.mark.parametrize("text", ["def f(:\n", "x = (1\n", "  x = 1\n", "x = '\n", "(" * 5000 + ")" * 5000])
def test_what_does_not_compile_is_invalid(text: str) -> None:
    problem = find_problem(program(), {"train.py": text}, {})
    assert problem is not None
    assert problem.call is Call.INVALID
    assert problem.why.startswith("train.py does not compile")


def test_only_python_has_to_compile() -> None:
    assert find_problem(program(edit=("a.yaml",)), {"a.yaml": "def f(:\n"}, {}) is None


@pytest.mark.parametrize("text", ["x = 1\0", "#" * 3_000_000])
def test_what_cannot_be_source_is_invalid(text: str) -> None:
    problem = find_problem(program(edit=("a.txt",)), {"a.txt": text}, {})
    assert problem is not None
    assert problem.call is Call.INVALID


def test_a_change_of_seed_is_no_change() -> None:
    assert fingerprint({"a.py": "SEED = 1\nx = 2\n"}) == fingerprint({"a.py": "SEED = 7\nx = 2\n"})
    assert fingerprint({"a.py": "SEED = 1\nx = 2\n"}) != fingerprint({"a.py": "SEED = 1\nx = 3\n"})


def test_where_a_text_stands_is_part_of_it() -> None:
    assert fingerprint({"a.py": "x = 1\n", "b.py": ""}) != fingerprint({"a.py": "", "b.py": "x = 1\n"})


def test_size_counts_lines_of_code() -> None:
    assert size({"a.py": "# what\n\nx = 1  # why\n    \n// c\ny = 2\n"}) == 2


@pytest.mark.parametrize(
    "text", ["SEED = 8  # fixed\n", "x = 1\n", "SEED = 7  # fixed\nseed = 3  # fixed\n", "SEED = 7\n"]
)
def test_a_candidate_cannot_fix_a_seed_of_its_own(text: str) -> None:
    before = {"train.py": "SEED = 7  # fixed\n"}
    problem = find_problem(program(), {"train.py": text}, before)
    assert problem is not None
    assert problem.call is Call.REFUSED
    assert find_problem(program(), {"train.py": "x = 1\nSEED = 7  # fixed\n"}, before) is None


def test_settings_are_told_apart_by_three_digits_where_their_range_is_given() -> None:
    def rate(value: float, comment: str = "  # 0.001..1, log") -> str:
        return fingerprint({"a.py": f"RATE = {value}{comment}\nprint(RATE)\n"})

    assert rate(0.1) == rate(0.10001)
    assert rate(0.1) != rate(0.101)
    assert rate(0.1, "") != rate(0.10001, "")


def test_what_program_md_says_of_a_range_counts_as_well() -> None:
    def rate(value: float) -> str:
        return fingerprint({"a.json": f'{{"rate": {value}}}\n'}, [knob_rule("rate: 0.001..1")])

    assert rate(0.1) == rate(0.10001)
    assert rate(0.1) != rate(0.101)

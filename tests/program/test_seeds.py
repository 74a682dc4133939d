from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.program.seeds import SeedLiteral, find_seeds, set_seeds

SEEDED = [
    "torch.manual_seed(42)",
    "torch.cuda.manual_seed_all(42)",
    "random.seed(42)",
    "np.random.seed(42)",
    "rng = default_rng(42)",
    "np.random.RandomState(42)",
    "key = jax.random.PRNGKey(42)",
    "key = jax.random.key(42)",
    "SEED = 42",
    "SEED = 0x2A",
    "seed: int = 42",
    "random_seed = 42",
    "self.seed = 42",
    "config['seed'] = 42",
    "split(x, random_state=42)",
    "f(seed=42)",
    "c = {'seed': 42, 'n': 7}",
    "def f(x, seed=42): pass",
    "def f(*, n=7, seed: int = 42): pass",
    "parser.add_argument('--seed', type=int, default=42)",
    "a = 'é'; b = '✓'; torch.manual_seed(42)",
    "\f\nif 1:\r\n    seed = 42\r\n",
]
NOT_SEEDED = [
    "speed = 42",
    "n_seeds = 42",
    "seeds = [42]",
    "SEED = -1",
    "SEED = 1.5",
    "SEED = True",
    "SEED = int(os.environ['OVERNIGHT_SEED'])",
    "d.key(42)",
    "print(f'{random.seed(42)}')",
    "seed = '42'",
    "this does not parse: seed = 42",
    "SEED = 42\0",
    "(" * 500 + "SEED",
]


@pytest.mark.parametrize("text", SEEDED)
def test_a_hard_coded_seed_is_replaced_and_nothing_else(text: str) -> None:
    literal = "0x2A" if "0x2A" in text else "42"
    assert set_seeds(text, 7) == text.replace(literal, "7")


@pytest.mark.parametrize("text", NOT_SEEDED)
def test_what_is_no_seed_is_left_alone(text: str) -> None:
    assert set_seeds(text, 7) == text


def test_a_found_seed_says_where_it_stands() -> None:
    assert find_seeds("x = 1\né = 2; torch.manual_seed(1_337)  # why\n") == [
        SeedLiteral(2, 25, "é = 2; torch.manual_seed(1_337)  # why", 1337)
    ]


def test_two_seeds_on_one_line_are_both_replaced() -> None:
    assert set_seeds("random.seed(1); np.random.seed(200)", 30) == "random.seed(30); np.random.seed(30)"


def test_an_invalid_escape_is_no_warning_of_ours() -> None:
    assert set_seeds("x = '\\d'\nSEED = 1", 5) == "x = '\\d'\nSEED = 5"


@given(
    st.lists(st.sampled_from([*SEEDED, *NOT_SEEDED, "x = 'ünï'"])), st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)
)
def test_the_last_seed_set_is_the_one_that_counts(lines: list[str], a: int, b: int) -> None:
    text = "\n".join(lines)
    assert set_seeds(set_seeds(text, a), b) == set_seeds(text, b)


@given(st.lists(st.sampled_from(SEEDED)), st.integers(0, 2**31 - 1))
def test_a_set_seed_is_found_again(lines: list[str], seed: int) -> None:
    found = find_seeds(set_seeds("\n".join(lines), seed))
    assert [literal.value for literal in found] == [seed] * len(lines)


@given(st.text())
def test_any_text_keeps_its_lines(text: str) -> None:
    assert set_seeds(text, 1).count("\n") == text.count("\n")


@given(st.integers(0, 2**31 - 1))
def test_code_still_parses_to_the_same_shape(seed: int) -> None:
    text = "import x\nSEED = 42\nx.seed(0)\n"
    shape = [type(node) for node in ast.walk(ast.parse(text))]
    assert [type(node) for node in ast.walk(ast.parse(set_seeds(text, seed)))] == shape


def test_one_with_fixed_behind_it_stays() -> None:
    text = "data = default_rng(123)  # fixed: it draws the data\nmodel = default_rng(7)\n"
    assert set_seeds(text, 9) == text.replace("(7)", "(9)")

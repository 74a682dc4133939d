from __future__ import annotations

import difflib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.program.knobs import find_knobs, with_knobs
from overnight.program.ranges import Scale, Value
from overnight.propose.space import moved

STOCK = """\
# Model architecture
ASPECT_RATIO = 64       # model_dim = depth * ASPECT_RATIO
WINDOW_PATTERN = "SSSL" # sliding window pattern: L=full, S=half context
TOTAL_BATCH_SIZE = 2**19 # ~524K tokens per optimizer step
MATRIX_LR = 0.04        # learning rate for matrix parameters
WEIGHT_DECAY = 0.2      # cautious weight decay
ADAM_BETAS = (0.8, 0.95) # Adam beta1, beta2
WARMUP_RATIO = 0.0      # fraction of time budget
DEPTH = 8               # number of transformer layers
TIME_BUDGET = 300
SEED = 42
FINAL_EVAL_BATCH_SIZE = 256
"""


def names(text: str) -> list[str]:
    return [knob.name for knob in find_knobs(text)]


def test_a_stock_training_script_shows_its_hyperparameters() -> None:
    betas = ["ADAM_BETAS[0]", "ADAM_BETAS[1]"]
    numbers = ["ASPECT_RATIO", "TOTAL_BATCH_SIZE", "MATRIX_LR", "WEIGHT_DECAY", *betas, "WARMUP_RATIO", "DEPTH"]
    assert names(STOCK) == numbers


def test_a_knob_knows_its_place() -> None:
    knob = find_knobs("\n\nWIDTH: int = 4\n", "src/train.py")[0]
    assert (knob.path, knob.line, knob.value) == ("src/train.py", 3, 4)


@pytest.mark.parametrize(
    "text",
    [
        "WIDTH = 4\nWIDTH = 5\n",
        "WIDTH = 4\nWIDTH += 1\n",
        "WIDTH = 4\nfor WIDTH in range(3): pass\n",
        "WIDTH = 4\ndef f():\n    global WIDTH\n    WIDTH = 5\n",
        "if __name__ == '__main__':\n    WIDTH = 4\n",
        "def f():\n    WIDTH = 4\n",
        "class C:\n    WIDTH = 4\n",
        "WIDTH = HEIGHT = 4\n",
        "WIDTH = 4 * 1024\n",
        "WIDTH = None\n",
        "__version__ = 4\n",
        "DATA_PATH = 'a'  # a | b\nWIDTH = (",
        "WIDTH = 4\0",
        "WIDTH = '\ud800'\nHEIGHT = 3\n",
        "WIDTHS = (1, 2, 3, 4, 5)\n",
    ],
)
def test_what_is_not_a_plain_constant_of_the_module_is_no_knob(text: str) -> None:
    assert names(text) == []


def test_a_local_variable_of_the_same_name_does_not_hide_a_knob() -> None:
    assert names("WIDTH = 4\ndef f():\n    WIDTH = 5\n") == ["WIDTH"]


def test_a_flag_can_be_on_or_off() -> None:
    assert find_knobs("TIED = True\n")[0].choices == (False, True)


@pytest.mark.parametrize(
    "rest",
    [
        "  # adam | sgd",
        "  # one of: adam, sgd",
        "  # 'adam' | 'sgd'; what steps",
        "\nif OPT == 'sgd': pass\n",
        "\nassert OPT in ('adam', 'sgd')\n",
        "\ndef f(): return {'adam': 1, 'sgd': 2}[OPT]\n",
    ],
)
def test_a_string_is_a_knob_when_its_choices_are_evident(rest: str) -> None:
    assert find_knobs("OPT = 'adam'" + rest)[0].choices == ("adam", "sgd")


@pytest.mark.parametrize("rest", ["", "  # the optimizer", "  # rmsprop | sgd", "\nif OPT == 'adam': pass\n"])
def test_a_string_without_evident_choices_is_no_knob(rest: str) -> None:
    assert names("OPT = 'adam'" + rest) == []


def test_numbers_can_have_choices_too() -> None:
    assert find_knobs("HEADS = 4  # 2 | 4 | 12\n")[0].choices == (2, 4, 12)


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("2**17", 2**18, "2**18"),
        ("2 ** 9", 256, "2 ** 8"),
        ("2**9", 300, "300"),
        ("1_000", 1500, "1_500"),
        ("1e-3", 0.0003, "3e-4"),
        ("0.02", 0.031, "0.031"),
        ("0.001", 0.00003, "3e-5"),
        (".5", 1.0, "1.0"),
        ("-0.5", 0.25, "0.25"),
        ("3", -2, "-2"),
        ("True", False, "False"),
        ("0.1", 0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_a_value_is_written_in_the_style_of_the_old_one(old: str, value: float, new: str) -> None:
    assert with_knobs(f"WIDTH = {old}  # why\n", {"WIDTH": value}) == f"WIDTH = {new}  # why\n"


def test_a_choice_keeps_its_quotes() -> None:
    assert with_knobs('OPT = "adam"  # adam | sgd\n', {"OPT": "sgd"}) == 'OPT = "sgd"  # adam | sgd\n'


def test_letters_of_several_bytes_do_not_shift_the_splice() -> None:
    text = "é = 'ü'; WIDTH = 4  # größe\nÅ = (0.5, 0.25)\n"
    assert with_knobs(text, {"WIDTH": 5, "Å[1]": 0.5}) == "é = 'ü'; WIDTH = 5  # größe\nÅ = (0.5, 0.5)\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\f\n"])
def test_other_line_ends_do_not_shift_the_splice(end: str) -> None:
    assert with_knobs(f"A = 1{end}WIDTH = 4{end}", {"WIDTH": 5}) == f"A = 1{end}WIDTH = 5{end}"


def test_a_script_with_invalid_escapes_is_read_in_silence() -> None:
    assert names("WIDTH = 4\nPATTERN = '\\d'\n") == ["WIDTH"]


LITERALS = st.one_of(
    st.integers(-(10**6), 10**6).map(repr),
    st.integers(0, 10**6).map(lambda n: f"{n:_}"),
    st.integers(0, 30).map(lambda n: f"2**{n}"),
    st.floats(1e-12, 1e5).map(repr),
    st.floats(1e-12, 1e5).map(lambda x: f"{x:.1e}"),
    st.sampled_from(["True", "0.0", "-1.5", "1", "0x10", "'a'", '"b"', "(0.9, 0.999)", "None", "[1, 2.5]"]),
)
COMMENTS = st.one_of(
    st.sampled_from(["", "  # 2..8", "# 0.001..0.1, log", " # é", "# a | b", " # one of: 1, 2", "# 1e3..1e999"]),
    st.tuples(st.floats(-10, 1e9), st.floats(-10, 1e9)).map(lambda pair: f" # {pair[0]}..{pair[1]}, log"),
    st.text("0123456789.eE-+*_|# ,log", max_size=20).map(lambda text: f" # {text}"),
)
LINES = st.tuples(st.sampled_from(["", "RATE_", "É", "USE_", "DROPOUT_", "DIM_"]), LITERALS, COMMENTS)
SCRIPTS = st.lists(LINES, min_size=1, max_size=8).map(
    lambda lines: "".join(f"{name}X{i} = {value}{comment}\n" for i, (name, value, comment) in enumerate(lines))
)


@given(SCRIPTS)
def test_setting_each_knob_to_itself_leaves_every_byte(text: str) -> None:
    assert with_knobs(text, {knob.name: knob.value for knob in find_knobs(text)}) == text


@given(SCRIPTS, st.integers(0, 10**6))
def test_a_turned_knob_is_a_one_line_diff_that_reads_back(text: str, seed: int) -> None:
    rng = random.Random(seed)
    for knob in find_knobs(text):
        value: Value
        if knob.range and not isinstance(knob.value, str):
            value = moved(knob.range, knob.value, rng.gauss(0, 2))
        else:
            value = next(choice for choice in knob.choices if choice != knob.value)
        turned = with_knobs(text, {knob.name: value})
        changed = [line for line in difflib.ndiff(text.split("\n"), turned.split("\n")) if line[0] == "+"]
        assert len(changed) == (value != knob.value)
        again = {each.name: each.value for each in find_knobs(turned)}
        assert again[knob.name] == value
        assert type(again[knob.name]) is type(knob.value)


def test_a_knob_keeps_its_kind_of_range_when_it_is_turned() -> None:
    turned = with_knobs(STOCK, {"WEIGHT_DECAY": 0.9, "ADAM_BETAS[0]": 0.99, "TOTAL_BATCH_SIZE": 2**14})
    scales = {knob.name: knob.range.scale for knob in find_knobs(turned) if knob.range}
    assert scales["WEIGHT_DECAY"] is Scale.LOG
    assert scales["ADAM_BETAS[0]"] is Scale.FRACTION
    assert scales["TOTAL_BATCH_SIZE"] is Scale.DOUBLING


def test_one_with_fixed_behind_it_is_left_alone() -> None:
    assert [knob.name for knob in find_knobs("ROWS = 600  # fixed\nRATE = 0.1  # 0.01..1, log\n")] == ["RATE"]

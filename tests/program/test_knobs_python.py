"""Knobs of Python files beyond the constants of the module: what is in use is found, once, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.program.knobs import find_knobs, literals_in, with_knobs

TREE = Path(__file__).parents[2]

GPT = """\
learning_rate = 6e-4 # max
n_head = 12
n_embd = 768
beta2 = 0.95
eval_interval = 2000
compile = True
seed = 1337

@dataclass
class GPTConfig:
    n_layer: int = 12
    dropout: float = 0.0
    rope_base: float = 10000.0

class Block(nn.Module):
    def __init__(self, config, width=64, bias=True):
        assert config.n_embd % config.n_head == 0
        self.up = nn.Linear(3, 4, bias=False)

def get_lr(step, power=2.0, verbose=1, floor=0.1):
    return step

model_args = dict(n_layer=n_head, dropout=0.1)
model = Block(GPTConfig(**model_args))
rate = get_lr(3, floor=learning_rate)
optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=(0.9, beta2), weight_decay=0.1)
"""


def names(text: str) -> list[str]:
    return [knob.name for knob in find_knobs(text, "train.py")]


def test_a_training_script_shows_what_is_in_use() -> None:
    constants = ["learning_rate", "n_head", "n_embd", "beta2"]
    assert names(GPT) == [
        *constants,
        "GPTConfig.rope_base",  # n_layer and dropout are given
        "Block.width",
        "get_lr.power",
        "model_args.dropout",
        "optimizer.weight_decay",
    ]


def test_a_size_that_must_be_divided_says_by_what() -> None:
    assert {knob.name: knob.multiple_of for knob in find_knobs(GPT) if knob.multiple_of} == {"n_embd": "n_head"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class Config:\n    lr = 1e-3\n    tied = True\n", ["Config.lr", "Config.tied"]),  # another file imports it
        ("class Config:\n    lr = 1e-3\ncfg = Config()\n", ["Config.lr"]),
        ("class Config:\n    lr = 1e-3\ncfg = Config(lr=LR)\n", []),
        ("class Config:\n    lr = 1e-3\ncfg = Config()\ncfg.lr = LR\n", []),
        ("class Config:\n    class Optim:\n        lr: float = 1\n", ["Config.Optim.lr"]),
        ("class Config:\n    lr = 1e-3\nprint(Config.lr)\n", ["Config.lr"]),
        ("class Net(nn.Module):\n    scale = 2.0\nNet()\n", []),
        ("@dataclass\nclass Args:\n    lr: float = field(default=0.1)\nargs = tyro.cli(Args)\n", ["Args.lr"]),
        ("@dataclass\nclass Row:\n    rate: float = 0.1\nrow = Row(0.2)\n", []),
        ("@dataclass\nclass Row:\n    rate: float = 0.1\n", []),
        ("def fit(lr=0.1, tied=True):\n    ...\nfit()\n", ["fit.lr"]),
        ("def fit(lr=0.1):\n    ...\nfit(0.2)\n", []),
        ("def fit(lr=0.1):\n    ...\nfit(*anything)\n", []),
        ("def fit(lr=0.1):\n    ...\nfit(**dict(lr=RATE))\n", []),
        ("def fit(lr=0.1):\n    ...\n", []),
        ("def fit(lr=0.1):\n    ...\nfire.Fire(fit)\n", ["fit.lr"]),
        ("@app.command()\ndef fit(lr: float = 1):\n    ...\n", ["fit.lr"]),
        ("LR = 0.1\ndef fit(lr=LR):\n    ...\nfit()\n", ["LR"]),
        ("CONFIG = {'lr': 0.1, 'optim': {'beta': 0.9, 'seed': 3}, 'path': 'x'}\n", ["CONFIG.lr", "CONFIG.optim.beta"]),
        ("LABELS = {'cat': 2, 'dog': 3}\nprint(LABELS[x])\n", []),
        ("SIZES = {'cat': 2, 'dog': 3}\nprint(SIZES['cat'])\n", ["SIZES.cat"]),
        ("more = dict(depth=2)\nbuild(**more)\n", ["more.depth"]),
        ("def main():\n    params = {'eta': 0.1}\n", ["params.eta"]),
        ("def main():\n    clf = Forest(n_estimators=100, random_state=0, n_jobs=4)\n", ["clf.n_estimators"]),
        ("pipe = make_pipeline(Scaler(), SVC(C=1.0, probability=True))\n", ["SVC.C"]),
        ("x = cross_val_score(SVC(C=1.0), X, cv=KFold(n_splits=5))\n", ["SVC.C"]),
        ("a = SVC(C=1.0)\nb = SVC(C=2.0)\n", ["a.C", "b.C"]),
        ("f(SVC(C=1.0))\ng(SVC(C=2.0))\n", []),  # one name, two places
        ("class A:\n    def f(self):\n        self.x = Linear(size=3)\n", []),
        ("p.add_argument('--lr', type=float, default=1)\np.add_argument('--seed', default=1)\n", ["--lr"]),
        ("p.add_argument('-o', '--opt', choices=['a', 'b'], default='a')\n", ["--opt"]),
        ("@click.option('--batch-size', default=64, help='x')\ndef f(batch_size): ...\n", ["--batch-size"]),
        ("print(f'{SVC(C=1.0)} é')\n", []),
        ("CONFIG = {'lr': 0.1, 'depth': 3}  # fixed\n", []),
        ("CONFIG = {\n  'lr': 0.1,  # fixed\n  'depth': 3,  # 2..8\n}\n", ["CONFIG.depth"]),
    ],
)
def test_what_is_in_use_is_a_knob(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_a_type_says_what_a_default_can_be() -> None:
    text = "class Config:\n    lr: float = 1\n    opt: Literal['adam', 'sgd'] = 'adam'\n"
    rate, opt = find_knobs(text)
    assert isinstance(rate.value, float)
    assert opt.choices == ("adam", "sgd")
    assert with_knobs(text, {"Config.lr": 0.5, "Config.opt": "sgd"}) == text.replace("= 1", "= 0.5").replace(
        "= 'adam'", "= 'sgd'"
    )


def test_words_that_are_compared_somewhere_are_choices_of_a_setting_too() -> None:
    text = "CONFIG = {'opt': 'adam'}\nif CONFIG['opt'] == 'sgd': pass\n"
    assert find_knobs(text)[0].choices == ("adam", "sgd")


def test_the_labs_have_the_knobs_that_their_comments_name() -> None:
    found = {lab: names((TREE / "labs" / lab / "train.py").read_text()) for lab in ("gpt", "ngram")}
    assert (len(found["gpt"]), len(found["ngram"])) == (12, 10)
    assert not [name for each in found.values() for name in each if not name.isupper()]


VALUES = st.one_of(
    st.integers(0, 10**5).map(repr),
    st.floats(1e-6, 1e4).map(repr),
    st.sampled_from(["1e-3", "2**9", "True", "(0.9, 0.99)"]),
)
PLACES = st.sampled_from([
    "CONFIG_{i} = {{'größe': 'é', 'x': {value}, 'y': 3}}  # ä",
    "class Config{i}:\n    x: float = {value}; é = 'ü'  # why",
    "def fit{i}(ü='ä', *, x={value}):\n    pass\nfit{i}()",
    "cfg{i} = Config('é', x={value})",
    "p.add_argument('--x{i}', help='größe', default={value})",
])  # fmt: skip


def turned_value(value: float | str, drawn: int) -> float:
    assert not isinstance(value, str)
    return not value if isinstance(value, bool) else value * 2 + drawn + 1


@given(st.lists(st.tuples(PLACES, VALUES), min_size=1, max_size=6), st.integers(0, 1000))
def test_a_turned_setting_is_a_one_line_diff_that_reads_back(places: list[tuple[str, str]], drawn: int) -> None:
    text = "".join(f"{place.format(i=i, value=value)}\n" for i, (place, value) in enumerate(places))
    literals = [each for each in literals_in(text, "a.py") if isinstance(each.value, int | float)]
    assert with_knobs(text, {each.name: each.value for each in literals}) == text
    for literal in literals[:3]:
        value = turned_value(literal.value, drawn)
        turned = with_knobs(text, {literal.name: value})
        assert sum(a != b for a, b in zip(text.split("\n"), turned.split("\n"), strict=True)) == 1
        values = {each.name: each.value for each in literals_in(text, "a.py")}
        assert {each.name: each.value for each in literals_in(turned, "a.py")} == values | {literal.name: value}

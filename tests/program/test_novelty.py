"""Which texts are the same program, and which changes are a search over seeds."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from overnight.model import Goal
from overnight.program.novelty import normal_form, seed_search
from overnight.propose.proposer import View
from overnight.propose.search import Search
from overnight.testing import a_program

LABS = Path(__file__).parents[2] / "labs"
PLAIN = '''\
"""What it does."""
import torch

RATE = 1024  # a comment
torch.manual_seed(42)


def f(x, *, y=None):
    """Doc."""
    return {"a": x, **(y or {})}
'''


def same(a: str, b: str, path: str = "train.py") -> bool:
    return normal_form(path, a) == normal_form(path, b)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # a comment", ""),
        ("1024", "2**10"),
        ("1024", "0x400"),
        ("1024", "1_024"),
        ("manual_seed(42)", "manual_seed(137)"),
        ('"""Doc."""', '"""Another."""'),
        ('    """Doc."""\n', ""),
        ('"""What it does."""\n', ""),
        ('{"a": x, **(y or {})}', "{'a': x,\n        **(y or {}),}"),
        ("\n\n\n", "\n"),
        ("\n", "\r\n"),
        ("    return", "    pass\n    return"),
    ],
)
def test_what_a_run_cannot_tell_apart_is_the_same_python(old: str, new: str) -> None:
    assert old in PLAIN
    assert same(PLAIN, PLAIN.replace(old, new))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("RATE = 0.0213", "RATE = 0.021"),
        ("RATE = 0.1234567891", "RATE = 0.1234567892"),
        ("A = 1", "A = 1.0"),
        ("A = 1", "A = True"),
        ("A = -1", "A = 1"),
        ("A = 2 ** -1", "A = 2 ** 1"),
        ("A = -2 ** 2", "A = (-2) ** 2"),
        ("x = 1", "y = 1"),
        ("x: int = 1", "x = 1"),
        ("global ab", "global a, b"),
        ("f(a, b)", "f(a)(b)"),
        ("[a, [b]]", "[[a], b]"),
        ("a = 'x'", "a = b'x'"),
        ("{**a}", "{None: a}"),
        ("def f(a, /, b): ...", "def f(a, b): ..."),
        ("def f(*, a=1, b): ...", "def f(*, a, b=1): ..."),
        ("if a:\n  b\nc", "if a:\n  b\n  c"),
        ("if a:\n  pass\nelse:\n  b", "if a:\n  b"),
        ("class Tool:\n  'finds it'", "class Tool:\n  'looks it up'"),
        ("'''a'''\nprint(__doc__)", "'''b'''\nprint(__doc__)"),
        ("manual_seed(1)  # fixed", "manual_seed(2)  # fixed"),
        ("x[1:2]", "x[1, 2]"),
        ("f'{a}'", "f'{a!r}'"),
    ],
)
def test_what_may_run_differently_is_not_the_same_python(a: str, b: str) -> None:
    assert not same(a, b)


@pytest.mark.parametrize(
    ("path", "a", "b"),
    [
        ("c.json", '{"a": 1e3, "b": [1, 2]}', '{\n "a": 1000.0,\n "b": [1,2]}'),
        ("c.yaml", "a: 0.10 # why\nb: [1, 2]\n", "a: 0.1\nb:\n  - 1\n  - 2\n"),
        ("c.yml", 'a: "x"\n', "a: x\n"),
        ("c.toml", "a = 1_000 # why\n", "a = 1000\n"),
        ("prompt.txt", "be brief \n\n", "be brief\n"),
    ],
)
def test_other_files_are_compared_by_what_they_say(path: str, a: str, b: str) -> None:
    assert same(a, b, path)


@pytest.mark.parametrize(
    ("path", "a", "b"),
    [
        ("c.json", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
        ("c.json", '{"a": 1, "a": 2}', '{"a": 2}'),
        ("c.json", '{"a": 1}', '[["a", 1]]'),
        ("c.json", "1", "1.0"),
        ("c.yaml", "a: 1", 'a: "1"'),
        ("c.yaml", "a: on", 'a: "on"'),
        ("c.yaml", "a: 010", "a: 10"),
        ("c.yaml", "a: {b: 1}\nc: 2", "a: {b: 1, c: 2}"),
        ("c.toml", "a = 1", "a = 1.0"),
        ("c.sql", "select 'a  b'", "select 'a b'"),
        ("prompt.txt", "  indented", "indented"),
    ],
)
def test_other_files_differ_where_a_reader_may_see_it(path: str, a: str, b: str) -> None:
    assert not same(a, b, path)


@pytest.mark.parametrize("path", ["a.py", "a.json", "a.yaml", "a.toml"])
def test_what_does_not_parse_is_compared_as_it_is(path: str) -> None:
    assert same("{ [ (", "{ [ (", path)
    assert not same("{ [ (", "{ [ ( ", path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sum.py", f"x = {'+'.join(['a'] * 2000)}"),
        (
            "bomb.yaml",
            "a: &a [x]\n"
            + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)),
        ),
        ("self.yaml", "a: &a [*a]"),
        ("deep.json", "[" * 100_000),
        ("deep.yaml", "[" * 3_000),
        ("power.py", "x = 9 ** 9 ** 9 ** 9"),
        ("half.py", "x = '\ud800'"),
    ],
)
def test_hostile_texts_end_soon(path: str, text: str) -> None:
    assert same(text, text, path)


def test_the_search_proposes_what_normal_forms_tell_apart() -> None:
    """Its values have two digits, so nothing needs rounding for it."""
    text = (LABS / "ngram" / "train.py").read_text()
    view = View(a_program(goal=Goal.MINIMIZE), 1, 7, "a" * 40, {"train.py": text}, None, ())
    found = [proposal.files["train.py"] for proposal in Search().ask(view, 12)]
    assert len({normal_form("train.py", each) for each in found}) == len(found) == 12


# ---- a search over seeds

TRAINING = """\
import torch
torch.manual_seed(SEED)
for step in range(100):
    loss = learn(step)
"""

SEARCHES = {
    "keeps the best": """
        best = 9e9
        for i in range(20):
            torch.manual_seed(i)
            model, loss = train()
            if loss < best:
                best, kept = loss, model
        """,
    "by name": """
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            score = run(rng)
            best = max(best, score)
        """,
    "computed": """
        for k in range(8):
            s = 1000 + 7 * k
            random.seed(s)
            losses.append(fit())
        kept = np.argmin(losses)
        """,
    "until it is good": """
        seed = 0
        while True:
            seed += 1
            seed_everything(seed)
            if train() < 3.1:
                break
        """,
    "while it is bad": """
        seed, loss = 0, 9
        while loss > 3.1:
            seed += 1
            torch.manual_seed(seed)
            loss = train()
        """,
    "comprehension": """
        def trial(seed):
            torch.manual_seed(seed)
            return train()
        loss = min(trial(s) for s in range(9))
        """,
    "key": """
        def trial(n):
            torch.manual_seed(n)
            return train()
        best = min(range(9), key=trial)
        """,
    "lambda": """
        best = min(range(9), key=lambda n: train(seed=n))
        """,
    "map": """
        def trial(seed):
            return train(np.random.default_rng(seed))
        best = min(map(trial, range(9)))
        """,
    "list": """
        losses = [train(random_state=k) for k in range(9)]
        best = min(losses)
        """,
    "a method": """
        class Model:
            def fit(self, seed=0):
                torch.manual_seed(seed)
        for k in range(9):
            losses.append(model.fit(k))
        print(sorted(losses)[0])
        """,
    "in a function": """
        def main():
            best = None
            for seed in range(4):
                m = Model(seed=seed)
                if best is None or m.loss < best.loss:
                    best = m
            return best
        """,
}

NO_SEARCHES = {
    "seeds of steps": """
        for step in range(100):
            torch.manual_seed(step)
            loss = learn()
            if loss < best:
                best = loss
        """,
    "seeds of epochs": """
        for epoch in range(9):
            rng = np.random.default_rng(SEED + epoch)
            val = learn(rng)
            if val < best:
                best, kept = val, copy(model)
        """,
    "ensemble": """
        preds = [fit(seed=seed) for seed in range(5)]
        pred = sum(preds) / len(preds)
        """,
    "ensemble in a loop": """
        for seed in range(5):
            torch.manual_seed(seed)
            logits += train()
        """,
    "restarts": """
        for i in range(10):
            rng = np.random.default_rng(i)
            inertia = kmeans(rng)
            if inertia < best:
                best = inertia
        """,
    "early stopping": """
        torch.manual_seed(SEED)
        for i in range(100):
            val = learn(i)
            if val < best:
                best = val
            elif val > 2 * best:
                break
        """,
    "grid": """
        torch.manual_seed(0)
        for rate in (0.1, 0.2):
            loss = train(rate)
            if loss < best:
                best = loss
        """,
    "grid with a function that seeds": """
        def run(rate, seed):
            torch.manual_seed(seed)
            return train(rate)
        for rate in (0.1, 0.2):
            losses[rate] = run(rate, 1)
        best = min(losses, key=lambda rate: losses[rate])
        loss = min(run(rate, seed=SEED) for rate in RATES)
        """,
    "folds": """
        for fold in range(5):
            part = split(random_state=fold)
            score = min(score, fit(part))
        """,
    "batches": """
        def batch(i):
            rng = np.random.default_rng(SEED + i)
            return data[rng.integers(0, 9, 4)]
        for i in range(100):
            loss = learn(batch(i))
            if loss < best:
                best = loss
        """,
    "one seed": """
        seed = 3
        torch.manual_seed(seed)
        x = max(a, b)
        """,
}


@pytest.mark.parametrize("change", SEARCHES.values(), ids=SEARCHES)
def test_a_search_over_seeds_is_found(change: str) -> None:
    assert "several seeds" in seed_search(TRAINING, TRAINING + dedent(change))


@pytest.mark.parametrize("change", NO_SEARCHES.values(), ids=NO_SEARCHES)
def test_what_is_no_search_over_seeds_passes(change: str) -> None:
    assert seed_search(TRAINING, TRAINING + dedent(change)) == ""


@pytest.mark.parametrize("change", SEARCHES.values(), ids=SEARCHES)
def test_what_the_program_did_already_may_go_on(change: str) -> None:
    before = TRAINING + dedent(change)
    assert seed_search(before, before.replace("learn(step)", "learn(step, 2)").replace("9", "12")) == ""


@pytest.mark.parametrize("lab", ["gpt", "ngram"])
def test_the_labs_search_over_no_seeds(lab: str) -> None:
    assert seed_search("", (LABS / lab / "train.py").read_text()) == ""


def test_it_says_where(tmp_path: Path) -> None:
    after = TRAINING + dedent(SEARCHES["keeps the best"])
    line = after.split("\n").index("for i in range(20):") + 1
    assert seed_search(TRAINING, after).startswith(f"line {line} ")


def test_what_does_not_parse_is_no_search() -> None:
    assert seed_search("", "for seed in (: manual_seed(") == ""

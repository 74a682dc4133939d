from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from overnight.errors import ProgramError
from overnight.model import Goal
from overnight.program import infer
from overnight.program.program import Box, Origin, Program
from overnight.program.read import read
from tests.program.repo_facts import AUTORESEARCH, facts

STOCK = """# autoresearch

**What you CAN do:**
- Modify `train.py` — this is the only file you edit. Everything is fair game.

**What you CANNOT do:**
- Modify `prepare.py`. It is read-only. It contains the fixed evaluation.
- Install new packages or add dependencies.

**The goal is simple: get the lowest val_bpb.** Since the time budget is fixed, you need not worry.

**Timeout**: If a run exceeds 10 minutes, kill it and treat it as a failure (discard and revert).

**NEVER STOP**: Once the loop has begun, do NOT pause.
"""


def stock(
    text: str = STOCK, present: Collection[str] = (), programs: Collection[str] = ("uv",), **files: str
) -> Program:
    return read(Path("program.md"), text, "", facts({**AUTORESEARCH, **files}, present, programs))


def shared(script: str, present: Collection[str]) -> tuple[str, ...]:
    return stock(present=present, **{"prepare.py": script}).share


def test_a_stock_clone_runs_as_it_is() -> None:
    got = stock()
    assert (got.edit, got.protect, got.run) == (("train.py",), ("prepare.py",), "uv run train.py")
    assert (got.metric, got.goal, got.box, got.kill_after_seconds) == ("val_bpb", Goal.MINIMIZE, Box(300), 600)


def test_a_clone_without_any_prose_is_understood_by_its_files() -> None:
    got = stock("")
    assert (got.edit, got.protect, got.run) == (("train.py",), ("prepare.py",), "uv run train.py")
    assert (got.metric, got.goal, got.box, got.kill_after_seconds) == ("val_bpb", Goal.MINIMIZE, Box(300), 600)


def test_what_is_inferred_says_what_was_seen() -> None:
    whys = {rule.key: rule.why for rule in stock("").rules if rule.origin is Origin.INFERRED}
    assert "autoresearch" in whys["edit"]
    assert "uv is on PATH" in whys["run"]
    assert whys["time_box"] == "TIME_BUDGET in prepare.py line 2"
    assert whys["metric"] == "train.py line 4 prints it first"


def test_without_uv_plain_python_runs() -> None:
    assert stock(programs=()).run == "python train.py"


def test_the_folder_of_program_md_is_where_the_roles_are_looked_for() -> None:
    nested = {f"labs/one/{name}": text for name, text in AUTORESEARCH.items()}
    got = read(Path("program.md"), STOCK, "labs/one", facts(nested))
    assert (got.edit, got.protect, got.run) == (("labs/one/train.py",), ("labs/one/prepare.py",), "python train.py")


def test_front_matter_wins_over_what_is_inferred() -> None:
    got = stock("---\nedit: prepare.py\nrun: make\ntime_box: 1m\n---\n")
    assert (got.edit, got.protect, got.run, got.box) == (("prepare.py",), (), "make", Box(60))


def test_the_summary_block_in_the_prose_names_the_metric() -> None:
    got = stock("```\n---\nscore:   0.42\nloss: 1\n```\n", **{"train.py": ""})
    assert (got.metric, got.goal) == ("score", Goal.MAXIMIZE)


def test_the_time_budget_in_the_prose_is_the_box() -> None:
    got = stock("A **fixed time budget of 2 minutes** each.\n", **{"prepare.py": ""})
    assert got.box == Box(120)


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("val_loss", "minimize"),
        ("test_acc", "maximize"),
        ("tokens_per_second", "maximize"),
        ("error_score", "minimize"),
    ],
)
def test_a_metrics_name_may_say_its_direction(name: str, goal: str) -> None:
    assert infer.goal(name)[0].text == goal


def test_a_name_that_says_nothing_infers_nothing() -> None:
    assert infer.goal("zeta") == []


@pytest.mark.parametrize(
    "line",
    [
        'D = os.path.expanduser("~/.cache/mine/x")',
        "D = Path('~/.cache/mine').expanduser()",
        'D = Path.home() / ".cache" / "mine"',
        'D = Path.home() / ".cache/mine"',
        'D = os.path.join(os.path.expanduser("~"), ".cache", "mine")',
    ],
)
def test_a_cache_that_a_script_names_is_shared(line: str) -> None:
    assert shared(line, ["~/.cache/mine"]) == ("~/.cache/mine",)


@pytest.mark.parametrize("line", ['"~/.cache/"', '"~/.cache/../x"', 'os.path.expanduser("~/.config/x")'])
def test_only_a_folder_under_the_cache_is_shared(line: str) -> None:
    assert shared(line, ["~/.cache/", "~/.cache/..", "~/.config/x"]) == ()


def test_a_cache_that_does_not_exist_is_not_shared() -> None:
    assert shared('"~/.cache/mine"', []) == ()


def test_an_environment_and_ignored_data_are_shared_in_every_repository() -> None:
    text = "---\nedit: a.py\nrun: x\nmetric: y\n---\n"
    got = read(Path("program.md"), text, "", facts({"a.py": ""}, present=[".venv", "data"]))
    assert got.share == (".venv", "data")


def test_data_that_git_does_not_ignore_is_not_shared() -> None:
    text = "---\nedit: a.py\nrun: x\nmetric: y\n---\n"
    assert read(Path("program.md"), text, "", facts({"a.py": ""}, present=["data"], ignored=False)).share == ()


@pytest.mark.parametrize("share", ["none", "[]"])
def test_sharing_nothing_can_be_said(share: str) -> None:
    got = stock(f"---\nshare: {share}\n---\n", present=[".venv"])
    assert got.share == ()
    assert next(rule.value for rule in got.rules if rule.key == "share") == "none"


def test_what_is_not_evident_is_asked_for() -> None:
    with pytest.raises(ProgramError, match=r"edit is missing .* add the file that may change"):
        read(Path("program.md"), "# Be good\n", "", facts({"main.py": ""}))


def timed(front: str) -> Program:
    return read(
        Path("program.md"), f"---\nedit: train.py\nrun: python train.py\n{front}\n---\n", "", facts(AUTORESEARCH)
    )


@pytest.mark.parametrize("front", ["metric: wall_ms", "metric: tokens_per_second", "metric: loss\ntiming: 3"])
def test_a_time_is_measured_alone(front: str) -> None:
    assert timed(front).exclusive
    assert not timed(f"{front}\nexclusive: off").exclusive


def test_a_loss_is_not_measured_alone() -> None:
    assert not timed("metric: loss").exclusive


def test_who_says_how_many_slots_a_time_has_is_told_what_that_means() -> None:
    program = timed("metric: wall_ms\nslots: 4")
    assert not program.exclusive
    (rule,) = [rule for rule in program.rules if rule.key == "exclusive"]
    assert "4 runs at once slow one another" in rule.why


def test_several_slots_of_which_each_is_alone_are_refused() -> None:
    with pytest.raises(ProgramError, match="slots: 4 would never have more than one"):
        timed("metric: loss\nexclusive: on\nslots: 4")


def test_what_a_slot_has_can_be_said() -> None:
    program = timed("metric: loss\nslots: auto\ncores: 4\ngpus: 0.5\npriority: 2")
    assert (program.slots, program.cores, program.gpus, program.priority) == (0, 4, 0.5, 2.0)


@pytest.mark.parametrize(("front", "words"), [("gpus: 1.5", "no number of GPUs"), ("priority: 0", "not above zero")])
def test_what_no_slot_can_have_is_refused(front: str, words: str) -> None:
    with pytest.raises(ProgramError, match=words):
        timed(f"metric: loss\n{front}")

"""What the prose says: which sentences are enforced, and which are named as not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from overnight.errors import ProgramError
from overnight.program.program import Guard, Origin, Program, Stop
from overnight.program.read import read
from tests.program.repo_facts import facts

FILES = {"program.md": "", "train.py": "", "model.py": "", "prepare.py": "", "eval/run.py": ""}
FRONT = "---\nedit: train.py\nrun: x\nmetric: val_bpb\n---\n"


def program(prose: str, front: str = FRONT) -> Program:
    return read(Path("program.md"), front + prose, "", facts(FILES))


def stop(prose: str) -> Stop:
    return program(prose).stop


def spoken(prose: str) -> list[tuple[str, str]]:
    return [(rule.key, rule.value) for rule in program(prose).rules if rule.origin is Origin.PROSE]


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("stop after 100 experiments", Stop(experiments=100)),
        ("Stop the night after 1k experiments.", Stop(experiments=1000)),
        ("Run at most 1,000 experiments.", Stop(experiments=1000)),
        ("Do not run more than 50 experiments.", Stop(experiments=50)),
        ("**Stop** at 07:00.", Stop(until="07:00")),
        ("Stop at 7am.", Stop(until="07:00")),
        ("Work until 7 am.", Stop(until="07:00")),
        ("Stop after 8 hours.", Stop(seconds=28800)),
        ("The night ends after 1 hour and 30 minutes.", Stop(seconds=5400)),
        ("Stop after $5.", Stop(usd=5)),
        ("Spend at most $2.50.", Stop(usd=2.5)),
        ("Stop after 2M tokens.", Stop(tokens=2_000_000)),
        ("Stop when val_bpb is below 0.95.", Stop(target=0.95)),
        ("Stop once `val_bpb` drops below 0.95!", Stop(target=0.95)),
        ("Stop if val_bpb < 0.95", Stop(target=0.95)),
        ("Stop when val_bpb reaches 0.95", Stop(target=0.95)),
        ("Stop after 40 experiments without a keep.", Stop(plateau=40)),
        ("Stop after 40 experiments in a row without any improvement", Stop(plateau=40)),
        ("Stop when there is no improvement for 40 experiments.", Stop(plateau=40)),
        ("Stop if nothing was kept in the last 40 experiments.", Stop(plateau=40)),
        ("Stop when val_bpb has not improved for 40 experiments.", Stop(plateau=40)),
        ("Stop after 100 experiments or 12 hours, whichever comes first.", Stop(experiments=100, seconds=43200)),
        ("Stop after 100 experiments, at 07:00 or after $5.", Stop(experiments=100, until="07:00", usd=5)),
        ("Stop after 100 experiments or when val_bpb < 0.9.", Stop(experiments=100, target=0.9)),
    ],
)
def test_a_stop_rule_is_understood_anywhere(sentence: str, rule: Stop) -> None:
    assert stop(f"# A lab\n\nSome words first.\n\n{sentence}\n") == rule


@pytest.mark.parametrize(
    "heading", ["## Stop when", "# Stopping criteria", "**Stop when:**", "The night stops when:", "### 4. When to stop"]
)
def test_below_a_stop_heading_the_verb_may_be_left_out(heading: str) -> None:
    bullets = (
        "- after 100 experiments\n- at 07:00\n- val_bpb is below 0.95\n* 40 experiments without a keep\n- $5 total\n"
    )
    assert stop(f"{heading}\n\n{bullets}") == Stop(100, None, "07:00", 5.0, None, 40, 0.95)


@pytest.mark.parametrize(
    ("prose", "path"),
    [
        ("Do not modify `prepare.py`.", "prepare.py"),
        ("Never touch prepare.py.", "prepare.py"),
        ("Please don’t edit the file `prepare.py`", "prepare.py"),
        ("You must not change `eval/`.", "eval/run.py"),
        ("`prepare.py` is read-only.", "prepare.py"),
        ("`prepare.py` must not be changed.", "prepare.py"),
        ("- `prepare.py` — data and evaluation. Do not modify.", "prepare.py"),
        ("Do not modify `prepare.py`, it holds the metric.", "prepare.py"),
        ("Do not modify `prepare.py` because it holds the metric.", "prepare.py"),
        ("## What you cannot do\n- Modify `prepare.py`.", "prepare.py"),
        ("## What you CAN'T do\n- edit `prepare.py` (it is the judge)", "prepare.py"),
        ("You must NOT modify:\n- `prepare.py`", "prepare.py"),
        ("## Off limits\n* `prepare.py`", "prepare.py"),
    ],
)
def test_a_prohibition_protects_the_file(prose: str, path: str) -> None:
    assert program(prose).protect == (path,)


@pytest.mark.parametrize(
    ("prose", "edit"),
    [
        ("You may edit `train.py` and `model.py`.", ("model.py", "train.py")),
        ("Only edit `train.py`.", ("train.py",)),
        ("`train.py` is the only file you may edit.", ("train.py",)),
        ("## What you can do\n- Modify `train.py` — this is the only file you edit.", ("train.py",)),
        ("## What may change\n- `train.py`\n- `model.py`", ("model.py", "train.py")),
        ("You may modify: train.py, model.py", ("model.py", "train.py")),
    ],
)
def test_a_permission_makes_files_editable(prose: str, edit: tuple[str, ...]) -> None:
    assert tuple(sorted(program(prose, "---\nrun: x\nmetric: val_bpb\n---\n").edit)) == edit


@pytest.mark.parametrize(
    ("sentence", "guard"),
    [
        ("`peak_vram_mb` stays below 48000.", Guard("peak_vram_mb", "<", 48000)),
        ("peak_vram_mb must stay under 48 GB", Guard("peak_vram_mb", "<", 49152)),
        ("Keep `peak_vram_mb` at most 48000.", Guard("peak_vram_mb", "<=", 48000)),
        ("`accuracy` must be at least 0.9.", Guard("accuracy", ">=", 0.9)),
        ("`peak_vram_mb` must not exceed 48000", Guard("peak_vram_mb", "<=", 48000)),
        ("## Constraints\n- `peak_vram_mb` < 48000", Guard("peak_vram_mb", "<", 48000)),
    ],
)
def test_another_number_that_must_hold_is_a_guard(sentence: str, guard: Guard) -> None:
    assert program(sentence).guards == (guard,)


@pytest.mark.parametrize(
    ("prose", "metric", "goal"),
    [
        ("## Goal\n\nMinimize `val_bpb`.", "val_bpb", "minimize"),
        ("The goal is to maximize accuracy.", "accuracy", "maximize"),
        ("**The goal is simple: get the lowest val_bpb.** And more.", "val_bpb", "minimize"),
        ("Metric: `val_x`. Higher is better.", "val_x", "maximize"),
        ("The metric is `val_x`, lower is better.", "val_x", "minimize"),
    ],
)
def test_the_goal_may_be_said_in_prose(prose: str, metric: str, goal: str) -> None:
    got = program(prose, "---\nedit: train.py\nrun: x\n---\n")
    assert (got.metric, got.goal) == (metric, goal)


def test_a_run_that_is_too_long_is_killed_as_the_prose_says() -> None:
    got = program("If a run exceeds 20 minutes, kill it and treat it as a failure (discard and revert).")
    assert got.kill_after_seconds == 1200


@pytest.mark.parametrize(
    "sentence",
    [
        "Stop after 100 experiments unless it still improves.",
        "Stop after 100 experiments. Unless it still improves.",
        "You should stop after 100 experiments.",
        "Maybe stop after 100 experiments.",
        "Stop after about 100 experiments.",
        "Stop after 100 experiments (or 50 on weekends).",
        "Stop after 100 experiments and 8 hours.",
        "Stop after 100 experiments?",
        "~~Stop after 100 experiments.~~",
        "Stop after 100 experiments — if nothing helps.",
        "Stop after 0 experiments.",
        "Do not modify `prepare.py` unless the loader is broken.",
        "Do not modify `prepare.py`, except its docstring.",
        "Do not modify `nothing.py`.",
        "Try not to modify `prepare.py`.",
        "You must not modify: prepare.py (all of it), model.py",
        "`peak_vram_mb` should stay below 48000.",
        "VRAM must stay below 48000.",
        "Stop when `other` is below 3.",
        "Stop when val_bpb is above 3.",
        "The script must stop after 5 minutes.",
        "At most 5 minutes.",
        "Use at most 100 tokens.",
        "## What you cannot do\n- Stop after 100 experiments",
        "## Never stop\n- after 100 experiments",
    ],
)
def test_what_is_hedged_conditional_or_unclear_is_named_and_not_enforced(sentence: str) -> None:
    got = program(sentence)
    assert spoken(sentence) == []
    assert any(advice.why.startswith("not understood: ") for advice in got.advice)


@pytest.mark.parametrize(
    "prose",
    [
        "> Stop after 100 experiments.",
        "```\nStop after 100 experiments.\n```",
        "<!-- Stop after 100 experiments. -->",
        "## Example rules\n- stop after 100 experiments",
        "8 hours is a long time.\n\n100 experiments",
    ],
)
def test_quotations_code_and_examples_are_not_rules(prose: str) -> None:
    assert spoken(prose) == []


def test_plain_prose_is_advice() -> None:
    advice = program("Wide models have worked so far.").advice
    assert [(a.line, a.text, a.why) for a in advice] == [(6, "Wide models have worked so far.", "advice to the agent")]


def test_every_sentence_is_either_a_rule_or_advice() -> None:
    got = program("One thing. Stop after 5 experiments.\nDo not\nmodify `prepare.py`. Another!\n\n- third\n  line\n")
    lines = [a.line for a in got.advice] + [rule.line for rule in got.rules if rule.origin is Origin.PROSE]
    assert sorted(line for line in lines if line) == [6, 6, 7, 8, 10]


def test_a_rule_in_prose_has_the_line_of_its_sentence() -> None:
    rules = program("Words.\nStop after\n100 experiments.\n").rules
    assert next(rule.line for rule in rules if rule.key == "stop.experiments") == 7


def test_the_same_rule_twice_is_one_rule() -> None:
    got = program(
        "Stop after 100 experiments. Stop after 100 experiments. Do not edit `prepare.py`.\n",
        FRONT.replace("---\nedit", "---\nprotect: prepare.py\nedit"),
    )
    assert (got.stop.experiments, got.protect) == (100, ("prepare.py",))


@pytest.mark.parametrize(
    ("front", "prose", "lines"),
    [
        ("stop: {experiments: 50}\n", "Stop after 100 experiments.", (2, 7)),
        ("goal: maximize\n", "The goal is to minimize `val_bpb`.", (2, 7)),
        ("guards: peak_mb < 5\n", "`peak_mb` stays below 6.", (2, 7)),
        ("", "You may edit `model.py`.", (2, 6)),
        ("", "Stop after 5 experiments. Stop after 6 experiments.", (6, 6)),
    ],
)
def test_a_contradiction_names_both_lines(front: str, prose: str, lines: tuple[int, int]) -> None:
    with pytest.raises(ProgramError, match=f"line {lines[0]} says .* and line {lines[1]} says") as refused:
        program(prose, FRONT.replace("---\nedit", f"---\n{front}edit"))
    assert refused.value.line == lines[1]


def test_only_one_file_contradicts_two_editable_ones() -> None:
    with pytest.raises(ProgramError, match=r"edit: line 2 says train.py and line 6 says train.py"):
        program("Only edit `train.py`.", FRONT.replace("edit: train.py", "edit: train.py, model.py"))


def test_an_editable_file_that_the_prose_protects_is_refused() -> None:
    with pytest.raises(ProgramError, match=r"train.py is also protected on line 6"):
        program("Do not modify `train.py`.")

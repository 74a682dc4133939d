from __future__ import annotations

from pathlib import Path

import pytest

from overnight.program.draft import draft, guess
from overnight.program.facts import Place
from overnight.program.read import read
from tests.program.repo_facts import AUTORESEARCH, facts

FULL = {
    "edit": "train.py, model.py",
    "run": "python train.py --lr '0.1: x' # fast",
    "metric": "val_bpb",
    "goal": "minimize",
    "time_box": "8s cpu",
    "kill_after": "1m",
    "protect": "prepare.py",
    "guards": "peak_vram_mb < 48000",
    "curve": r"step (\d+) | loss: ([0-9.]+)",
    "python": "self",
    "stop.experiments": "100",
    "stop.hours": "8h",
    "stop.until": "07:00",
    "stop.cost": "$5",
    "stop.plateau": "40",
}
FILES = {"program.md": "", "train.py": "", "model.py": "", "prepare.py": ""}


def test_a_draft_reads_back_to_its_settings() -> None:
    got = read(Path("program.md"), draft("A lab", FULL), "", facts(FILES))
    back = {rule.key: rule.value for rule in got.rules if rule.key in FULL and rule.key != "edit"}
    assert back == {key: text for key, text in FULL.items() if key != "edit"}
    assert got.edit == ("train.py", "model.py")


def test_a_draft_has_no_sentence_that_is_not_understood() -> None:
    got = read(Path("program.md"), draft("A lab", FULL), "", facts(FILES))
    assert [sentence.text for sentence in got.advice if "not understood" in sentence.why] == []


def test_the_guess_for_a_stock_clone_is_complete() -> None:
    settings = guess(Place(Path("program.md"), "", facts({**AUTORESEARCH, "uv.lock": ""}, programs=["uv"])))
    assert settings == {
        "edit": "train.py",
        "run": "uv run train.py",
        "metric": "val_bpb",
        "goal": "minimize",
        "time_box": "5m",
        "protect": "prepare.py",
        "stop.experiments": "100",
    }


def test_an_evaluator_beside_the_script_is_what_runs_and_is_fixed() -> None:
    settings = guess(Place(Path("program.md"), "lab", facts({"lab/solution.py": "", "lab/evaluate.py": ""})))
    assert (settings["edit"], settings["run"], settings["protect"]) == (
        "solution.py",
        "python evaluate.py",
        "evaluate.py",
    )


@pytest.mark.parametrize("files", [{}, {"lib.py": ""}])
def test_nothing_is_guessed_where_nothing_is_evident(files: dict[str, str]) -> None:
    assert guess(Place(Path("program.md"), "", facts(files))) == {}

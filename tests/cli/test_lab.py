"""A lab becomes a folder of one's own: chosen, copied, prepared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from overnight.cli.lab import choose, copy, prepare
from overnight.errors import OvernightError, UsageError
from tests.cli.conftest import typed
from tests.nights import git

FRONT = """\
---
edit: train.py
prepare: {}
share: data
hidden: data/{{split}}.txt
---
"""
MAKES = """\
import os, sys
print("made by", sys.executable)
os.makedirs("data")
for split in ("visible", "hidden", "sealed"):
    open(f"data/{split}.txt", "w").close()
"""


def a_lab(folder: Path, command: str = "python prepare.py", script: str = MAKES) -> Path:
    folder.mkdir()
    (folder / "program.md").write_text(FRONT.format(command))
    (folder / "prepare.py").write_text(script)
    return folder


def test_the_best_lab_that_this_python_can_run_is_the_default() -> None:
    assert choose(None, lambda module: module == "torch") == ("gpt", "")
    name, about = choose(None, lambda module: None)
    assert name == "ngram"
    assert "'overnight[gpt]'" in about


def test_who_names_a_lab_gets_it_and_no_more_words() -> None:
    assert choose("ngram", lambda module: None) == ("ngram", "")
    assert choose("gpt", lambda module: module == "torch") == ("gpt", "")


def test_a_lab_that_cannot_run_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"needs torch: pip install torch, .*overnight demo ngram"):
        choose("gpt", lambda module: None)


def test_what_somebody_left_in_a_lab_is_not_copied(tmp_path: Path) -> None:
    lab = a_lab(tmp_path / "lab")
    (lab / ".gitignore").write_text("data/\n*.npz\n")
    (lab / "data").mkdir()
    (lab / "model.npz").write_text("")
    copy(lab, tmp_path / "demo", "mine")
    assert git(tmp_path / "demo", "ls-files").split() == [".gitignore", "prepare.py", "program.md"]
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [
        ".git",
        ".gitignore",
        "prepare.py",
        "program.md",
    ]


def test_the_data_is_made_with_our_python_and_its_lines_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = a_lab(tmp_path / "lab")
    prepare(lab)
    assert (lab / "data" / "sealed.txt").exists()
    assert capsys.readouterr().out == f"First the data, once: python prepare.py\n  made by {sys.executable}\n"


def test_the_data_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = a_lab(tmp_path / "lab")
    prepare(lab)
    capsys.readouterr()
    prepare(lab)
    assert capsys.readouterr().out == ""


def test_it_is_made_again_where_a_part_is_missing(tmp_path: Path) -> None:
    lab = a_lab(tmp_path / "lab", script=MAKES.replace('makedirs("data")', 'makedirs("data", exist_ok=True)'))
    prepare(lab)
    (lab / "data" / "hidden.txt").unlink()
    prepare(lab)
    assert (lab / "data" / "hidden.txt").exists()


def test_a_lab_that_needs_no_data_makes_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "program.md").write_text("---\nedit: train.py\n---\n")
    prepare(tmp_path)
    assert capsys.readouterr().out == ""


def test_what_fails_says_what_it_said_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = a_lab(tmp_path / "lab", "echo the disk is full >&2; exit 3")
    with pytest.raises(OvernightError, match=r"exit 3` in .* ended with exit code 3.*the same command goes on"):
        prepare(lab)
    assert "  the disk is full\n" in capsys.readouterr().out


def test_what_ends_well_and_makes_nothing_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(OvernightError, match=r"ended well, but did not make .*/data"):
        prepare(a_lab(tmp_path / "lab", "true"))


def test_nothing_of_it_is_left_after_ctrl_c(tmp_path: Path) -> None:
    lab = a_lab(tmp_path / "lab", "echo $$; exec sleep 100")
    ours = "import pathlib, signal, sys; from overnight.cli.lab import prepare\n"
    ours += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # it may have been ignored all the way down
    ours += "prepare(pathlib.Path(sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", ours, str(lab)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as us:
        assert us.stdout is not None
        _, number = us.stdout.readline(), int(us.stdout.readline())
        us.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in us.communicate(timeout=60)[1]
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_program_is_not_read_before_its_data_is_there(tmp_path: Path) -> None:
    lab = a_lab(tmp_path / "lab")
    scored = "run: python train.py\nmetric: loss\nscore: python score.py\nartefact: out.json\nhidden: "
    (lab / "program.md").write_text(FRONT.format("python prepare.py").replace("hidden: ", scored))
    for name in ("train.py", "score.py"):
        (lab / name).write_text("print('loss: 1')\n")
    copy(lab, tmp_path / "demo", "mine")
    before = typed(tmp_path / "demo", "check")
    assert before.exit_code == 2
    assert "`prepare:` makes it: python prepare.py" in before.output
    prepare(tmp_path / "demo")
    assert typed(tmp_path / "demo", "check").exit_code == 0

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import AGENT, typed
from tests.nights import PROGRAM, git, make_repo, toy_repo


@pytest.mark.slow
@pytest.mark.smoke
def test_run_prints_plain_progress_and_the_report_into_a_pipe(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    done = typed(root, "run", "--agent", AGENT, "--experiments", "2", "--tag", "mar5")
    assert done.exit_code == 0, done.output
    assert "\n   #1  keep " in done.output
    assert "\nNight mar5  finished: 2 of 2 experiments" in done.output
    assert "\x1b" not in done.output


def test_a_night_ends_with_where_everything_is(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    done = typed(root, "run", "--agent", AGENT, "--experiments", "1", "--tag", "mar5")
    files = root / ".git" / "overnight" / "mar5" / "report"
    assert f"\nBranch    autoresearch/mar5 in {root}\nReport    {files}/report.html\n" in done.output
    assert f"\nPicture   {files}/progress.png\n\nTry next\n  " in done.output
    assert (files / "report.html").is_file()
    assert (files / "progress.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_report_that_cannot_be_written_does_not_fail_the_night(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    typed(root, "run", "--agent", AGENT, "--experiments", "1", "--tag", "mar5")
    files = root / ".git" / "overnight" / "mar5" / "report"
    shutil.rmtree(files)
    files.write_text("in the way")
    done = typed(root, "run", "--agent", AGENT, "--experiments", "2", "--tag", "mar5")
    assert done.exit_code == 0
    assert "the report's files could not be written: " in done.stderr
    assert "\nPicture " not in done.stdout


@pytest.mark.slow
def test_a_finished_night_is_followed_by_another(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    first = typed(root, "run", "--agent", AGENT, "--experiments", "1", "--json")
    again = typed(root, "run", "--agent", AGENT, "--experiments", "1", "--json")
    tags = [json.loads(done.stdout)["night"] for done in (first, again)]
    assert tags[1] != tags[0]
    head = git(root, "rev-parse", "HEAD")[:7]
    assert first.stderr.startswith("night ")
    assert again.stderr.startswith(
        f"{tags[0]} is finished (1 of 1 experiments). This is a new night, {tags[1]}, from HEAD {head}; "
        f"to build on {tags[0]}, merge it first: git merge autoresearch/{tags[0]}. "
        f"To lengthen {tags[0]}: overnight run --tag {tags[0]} --experiments N\n"
    )


@pytest.mark.slow
def test_a_baseline_without_a_score_is_a_failure_that_says_where_to_look(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", train="raise SystemExit(3)\n")
    done = typed(root, "run", "--agent", AGENT)
    assert done.exit_code == 1
    assert "overnight show 0" in done.output


def test_a_flag_that_cannot_be_meant_creates_nothing(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    done = typed(root, "run", "--experiments", "many")
    assert done.exit_code == 2
    assert "--experiments" in done.output
    assert not (root / ".git" / "overnight").exists()


def test_a_level_of_isolation_can_be_forced_and_is_in_the_report(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    done = typed(root, "run", "--agent", AGENT, "--experiments", "1", "--sandbox", "1", "--json")
    assert json.loads(done.stdout)["level"] == "1"
    refused = typed(root, "run", "--sandbox", "7")
    assert refused.exit_code == 2
    assert "no level of isolation" in refused.output


def test_a_forced_level_that_does_not_hold_creates_nothing(tmp_path: Path) -> None:
    root, programs = toy_repo(tmp_path / "toy"), tmp_path / "bin"
    programs.mkdir()
    (programs / "git").symlink_to(shutil.which("git") or "git")
    words = [sys.executable, "-m", "overnight", "-C", str(root), "run", "--sandbox", "3"]
    done = subprocess.run(words, env={"PATH": str(programs), "HOME": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "level 3 does not hold here" in done.stderr
    assert not (root / ".git" / "overnight").exists()


def test_hardware_that_is_not_there_creates_nothing(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", PROGRAM.replace("policy:", "confirm_on: H9000\npolicy:"))
    done = typed(root, "run", "--agent", AGENT)
    assert (done.exit_code, "no slot here is one" in done.output) == (2, True)
    assert not (root / ".git" / "overnight").exists()


def test_check_reads_back_and_writes_nothing(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    done = typed(root, "check")
    assert done.exit_code == 0
    assert re.search(r"stop.experiments +5 +program.md:11", done.output)
    assert re.search(r"WIDTH +4 +1 .. 64", done.output)
    assert not (root / ".git" / "overnight").exists()


def test_checks_json_has_every_rule(tmp_path: Path) -> None:
    found = json.loads(typed(toy_repo(tmp_path / "toy"), "check", "--json").output)
    assert {"key": "metric", "value": "loss", "origin": "front matter", "line": 4, "why": ""} in found["enforced"]


def test_check_names_uncommitted_edits(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    (root / "train.py").write_text("edited = 1\n")
    assert "Uncommitted edits" in typed(root, "check").output


def test_check_ends_with_2_on_an_error(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", PROGRAM.replace("metric: loss", "metrik: loss"))
    done = typed(root, "check")
    assert done.exit_code == 2
    assert "program.md:4" in done.output


@pytest.mark.slow
@pytest.mark.timeout(600)  # a dozen runs of three CPU seconds, beside other tests
def test_a_demo_works_inside_another_repository_and_without_an_identity(tmp_path: Path) -> None:
    around = make_repo(tmp_path / "around", {"a.txt": "a"})
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_DIR": str(around / ".git")}
    command = [sys.executable, "-m", "overnight", "demo", "ngram", "--experiments", "1"]
    done = subprocess.run(command, cwd=around, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    demo = around / "overnight-demo-ngram"
    assert f"\n  cd {demo}\n" in done.stdout
    assert git(demo, "log", "--format=%an", "HEAD").splitlines() == ["Overnight"]
    assert git(around, "branch", "--list", "autoresearch/*") == ""


def test_a_demo_leaves_other_peoples_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    done = typed(tmp_path, "demo", "--into", "mine")
    assert done.exit_code == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_demo_is_copied_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = typed(tmp_path, "demo", "--into", "file/demo")
    assert done.exit_code == 2
    assert "cannot be written" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_unknown_lab_is_answered_with_those_there_are(tmp_path: Path) -> None:
    done = typed(tmp_path, "demo", "ngrams")
    assert done.exit_code == 2
    assert "ngram" in done.output
    assert list(tmp_path.iterdir()) == []

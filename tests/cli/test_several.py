"""Several objectives at once: a ledger and a report each, one that fails ends alone, and kills are resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from overnight.errors import UsageError
from overnight.ledger.ledger import Reader
from overnight.ledger.views import summary
from overnight.model import Proposal, Wait
from overnight.propose.agents import AgentLine, Workplace
from overnight.propose.proposer import View
from overnight.testing import Scripted
from tests.cli.conftest import AGENT, typed
from tests.night.test_kill import HERE, environment, needs_namespaces, private
from tests.nights import PROGRAM, TRAIN, git, toy_repo

LABS = ("one", "two", "three")


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    for name in LABS:
        toy_repo(tmp_path / name)
    return tmp_path


def tags(lab: Path) -> list[str]:
    return sorted(path.name for path in (lab / ".git" / "overnight").iterdir() if path.is_dir())


def done(lab: Path) -> list[tuple[str, int]]:
    """Of each night its state, and experiments."""
    found = []
    for tag in tags(lab):
        with Reader.open(lab / ".git" / "overnight" / tag) as reader:
            seen = summary(reader, held=False)
        found.append((str(seen.state), seen.experiments))
    return found


def test_each_has_a_night_and_a_row_and_one_that_fails_ends_alone(tmp_path: Path) -> None:
    for name in LABS[:2]:
        toy_repo(tmp_path / name)
    git(tmp_path / "two", "branch", "autoresearch")  # in the way of its night's branch
    run = typed(tmp_path, "run", "one", "two", "--slots", "2", "--agent", AGENT, "--experiments", "2")
    assert run.exit_code == 2
    assert "overnight: two: a branch called autoresearch is in the way" in run.stderr
    assert done(tmp_path / "one") == [("finished", 2)]
    assert "\none  " in run.stdout
    assert "2 of 2" in run.stdout
    assert (tmp_path / "one/.git/overnight" / tags(tmp_path / "one")[0] / "report/report.html").is_file()
    table = typed(tmp_path, "status", "one", "two")
    assert "finished: 2 of 2 experiments" in table.stdout
    assert "no night yet" in table.stdout


def test_what_is_said_of_one_alone_is_refused_for_several(labs: Path) -> None:
    assert "--tag names one night" in typed(labs, "run", "one", "two", "--tag", "mar5").stderr
    assert "named twice" in typed(labs, "run", "one", "one/program.md").stderr
    assert "write one of one=2, two=2" in typed(labs, "run", "one", "two", "--priority", "three=2").stderr
    assert "slots: 'many' is no count" in typed(labs, "run", "one", "two", "--slots", "many").stderr
    assert not (labs / "one/.git/overnight").exists()


@pytest.mark.slow
def test_two_programs_of_one_repository_have_nights_of_different_names(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")
    for name in ("a", "b"):
        (root / name).mkdir()
        (root / name / "program.md").write_text(PROGRAM)
        (root / name / "train.py").write_text(TRAIN)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "two labs")
    run = typed(root, "run", "a", "b", "--slots", "2", "--experiments", "1", "--json")
    assert run.exit_code == 0, run.stderr
    reports = json.loads(run.stdout)
    assert [report["objective"] for report in reports] == ["a", "b"]
    assert len({report["night"] for report in reports}) == 2


class Absent(Scripted):
    """Cannot be had."""

    @classmethod
    def at(cls, line: AgentLine, place: Workplace) -> Self:
        raise UsageError(f"{line.name} is not here today")


def test_what_fails_before_its_first_entry_is_told_as_what_it_is(tmp_path: Path) -> None:
    toy_repo(tmp_path / "one", PROGRAM.replace("policy: greedy", "agent: tests.cli.test_several:Absent"))
    toy_repo(tmp_path / "two", PROGRAM)
    run = typed(tmp_path, "run", "one", "two", "--experiments", "1")
    assert run.exit_code == 2
    assert "overnight: one: tests.cli.test_several:Absent is not here today" in run.stderr
    assert done(tmp_path / "two") == [("finished", 1)]
    assert "two: " in run.stdout[run.stdout.index("Reports") :]


class Breaks(Scripted):
    """Fails when it is asked."""

    def __init__(self) -> None:
        super().__init__([])

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        raise OSError("no more paper")


@pytest.mark.slow
def test_one_that_had_finished_is_not_begun_anew_while_its_group_goes_on(tmp_path: Path) -> None:
    toy_repo(tmp_path / "one", PROGRAM.replace("policy: greedy", "agent: tests.cli.test_several:Breaks"))
    toy_repo(tmp_path / "two", PROGRAM.replace("experiments: 5", "experiments: 1"))
    first = typed(tmp_path, "run", "one", "two")
    assert first.exit_code == 1
    assert "overnight: one: the proposer" in first.stderr
    assert "OSError: no more paper" in first.stderr
    assert done(tmp_path / "two") == [("finished", 1)]
    again = typed(tmp_path, "run", "one", "two", "--agent", AGENT, "--experiments", "2")
    assert again.exit_code == 0, again.stderr
    assert f"two: night {tags(tmp_path / 'two')[0]}, which is finished" in again.stdout
    assert (done(tmp_path / "one"), done(tmp_path / "two")) == ([("finished", 2)], [("finished", 1)])
    typed(tmp_path, "run", "one", "two", "--agent", AGENT, "--experiments", "2")
    assert len(tags(tmp_path / "one")) == len(tags(tmp_path / "two")) == 2


KILLED = """
import os, signal, subprocess, sys, time
from tests.night.kill_one import survivors
command = [sys.executable, "-m", "overnight", "run", "one", "two", "three", "--slots", "4", "--experiments", "12"]
victim = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
heard = []
while sum(" keep " in line for line in heard) < 5:  # all three have a baseline, and something beside
    heard.append(victim.stdout.readline())
victim.kill()
victim.wait()
left = survivors()
again = subprocess.run(command, capture_output=True, text=True, check=False)
assert left == survivors() == [], left
print(again.stdout)
sys.exit(again.returncode)
"""


@pytest.mark.kill
@needs_namespaces
@pytest.mark.timeout(300)
def test_all_go_on_after_a_kill_by_the_same_command(labs: Path) -> None:
    ran = subprocess.run(
        private(sys.executable, "-c", KILLED),
        cwd=labs,
        env={**environment(labs), "PYTHONPATH": os.pathsep.join([str(HERE / "src"), str(HERE)])},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for name in LABS:
        assert done(labs / name) == [("finished", 12)]
        assert typed(labs / name, "verify").exit_code == 0
